"""Labels carried along the flow, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rewis3d.carry import Carried
from rewis3d.flow.carry import LEAST, carry_along
from rewis3d.flow.motion import Flow, Motion
from rewis3d.types import IGNORED, UNLABELLED

SIZE = (4, 8)


def moving(columns: float, trust: float = 1.0) -> Motion:
    """All goes to the right from one frame to the next."""
    xy = np.zeros((*SIZE, 2), np.float32)
    xy[:, :, 0] = columns
    full = np.full(SIZE, trust, np.float32)
    return Motion(Flow(xy, full), Flow(-xy, full))


def strokes(**at: int) -> np.ndarray:
    """Return a label map with labels in row 1: c3=2 is label 2 in column 3."""
    labels = np.full(SIZE, UNLABELLED, np.uint8)
    for column, label in at.items():
        labels[1, int(column[1:])] = label
    return labels


def found(motions: list[Motion | None], labels: dict[int, np.ndarray], reach: int = 15):
    """Return (frame, source) -> the labels that are carried, in their places, and all of it."""
    frames = [10 + index for index in range(len(motions))]
    maps: dict[tuple[int, int], np.ndarray] = {}
    carried: dict[tuple[int, int], Carried] = {}
    told = {10 + index: drawn for index, drawn in labels.items()}
    for frame_id, one in carry_along(frames, told, motions.__getitem__, reach=reach):
        place = frame_id - 10, one.frame_id - 10
        maps[place] = np.full(SIZE, UNLABELLED, np.uint8)
        maps[place].reshape(-1)[one.cells] = one.labels
        carried[place] = one
    return maps, carried


def test_strokes_go_where_their_places_went_on_both_sides() -> None:
    maps, carried = found([None, moving(1), moving(2)], {1: strokes(c3=2, c4=0)})
    assert np.array_equal(maps[0, 1], strokes(c2=2, c3=0))
    assert np.array_equal(maps[2, 1], strokes(c5=2, c6=0))
    assert sorted(carried) == [(0, 1), (2, 1)]
    assert carried[2, 1].source_cells.tolist() == [8 + 3, 8 + 4]


def test_a_way_is_as_sure_as_all_its_steps() -> None:
    motions = [None, moving(1, 0.8), moving(1, 0.5), moving(1, 0.5)]
    maps, carried = found(motions, {0: strokes(c1=1)})
    assert carried[1, 0].confidence == pytest.approx([0.8])
    assert carried[2, 0].confidence == pytest.approx([0.4])
    assert LEAST > 0.8 * 0.5 * 0.5
    assert (maps[3, 0] == UNLABELLED).all()


def test_half_steps_add_up() -> None:
    maps, _ = found([None, moving(0.5), moving(0.5)], {0: strokes(c1=1)})
    assert np.array_equal(maps[2, 0], strokes(c2=1))


def test_the_nearest_drawn_frame_is_heard_on_either_side_and_no_further_than_the_reach() -> None:
    motions = [None, *[moving(0)] * 5]
    _, carried = found(motions, {0: strokes(c1=1), 3: strokes(c1=2)}, reach=2)
    # frame 3 is drawn, and yet told what others say of it
    assert sorted(carried) == [(1, 0), (1, 3), (2, 0), (2, 3), (4, 3), (5, 3)]


def test_nothing_crosses_a_cut_and_ignored_pixels_stay() -> None:
    motions = [None, moving(0), None, moving(0)]
    maps, _ = found(motions, {0: strokes(c1=1, c2=IGNORED)})
    assert sorted(maps) == [(1, 0)]
    assert np.array_equal(maps[1, 0], strokes(c1=1))


def test_what_left_the_frame_is_not_carried() -> None:
    out = moving(3)
    out.there.trust[:, 5:] = 0  # as the flow there and back has it
    out.back.trust[:, :3] = 0
    maps, _ = found([None, out], {0: strokes(c1=1, c6=2), 1: strokes()})
    assert np.array_equal(maps[1, 0], strokes(c4=1))
