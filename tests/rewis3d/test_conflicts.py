"""Places with two classes: found, told as few, and not made of two borders that touch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewis3d.carry import LiftedFrame, carry, lift_frame
from rewis3d.conflicts import Clashes, Conflict, best_two, clashes, conflicts, steady
from rewis3d.scene import SceneView
from rewis3d.types import IGNORED, UNLABELLED
from tests.references import best_of_cell
from tests.rewis3d.stage import pose, view_of, wall
from tests.rewis3d.test_propagate import carried_by, sayings

Stroke = tuple[int, slice, slice]


def views(*steps: float, image: int = 2) -> list[SceneView]:
    """Views of a wall at 20, each `step` cells to the right of the first; frames 1, 2, ..."""
    return [
        view_of([wall(20.0)], pose(step / 3), frame_id=frame, image=image)
        for frame, step in enumerate(steps, start=1)
    ]


def lifted(view: SceneView, *strokes: Stroke) -> LiftedFrame:
    """Lift strokes given by their cells."""
    cells = np.full(view.depth.shape, UNLABELLED, np.uint8)
    for label, rows, columns in strokes:
        cells[rows, columns] = label
    factor = view.geometry.image_width // view.geometry.camera.width
    return lift_frame(np.kron(cells, np.ones((factor, factor), np.uint8)), 0, view)


def found_in(frames: Sequence[LiftedFrame], everywhere: Sequence[SceneView]) -> list[Conflict]:
    """Return the conflicts that all views together show."""
    own = {one.frame_id: one.grid for one in frames}
    found: list[Clashes] = []
    for view in everywhere:
        others = [carry(one, view) for one in frames if one.frame_id != view.frame_id]
        empty = np.full(view.depth.shape, UNLABELLED, np.uint8)
        found.append(clashes(others, view.frame_id, own.get(view.frame_id, empty)))
    known = [*everywhere, *(one.view for one in frames)]
    return conflicts(found, {view.frame_id: view.geometry for view in known})


def test_a_place_with_two_classes_is_told_once_with_its_pixel_in_both_frames() -> None:
    here, there, third = views(0, 4, 9)
    frames = [
        lifted(here, (3, slice(10, 14), slice(20, 50))),
        lifted(there, (5, slice(5, 30), slice(30, 34))),
    ]
    (conflict,) = found_in(frames, [here, there, third])
    assert (conflict.labels, conflict.frames) == ((3, 5), (1, 2))
    assert conflict.cells == 4 * 4
    # the cross lies at columns 34..37, rows 10..13 of frame 1; an image is twice its grid
    (x, y), (other_x, other_y) = conflict.xy
    assert 2 * 34 < x < 2 * 38
    assert 2 * 10 < y < 2 * 14
    assert (other_x, other_y) == (x - 2 * 4, y)


def test_two_strokes_of_others_clash_in_a_third_view() -> None:
    here, there, third = views(0, 4, 9)
    frames = [
        lifted(here, (3, slice(10, 14), slice(20, 50))),
        lifted(there, (5, slice(5, 30), slice(30, 34))),
    ]
    (conflict,) = found_in(frames, [third])
    assert (conflict.labels, conflict.frames, conflict.cells) == ((3, 5), (1, 2), 16)
    (x, y), (other_x, other_y) = conflict.xy
    assert 2 * 34 < x < 2 * 38
    assert (other_x, other_y) == (x - 2 * 4, y)


def test_the_same_class_and_the_ignored_are_no_conflict() -> None:
    here, there = views(0, 4)
    place = (slice(10, 20), slice(20, 50))
    for label in (3, IGNORED):
        frames = [lifted(here, (3, *place)), lifted(there, (label, *place))]
        assert found_in(frames, [here, there]) == []


def test_strokes_that_touch_along_their_borders_are_no_conflict() -> None:
    here, there = views(0, 4)
    frames = [
        lifted(here, (3, slice(10, 20), slice(10, 60))),
        lifted(there, (5, slice(19, 30), slice(10, 60))),  # a row in common, forty cells long
    ]
    assert found_in(frames, [here, there]) == []
    frames[1] = lifted(there, (5, slice(17, 30), slice(10, 60)))  # three rows
    (conflict,) = found_in(frames, [here, there])
    assert conflict.cells == 3 * 46


def test_a_point_inside_another_stroke_is_a_conflict() -> None:
    here, there = views(0, 4)
    frames = [
        lifted(here, (3, slice(10, 20), slice(10, 60))),
        lifted(there, (5, slice(15, 16), slice(30, 31))),
    ]
    (conflict,) = found_in(frames, [here, there])
    assert conflict.cells == 1
    assert conflict.xy == ((69.0, 31.0), (61.0, 31.0))


def test_separate_places_and_pairs_of_classes_are_told_apart_the_largest_first() -> None:
    here, there = views(0, 0)
    frames = [
        lifted(here, (3, slice(10, 14), slice(5, 60)), (4, slice(30, 34), slice(5, 60))),
        lifted(there, (5, slice(5, 40), slice(10, 14)), (5, slice(5, 20), slice(40, 46))),
    ]
    told = [(one.labels, one.cells) for one in found_in(frames, [here, there])]
    assert told == [((3, 5), 24), ((3, 5), 16), ((4, 5), 16)]


def test_a_place_drawn_in_many_frames_is_one_conflict() -> None:
    everywhere = views(0, 2, 4, 6, 8)
    strokes = [(3 if frame < 3 else 5, slice(10, 18), slice(20, 40)) for frame in range(5)]
    frames = [lifted(view, stroke) for view, stroke in zip(everywhere, strokes, strict=True)]
    (conflict,) = found_in(frames, everywhere)
    assert conflict.labels == (3, 5)
    assert conflict.frames[0] in {1, 2, 3}
    assert conflict.frames[1] in {4, 5}


def test_nothing_clashes_where_nothing_is_drawn() -> None:
    assert found_in([], views(0, 4)) == []
    assert conflicts([], {}) == []


@given(sayings())
def test_best_two_are_the_best_labels_of_each_cell(
    said: list[list[tuple[int, int, float]]],
) -> None:
    first, second = best_two([carried_by(i, each) for i, each in enumerate(said)], 6)
    for cell in range(6):
        here = [(label, conf) for frame in said for at, label, conf in frame if at == cell]
        best = {label: max(c for lab, c in here if lab == label) for label, _ in here}
        ranked = sorted((np.float32(conf) for conf in best.values()), reverse=True)[:2]
        got = [each.confidence[cell] for each in (first, second)][: len(ranked)]
        assert got == ranked
        if len(ranked) > 1:
            assert first.labels[cell] != second.labels[cell]
            assert best_of_cell(here, 0.0)[1] is not None
        for each in (first, second):
            if each.labels[cell] != UNLABELLED:
                said_there = said[each.places[cell]]
                assert (cell, each.labels[cell]) in {(at, label) for at, label, _ in said_there}


@given(st.integers(0, 999), st.floats(0.05, 0.7))
def test_only_what_no_shift_parts_is_steady(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    one, other = (rng.random((9, 11)) < share for _ in range(2))
    found = steady(one, other)
    assert not (found & ~(one & other)).any()
    for y in (-1, 0, 1):
        for x in (-1, 0, 1):
            moved = np.zeros_like(other)
            moved[max(y, 0) : 9 + min(y, 0), max(x, 0) : 11 + min(x, 0)] = other[
                max(-y, 0) : 9 + min(-y, 0), max(-x, 0) : 11 + min(-x, 0)
            ]
            assert not found.any() or (one & moved).any()


@pytest.mark.parametrize("size", [(1, 1), (3, 4)])
def test_whole_masks_that_overlap_are_steady_up_to_the_border(size: tuple[int, int]) -> None:
    full = np.ones((20, 20), bool)
    spot = np.zeros((20, 20), bool)
    spot[: size[0], : size[1]] = True
    # at the image's corner a shift may leave the image: that parts a spot of one cell
    assert np.array_equal(steady(full, spot), spot if size != (1, 1) else np.zeros_like(spot))
    assert np.array_equal(steady(full, np.roll(spot, (5, 5), (0, 1))).sum(), np.prod(size))
