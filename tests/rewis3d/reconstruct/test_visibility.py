"""What a camera sees of a cloud: nothing through a surface, everything beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewis3d.geometry import pinhole
from rewis3d.reconstruct.visibility import SIZES, depth_of, hidden
from rewis3d.scene import GridMap, ViewGeometry
from tests.rewis3d.reconstruct.lidar import AXES, hits, sweep
from tests.rewis3d.stage import Quad, ground, pose, wall

ROWS, COLUMNS, FOCAL = 60, 80, 70.0


def geometry(T_world_camera: np.ndarray, *, lens: tuple[float, ...] = ()) -> ViewGeometry:
    camera = replace(pinhole(FOCAL, COLUMNS, ROWS), distortion=lens)
    return ViewGeometry(1, ROWS, COLUMNS, camera, T_world_camera, GridMap((1.0, 1.0)), "given")


def board(rows: slice, columns: slice, *, apart: float, depth: float) -> np.ndarray:
    """Return points of a board that covers cells of a view at the origin, `apart` cells apart."""
    row = np.arange(rows.start + 0.5, rows.stop, apart)
    column = np.arange(columns.start + 0.5, columns.stop, apart)
    x, y = (values.reshape(-1) for values in np.meshgrid(column, row))
    return np.stack([(x - COLUMNS / 2) / FOCAL, (y - ROWS / 2) / FOCAL, 1 + 0 * x], 1) * depth


def seen(*parts: np.ndarray, T: np.ndarray | None = None) -> np.ndarray:
    return depth_of(parts, geometry(np.eye(4) if T is None else T))


EVERYWHERE = board(slice(-20, ROWS + 20), slice(-20, COLUMNS + 20), apart=1.0, depth=20.0)


@settings(max_examples=25)
@given(
    apart=st.floats(1.0, 8.0),
    depth=st.floats(1.0, 12.0),
    top=st.integers(0, 20),
    left=st.integers(0, 30),
)
def test_nothing_is_seen_through_a_board_and_all_of_what_is_beside_it(
    apart: float, depth: float, top: int, left: int
) -> None:
    rows, columns = slice(top, top + 38), slice(left, left + 45)
    front = board(rows, columns, apart=apart, depth=depth)
    found = seen(EVERYWHERE, front)
    cell = np.floor(front[:, :2] / depth * FOCAL + [COLUMNS / 2, ROWS / 2]).astype(int)
    (x0, y0), (x1, y1) = cell.min(axis=0), cell.max(axis=0)
    covered = found[y0 : y1 + 1, x0 : x1 + 1]
    assert covered[covered > 0] == pytest.approx(depth)
    assert (covered > 0).sum() == len({tuple(at) for at in cell.tolist()})
    outside = np.ones(found.shape, bool)
    outside[y0 : y1 + 1, x0 : x1 + 1] = False
    assert found[outside] == pytest.approx(20.0)


@pytest.mark.parametrize("across", [1, 2])
def test_a_pole_is_opaque_and_hides_nothing_beside_it(across: int) -> None:
    pole = board(slice(5, 55), slice(40, 40 + across), apart=3.0, depth=8.0)
    beside = np.array([8.0 / FOCAL * (across - 1), 0, 0])
    pole = np.concatenate([pole, pole + beside])
    found = seen(EVERYWHERE, pole)
    inside = found[5:53, 40 : 40 + across]
    assert set(inside[inside > 0].round(3).tolist()) == {8.0}
    assert found[:, :40] == pytest.approx(20.0)
    assert found[:, 40 + across :] == pytest.approx(20.0)


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), per_cell=st.floats(0.3, 2.0))
def test_random_points_cover_what_lies_behind_them(seed: int, per_cell: float) -> None:
    rng = np.random.default_rng(seed)
    count = round(per_cell * 30 * 40)
    place = rng.uniform([20, 15], [60, 45], (count, 2))
    away = (place - [COLUMNS / 2, ROWS / 2]) / FOCAL
    front = np.concatenate([away, np.ones((count, 1))], axis=1) * 9.0
    found = seen(EVERYWHERE, front)
    middle = found[20:40, 25:55]  # at the border nothing may lie on the other side
    assert (middle > 15).sum() < 0.02 * middle.size
    assert (found[:, :19] > 0).all()
    assert (found[:14] > 0).all()


@settings(max_examples=20)
@given(height=st.floats(0.8, 6.0), tilt=st.floats(-0.3, 0.3), seed=st.integers(0, 1000))
def test_a_surface_never_hides_itself(height: float, tilt: float, seed: int) -> None:
    """Ground and a slope, however steeply they are looked at: each cell's centre is measured."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:ROWS, 0:COLUMNS].reshape(2, -1) + 0.5
    rays = np.stack([(x - COLUMNS / 2) / FOCAL, (y - ROWS / 2) / FOCAL, np.ones_like(x)], axis=1)
    near = rays @ [np.sin(tilt), np.cos(tilt), 0.02] / height
    kept = (near > 1 / 90) & (rng.random(len(near)) < rng.uniform(0.1, 1))
    found = seen(rays[kept] / near[kept, None])
    assert (found > 0).sum() == kept.sum()


def test_of_a_cell_s_points_the_nearest_counts_and_what_is_behind_the_camera_does_not() -> None:
    points = np.array([[0.0, 0, 5], [0, 0, 4], [0, 0, 9], [0, 0, -3], [50, 0, 5]])
    found = seen(points[:2], points[2:])
    assert found[ROWS // 2, COLUMNS // 2] == pytest.approx(4)
    assert (found > 0).sum() == 1
    assert (seen() == 0).all()
    assert (seen(np.zeros((0, 3))) == 0).all()


def test_points_of_the_world_are_seen_from_where_the_camera_stands() -> None:
    T = pose(3.0, -1.0, 2.0, yaw=25.0)
    front = board(slice(10, 40), slice(10, 50), apart=1.0, depth=6.0)
    behind = EVERYWHERE
    in_world = [xyz @ T[:3, :3].T + T[:3, 3] for xyz in (front, behind)]
    assert seen(*in_world, T=T) == pytest.approx(seen(front, behind), abs=1e-4)


def test_a_lens_bends_points_to_their_pixels() -> None:
    view = geometry(np.eye(4), lens=(-0.2, 0.03, 0.001, 0.0))
    rays = view.camera.grid_rays().reshape(-1, 3)
    found = depth_of([rays * 7.0], view)
    assert (found > 0).mean() > 0.999
    assert found[found > 0] == pytest.approx(7.0)


SCENE = (ground(0), wall(30.0, 1), Quad((-1.0, -2.0, 8.0), (2.0, 0, 0), (0, 3.5, 0), 2))


def lidars() -> Iterator[np.ndarray]:
    """Sweeps from above and beside the camera, and from five metres further on."""
    for place in (pose(0.3, -1.2, -0.8), pose(0.5, -1.0, 4.2)):
        T = place @ AXES.T
        beams = np.radians(np.linspace(6, -25, 60))
        xyz = sweep(SCENE, T, beams=beams, columns=1500)
        yield xyz @ T[:3, :3].T + T[:3, 3]


def test_a_lidar_beside_the_camera_shows_nothing_that_the_camera_does_not_see() -> None:
    view = geometry(np.eye(4))
    points = list(lidars())
    raw = np.concatenate(points)
    found = depth_of(points, view)
    inner = [0.02, 0.5, 0.98]  # corners and middle of a cell
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    exact = []
    for off_y in inner:
        for off_x in inner:
            xy = np.stack([x + off_x, y + off_y], axis=-1).reshape(-1, 2)
            rays = view.camera.rays(xy)
            exact.append(hits(SCENE, np.zeros_like(rays), rays)[0].reshape(ROWS, COLUMNS))
    near, far = np.min(exact, axis=0), np.max(exact, axis=0)
    there = found > 0
    wrong = there & ((found < near * 0.97) | (found > far * 1.03))
    assert there.mean() > 0.45
    assert wrong.sum() <= 2
    # the points themselves do leak: the second sweep sees the wall behind the board
    xy = view.camera.project(raw)
    behind = np.all((xy > [33, 22]) & (xy < [47, 38]), axis=1) & (raw[:, 2] > 20)
    assert behind.sum() > 20


def test_few_points_hide_nothing() -> None:
    near = np.zeros((120, 120), np.float32)
    assert not hidden(near).any()
    near[50, 50], near[60, 60], near[55, 55] = 1.0, 1.0, 0.01
    assert not hidden(near).any()
    assert list(SIZES) == sorted(SIZES)
