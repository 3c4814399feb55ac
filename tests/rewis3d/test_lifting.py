"""Strokes to cells and back, and which cell sees a point."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import UInt8

from rewis3d.geometry import pinhole
from rewis3d.lifting import (
    carrying,
    fall,
    fall_across,
    lift,
    lower,
    may_see,
    see,
    sights_of,
    surface_of,
)
from rewis3d.scene import GridMap, SceneView, ViewGeometry
from rewis3d.types import IGNORED, UNLABELLED, Rewis3dError
from tests.references import lifted_cell
from tests.rewis3d.stage import Quad, ground, pose, view_of, wall

LENSES = [(), (-0.2, 0.05, 1e-3, -1e-3), (-0.28, 0.07, 2e-4, 1e-4, 0.0)]


def grid_of(
    image: tuple[int, int],
    cells: tuple[int, int],
    scale: tuple[float, float],
    offset: tuple[float, float] = (0.0, 0.0),
) -> ViewGeometry:
    camera = pinhole(20.0, cells[1], cells[0])
    return ViewGeometry(1, *image, camera, np.eye(4), GridMap(scale, offset), "given")


def scribbled(seed: int, size: tuple[int, int], share: float) -> UInt8[np.ndarray, "h w"]:
    rng = np.random.default_rng(seed)
    mask = rng.choice(np.array([0, 1, 7, IGNORED], np.uint8), size)
    return np.where(rng.random(size) < share, mask, UNLABELLED)


@given(st.integers(0, 999), st.floats(0, 1), st.sampled_from(LENSES), st.floats(-40, 40))
@settings(max_examples=25)
def test_lifted_and_projected_a_mask_comes_back(
    seed: int, share: float, lens: tuple[float, ...], yaw: float
) -> None:
    quads = [wall(30.0), ground(), wall(6.0, x=0.5, width=1.0)]
    view = view_of(quads, pose(1.0, yaw=yaw), size=(24, 32), focal=24.0, lens=lens)
    there = view.depth > 0
    mask = np.where(there, scribbled(seed, (24, 32), share), UNLABELLED)
    cells = np.flatnonzero(lift(mask, view.geometry) != UNLABELLED)
    seen = see(view.points(cells), view)
    assert np.array_equal(seen.cells, cells)
    projected = np.full(mask.size, UNLABELLED, np.uint8)
    projected[seen.cells] = lift(mask, view.geometry).reshape(-1)[cells]
    assert np.array_equal(lower(projected.reshape(24, 32), view.geometry), mask)


@given(
    seed=st.integers(0, 999),
    share=st.floats(0.05, 1),
    scale=st.tuples(st.floats(0.2, 2.7), st.floats(0.2, 2.7)),
    offset=st.tuples(st.floats(-2, 2), st.floats(-2, 2)),
)
@settings(max_examples=25)
def test_cells_take_the_majority(
    seed: int, share: float, scale: tuple[float, float], offset: tuple[float, float]
) -> None:
    mask = scribbled(seed, (7, 9), share)
    view = grid_of((7, 9), (6, 8), scale, offset)
    lifted = lift(mask, view)
    wanted = [
        [lifted_cell(mask.tolist(), (row, column), scale, offset) for column in range(8)]
        for row in range(6)
    ]
    assert lifted.tolist() == wanted


@given(st.integers(0, 999), st.integers(1, 5), st.floats(0, 1))
def test_masks_of_whole_cells_come_back(seed: int, factor: int, share: float) -> None:
    cells = scribbled(seed, (6, 8), share)
    mask = np.kron(cells, np.ones((factor, factor), np.uint8))
    view = grid_of(mask.shape, cells.shape, (1 / factor, 1 / factor))
    assert np.array_equal(lift(mask, view), cells)
    assert np.array_equal(lower(cells, view), mask)


def test_a_mask_comes_back_from_a_finer_grid() -> None:
    mask = scribbled(3, (6, 8), 0.5)
    view = grid_of((6, 8), (15, 20), (2.5, 2.5))
    assert np.array_equal(lower(lift(mask, view), view), mask)


def test_unlabelled_pixels_have_no_vote_and_a_tie_is_unlabelled() -> None:
    mask = np.full((2, 6), UNLABELLED, np.uint8)
    mask[0, 0] = 3  # one of four
    mask[0, 2:4] = 3, 4  # one each
    mask[:, 4:] = [[4, 4], [IGNORED, 3]]
    assert lift(mask, grid_of((2, 6), (1, 3), (0.5, 0.5))).tolist() == [[3, UNLABELLED, 4]]


def test_what_lies_beside_the_grid_is_left_out() -> None:
    view = grid_of((4, 6), (4, 4), (1.0, 1.0), (-1.0, 0.0))  # the grid is the image's columns 1..4
    mask = np.zeros((4, 6), np.uint8)
    mask[:, 0] = mask[:, 5] = 9
    assert (lift(mask, view) == 0).all()
    assert np.array_equal(
        lower(np.full((4, 4), 5, np.uint8), view)[0], [UNLABELLED, 5, 5, 5, 5, UNLABELLED]
    )


def test_sizes_that_do_not_fit_are_named() -> None:
    view = grid_of((4, 6), (2, 3), (0.5, 0.5))
    with pytest.raises(Rewis3dError, match=r"frame 1: a mask of \(6, 4\), its image is \(4, 6\)"):
        lift(np.zeros((6, 4), np.uint8), view)
    with pytest.raises(Rewis3dError, match=r"cells of \(4, 6\), its grid is \(2, 3\)"):
        lower(np.zeros((4, 6), np.uint8), view)


def seen_cells(view: SceneView, *points: tuple[float, float, float]) -> list[int]:
    return see(np.array(points, np.float64), view).cells.tolist()


def test_a_point_is_seen_where_nothing_stands_before_it() -> None:
    view = view_of([wall(10.0), wall(5.0, x=0.0, width=50.0)], pose())
    # 2 left of the axis at 10: column 32 - 60 * 2 / 10; cells below the axis are row 24
    assert seen_cells(view, (-2.0, 0.01, 10.0)) == [24 * 64 + 20]
    assert seen_cells(view, (2.0, 0.01, 10.0), (2.0, 0.01, 4.0)) == [-1, -1]  # hidden, before it
    assert seen_cells(view, (2.0, 0.01, 5.0)) == [24 * 64 + 56]
    assert seen_cells(view, (-9.0, 0, 10.0), (0, 0, -10.0), (0, 0, 0)) == [-1, -1, -1]


def test_nothing_is_seen_where_there_is_no_depth() -> None:
    view = view_of([wall(10.0)], pose())
    view = replace(view, depth=np.zeros_like(view.depth))
    seen = see(np.array([[0.0, 0.01, 10]]), view)
    assert seen.cells.tolist() == [-1]
    assert seen.agreement.tolist() == [0]
    assert fall(np.array([[0.0, 0.01, 10]]), view.geometry).cells.tolist() == [24 * 64 + 32]


def test_agreement_falls_from_one_to_nothing() -> None:
    view = view_of([wall(10.0)], pose())
    seen = see(np.array([[0.0, 0, 10.0], [0, 0, 10.1], [0, 0, 10.25], [0, 0, 10.5]]), view)
    assert seen.agreement == pytest.approx([1, 0.67, 0.187, 0], abs=0.02)
    assert (seen.cells >= 0).tolist() == [True, True, True, False]


@given(st.floats(-4, 4), st.floats(3, 35).filter(lambda z: z != 3.75))
def test_steep_ground_is_seen_anywhere_in_a_cell(x: float, z: float) -> None:
    # at 35 the depth changes by a third from row to row
    view = view_of([ground(), wall(100.0)], pose())
    seen = see(np.array([[x, 1.5, z]]), view)
    on_grid = -32 <= 60 * x / z < 32 and 60 * 1.5 / z < 24
    assert (seen.cells[0] >= 0) == on_grid


def test_nothing_is_seen_through_a_depth_edge_or_beside_a_thin_thing() -> None:
    post = Quad((0.0, -20, 5.0), (0.05, 0, 0), (0, 40, 0))  # narrower than a cell at 5
    view = view_of([wall(20.0), post], pose())
    assert (view.depth[24] < 6).sum() == 1
    between = [(z * 0.5 / 60, 0.01, z) for z in (6.0, 8.0, 12.0, 16.0)]
    assert seen_cells(view, *between) == [-1] * 4
    assert seen_cells(view, (5 * 0.5 / 60, 0.01, 5.0))[0] >= 0


def test_a_lens_does_not_fold_what_is_outside_onto_the_image() -> None:
    lens = (-0.3, 0.0, 0.0, 0.0)
    view = view_of([wall(10.0)], pose(), lens=lens)
    # at 1.8 of the axis x (1 - .3 x^2) is .05: back in the middle of the image
    assert view.geometry.camera.project(np.array([[18.0, 0, 10]]))[0, 0] == pytest.approx(
        35.0, abs=1
    )
    assert seen_cells(view, (18.0, 0.01, 10.0)) == [-1]
    assert fall(np.array([[18.0, 0.01, 10.0]]), view.geometry).cells.tolist() == [-1]


POSES = st.tuples(st.floats(-3, 3), st.floats(-12, 12), st.floats(-60, 60))


@given(POSES, st.sampled_from(LENSES), st.sampled_from(LENSES))
@settings(max_examples=25)
def test_points_fall_from_a_view_to_another_as_they_fall_from_the_world(
    at: tuple[float, float, float], lens: tuple[float, ...], other: tuple[float, ...]
) -> None:
    quads = [wall(30.0), ground(), wall(6.0, x=0.5, width=1.0)]
    source = view_of(quads, pose(), lens=lens)
    view = view_of(quads, pose(at[0], z=at[1], yaw=at[2]), lens=other)
    cells = np.flatnonzero(source.depth > 0)
    sights = sights_of(source.geometry, cells, surface_of(source).near[cells])
    found = fall_across(sights, source.geometry, view.geometry)
    wanted = fall(source.points(cells), view.geometry)
    assert (found.cells != wanted.cells).mean() < 0.005  # on the border between two cells
    both = (found.cells >= 0) & (wanted.cells >= 0)
    assert np.abs(found.xy - wanted.xy)[:, both].max(initial=0) < 0.01
    np.testing.assert_allclose(found.near[both], wanted.near[both], rtol=1e-4)


@given(POSES, st.sampled_from(LENSES), st.integers(0, 999))
@settings(max_examples=25)
def test_a_ball_of_which_a_point_falls_on_the_grid_may_be_seen(
    at: tuple[float, float, float], lens: tuple[float, ...], seed: int
) -> None:
    view = view_of([wall(30.0)], pose(at[0], z=at[1], yaw=at[2]), lens=lens).geometry
    rng = np.random.default_rng(seed)
    points = rng.uniform([-20, -10, -5], [20, 10, 30], (400, 3))
    radius = rng.uniform(0, 4, 400).astype(np.float32)
    away = rng.normal(size=(400, 3))
    away *= (radius * rng.random(400) / np.linalg.norm(away, axis=1))[:, None]
    assert may_see(points, radius, view)[fall(points + away, view).cells >= 0].all()


def test_balls_behind_and_far_beside_a_view_are_not_seen() -> None:
    view = view_of([wall(30.0)], pose()).geometry  # it sees as far aside as half of the depth
    points = np.array([[0, 0, -3.0], [0, 0, -3.0], [10, 0, 10.0], [10, 0, 10], [0, -9, 10]])
    radius = np.array([2.0, 4.0, 1.0, 6.0, 1.0], np.float32)
    assert may_see(points, radius, view).tolist() == [False, True, False, True, False]


def test_cells_carry_where_they_are_trusted_and_on_a_surface() -> None:
    view = view_of([wall(20.0), wall(5.0, x=0.0, width=50.0)], pose())
    row = 24 * 64 + np.arange(64)
    assert carrying(view, row).all()
    confidence = view.confidence.copy()
    confidence[24, :10] = 0.05
    assert (
        carrying(replace(view, confidence=confidence), row).tolist() == [False] * 10 + [True] * 54
    )
    mask = np.ones(view.depth.shape, bool)
    mask[24, 60:] = False
    assert carrying(replace(view, mask=mask), row).tolist() == [True] * 60 + [False] * 4
    blurred = view.depth.copy()
    blurred[24, 31:33] = 14, 8  # between 20 on the left and 5 on the right
    assert carrying(replace(view, depth=blurred), row)[30:34].tolist() == [True, False, False, True]
