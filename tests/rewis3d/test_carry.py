"""Labels carried from one view to another keep their place and their shape."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewis3d.carry import Carried, carry, lift_frame, may_change
from rewis3d.scene import STRICT, SceneView
from rewis3d.types import IGNORED, UNLABELLED
from tests.rewis3d.stage import Quad, ground, pose, truth_of, view_of, wall

SIZE = (96, 128)


def drawn(view: SceneView, rows: slice, columns: slice, label: int = 3) -> np.ndarray:
    mask = np.full(view.depth.shape, UNLABELLED, np.uint8)
    mask[rows, columns] = label
    return mask


def as_map(carried: Carried, view: SceneView) -> np.ndarray:
    labels = np.full(view.depth.shape, UNLABELLED, np.uint8)
    labels.reshape(-1)[carried.cells] = carried.labels
    return labels


@given(
    x=st.floats(-3, 3), z=st.floats(-3, 6), yaw=st.floats(-12, 12), lens=st.sampled_from([-0.2, 0])
)
@settings(max_examples=20)
def test_dense_labels_land_on_what_they_name(x: float, z: float, yaw: float, lens: float) -> None:
    boxes = [wall(10.0, 2, x=-4.0, width=2.0), wall(12.0, 4, x=2.0, width=3.0)]
    quads = [wall(40.0, 1), ground(0), *boxes]
    lenses = (lens, 0.0, 0.0, 0.0) if lens else ()
    source = view_of(quads, pose(), size=SIZE, focal=110.0, lens=lenses)
    target = view_of(quads, pose(x, z=z, yaw=yaw), size=SIZE, focal=110.0, frame_id=2)
    labels = as_map(carry(lift_frame(truth_of(quads, source), 0, source), target), target)
    there = labels != UNLABELLED
    right = labels[there] == truth_of(quads, target)[there]
    assert right.mean() > 0.98
    # what the source sees of a surface is carried: most of the wall that is in both views
    assert there.mean() > 0.3


@pytest.mark.parametrize("z", [-60.0, -20.0, 0.0, 5.0, 15.0, 18.0])
def test_a_stroke_is_neither_dotted_nor_swollen(z: float) -> None:
    quads = [wall(20.0)]
    source = view_of(quads, pose(), size=SIZE, focal=100.0)
    target = view_of(quads, pose(0.3, 0.2, z), size=SIZE, focal=100.0, frame_id=2)
    mask = drawn(source, slice(30, 90), slice(62, 65))  # three cells wide
    labels = as_map(carry(lift_frame(mask, 0, source), target), target)
    grown = 20 / (20 - z)
    rows = np.flatnonzero((labels == 3).any(axis=1))
    assert (np.diff(rows) == 1).all()
    assert len(rows) == pytest.approx(min(60 * grown, 96 - rows[0]), abs=2)
    widths = (labels[rows] == 3).sum(axis=1)
    assert widths.min() >= max(1, np.floor(3 * grown - 1))
    assert widths.max() <= np.ceil(3 * grown + 1)
    assert widths.mean() <= max(3 * grown, 1) + 0.8


def test_a_line_of_one_cell_stays_a_line_from_further_away() -> None:
    quads = [wall(20.0)]
    source = view_of(quads, pose(), size=SIZE, focal=100.0)
    mask = np.full(SIZE, UNLABELLED, np.uint8)
    mask[np.arange(20, 80), np.arange(20, 80)] = 3
    target = view_of(quads, pose(z=-30.0), size=SIZE, focal=100.0, frame_id=2)
    labels = as_map(carry(lift_frame(mask, 0, source), target), target)
    rows, columns = np.nonzero(labels == 3)
    assert set(np.diff(np.unique(rows))) == {1}
    assert np.abs(rows - columns - (48 - 64) * (1 - 0.4)).max() <= 1


def test_steep_ground_seen_from_above_is_covered_without_gaps() -> None:
    quads = [ground(0)]
    source = view_of(quads, pose(), size=SIZE, focal=100.0)
    mask = drawn(source, slice(60, 90), slice(40, 90))  # depths 3.5 to 12.5
    above = pose(y=-9.0, z=6.0)
    above[:3, :3] = [[1, 0, 0], [0, 0, 1], [0, -1, 0]]  # looks straight down
    target = view_of(quads, above, size=SIZE, focal=100.0, frame_id=2)
    labels = as_map(carry(lift_frame(mask, 0, source), target), target)
    # a row of the source is a metre deep at 12: ten cells of the target
    column = labels[:, 64] == 3
    assert column.sum() > 60
    assert (np.diff(np.flatnonzero(column)) == 1).all()


def test_nothing_lands_across_a_depth_edge_or_on_what_hides_it() -> None:
    front = wall(5.0, 7, x=-0.5, width=1.0)
    quads = [wall(20.0, 1), front]
    source = view_of(quads, pose(), size=SIZE, focal=100.0)
    target = view_of(quads, pose(1.0), size=SIZE, focal=100.0, frame_id=2)
    truth = truth_of(quads, source)
    for label in (1, 7):
        mask = np.where(truth == label, np.uint8(label), UNLABELLED).astype(np.uint8)
        labels = as_map(carry(lift_frame(mask, 0, source), target), target)
        assert (labels == label).sum() > 500
        assert (truth_of(quads, target)[labels == label] == label).all()


def test_only_trusted_cells_with_geometry_carry() -> None:
    quads = [wall(20.0)]
    source, target = (
        view_of(quads, pose(x), size=SIZE, focal=100.0, frame_id=f) for f, x in ((1, 0.0), (2, 0.0))
    )
    mask = drawn(source, slice(10, 20), slice(10, 110), 3)
    mask[30:40, 10:110] = 4
    mask[50:60, 10:110] = IGNORED
    doubtful = source.confidence.copy()
    doubtful[:, :60] = STRICT
    lifted = lift_frame(mask, 5, replace(source, confidence=doubtful), without=[4])
    assert set(lifted.labels.tolist()) == {3, IGNORED}
    assert lifted.scene == 5
    labels = as_map(carry(lifted, target), target)
    assert np.unique(labels).tolist() == [3, UNLABELLED]
    assert np.array_equal(np.unique(np.nonzero(labels == 3)[1]), np.arange(60, 110))
    blind = replace(target, confidence=np.full(SIZE, STRICT, np.float16))
    assert len(carry(lifted, blind).cells) == 0


def test_confidence_is_of_both_views_and_of_their_agreement() -> None:
    quads = [wall(20.0)]
    source = view_of(quads, pose(), confidence=0.8)
    target = view_of(quads, pose(), confidence=0.5, frame_id=2)
    lifted = lift_frame(drawn(source, slice(10, 20), slice(10, 20)), 0, source)
    assert carry(lifted, target).confidence == pytest.approx(0.4, abs=1e-3)
    off = replace(target, depth=(target.depth * np.float16(1.015)))  # half of the tolerance
    assert carry(lifted, off).confidence.mean() == pytest.approx(0.2, abs=0.02)


def test_each_cell_knows_the_stroke_cell_that_it_comes_from() -> None:
    quads = [wall(20.0), Quad((-3, -3, 12), (2, 0, 0), (0, 2, 0))]
    source = view_of(quads, pose(), size=SIZE, focal=100.0)
    for z in (-8.0, 0.0, 8.0):
        target = view_of(quads, pose(0.5, z=z), size=SIZE, focal=100.0, frame_id=2)
        mask = drawn(source, slice(20, 70, 2), slice(10, 110))
        carried = carry(lift_frame(mask, 0, source), target)
        assert len(np.unique(carried.cells)) == len(carried.cells)
        assert np.array_equal(carried.labels, mask.reshape(-1)[carried.source_cells])
        apart = source.points(carried.source_cells) - target.points(carried.cells)
        assert np.linalg.norm(apart, axis=1).max() < 1.5 * 20 / 100 * max(1, (20 - z) / 20)


@given(x=st.floats(-8, 8), z=st.floats(-6, 14), yaw=st.floats(-60, 60), seed=st.integers(0, 999))
@settings(max_examples=30)
def test_what_a_view_is_carried_changes_only_where_it_may(
    x: float, z: float, yaw: float, seed: int
) -> None:
    quads = [wall(18.0, 1), ground(0), wall(9.0, 2, x=-2.0, width=2.0)]
    source = view_of(quads, pose())
    view = view_of(quads, pose(x, z=z, yaw=yaw), frame_id=2)
    rng = np.random.default_rng(seed)
    row, column = rng.integers(0, 42), rng.integers(0, 58)
    mask = drawn(source, slice(10, 40, 3), slice(5, 60))
    before = lift_frame(mask, 0, source)
    mask[row : row + 6, column : column + 6] = rng.choice([4, UNLABELLED])
    after = lift_frame(mask, 0, source)
    if not may_change(before, after, view.geometry):
        assert carry(after, view).equals(carry(before, view))


def test_a_stroke_out_of_sight_changes_nothing_and_one_in_sight_may() -> None:
    quads = [wall(20.0)]
    source = view_of(quads, pose())
    empty = lift_frame(np.full(source.depth.shape, UNLABELLED, np.uint8), 0, source)
    left = lift_frame(drawn(source, slice(10, 20), slice(2, 6)), 0, source)
    aside = view_of(quads, pose(9.0), frame_id=2)  # by less than half of what it sees
    assert not may_change(empty, left, aside.geometry)
    assert not may_change(left, empty, aside.geometry)
    assert may_change(empty, left, view_of(quads, pose(-1.0), frame_id=2).geometry)
    assert not carry(left, source).equals(carry(empty, source))


def test_what_is_not_in_the_view_carries_nothing() -> None:
    quads = [wall(20.0)]
    source = view_of(quads, pose())
    lifted = lift_frame(drawn(source, slice(10, 20), slice(10, 20)), 0, source)
    assert len(carry(lifted, view_of(quads, pose(z=40.0), frame_id=2)).cells) == 0
    empty = lift_frame(np.full_like(lifted.grid, UNLABELLED), 0, source)
    assert len(carry(empty, view_of(quads, pose(), frame_id=2)).cells) == 0
