"""Cameras and poses, against definitions written out and each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewis3d.geometry import (
    Camera,
    inverse,
    is_rigid,
    opengl_to_opencv,
    pinhole,
    pixel_centres,
    rotation_angle,
    transform,
    transform_sights,
    up_of,
)
from rewis3d.types import Rewis3dError

LENSES = [(), (-0.2, 0.05, 1e-3, -1e-3), (-0.28, 0.07, 2e-4, 1e-4, 0.0)]


def about_y(degrees: float, *, at: tuple[float, float, float] = (0, 0, 0)) -> np.ndarray:
    T = np.eye(4)
    a = np.radians(degrees)
    T[:3, :3] = [[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]]
    T[:3, 3] = at
    return T


def test_a_point_straight_ahead_falls_on_the_images_centre() -> None:
    camera = pinhole(100.0, 64, 48)
    assert camera.project(np.array([[0.0, 0, 5]])).tolist() == [[32, 24]]
    # one metre to the right at five metres: 100 / 5 pixels further
    assert camera.project(np.array([[1.0, 0, 5]])).tolist() == [[52, 24]]


def test_what_is_not_in_front_has_no_pixel() -> None:
    camera = pinhole(100.0, 64, 48)
    assert np.isnan(camera.project(np.array([[0.0, 0, 0], [0, 0, -3]]))).all()


@given(st.integers(0, 999), st.floats(-180, 180))
def test_sights_move_as_their_points_do(seed: int, yaw: float) -> None:
    rng = np.random.default_rng(seed)
    T_b_a = about_y(yaw, at=(1.0, -0.5, 3.0))
    points = rng.uniform([-5, -5, 0.5], [5, 5, 20], (40, 3))
    found = transform_sights(T_b_a, np.stack([*points[:, :2].T, np.ones(40)]) / points[:, 2])
    x, y, z = transform(T_b_a, points).T
    front = z > 1e-9
    assert np.abs(found[:, front] - np.stack([x, y, np.ones(40)])[:, front] / z[front]).max(
        initial=0
    ) < 1e-6 * max(1, np.abs(found).max())
    assert (found[2, z < -1e-9] <= 0).all()


@pytest.mark.parametrize("lens", LENSES)
def test_rays_lead_back_to_their_pixels(lens: tuple[float, ...]) -> None:
    camera = Camera(np.array([[90.0, 0, 31], [0, 95, 25], [0, 0, 1]]), 64, 48, lens)
    xy = pixel_centres(48, 64).reshape(-1, 2)
    depth = np.linspace(1, 50, len(xy))[:, None]
    assert np.abs(camera.project(camera.rays(xy) * depth) - xy).max() < 1e-4


def test_rays_of_a_fisheye_lead_back_to_their_pixels() -> None:
    K = np.array([[40.0, 0, 32], [0, 40, 24], [0, 0, 1]])
    camera = Camera(K, 64, 48, (0.02, -0.003, 1e-4, 0.0), fisheye=True)
    xy = pixel_centres(48, 64).reshape(-1, 2)
    assert np.abs(camera.project(camera.rays(xy) * 7.0) - xy).max() < 1e-4


def test_barrel_distortion_pulls_pixels_inwards() -> None:
    K = np.array([[100.0, 0, 50], [0, 100, 50], [0, 0, 1]])
    point = np.array([[0.5, 0.0, 1.0]])
    # x (1 + k1 r^2) = 0.5 (1 - 0.2 * 0.25) = 0.475
    assert Camera(K, 100, 100, (-0.2, 0.0, 0.0, 0.0)).project(point)[0, 0] == pytest.approx(97.5)
    assert Camera(K, 100, 100).project(point)[0, 0] == pytest.approx(100)


def test_resizing_keeps_where_things_are_in_the_image() -> None:
    camera = pinhole(100.0, 64, 48)
    half = camera.resized(32, 24)
    point = np.array([[0.7, -0.3, 4.0]])
    assert half.project(point) == pytest.approx(camera.project(point) / 2)


@pytest.mark.parametrize(
    ("K", "size", "lens"),
    [
        (np.diag([0.0, 100, 1]), (64, 48), ()),
        (np.diag([np.nan, 100, 1]), (64, 48), ()),
        (np.diag([100.0, 100, 1]), (0, 48), ()),
        (np.diag([100.0, 100, 1]), (64, 48), (0.1, 0.2)),
    ],
)
def test_a_camera_that_can_not_be_is_refused(
    K: np.ndarray, size: tuple[int, int], lens: tuple[float, ...]
) -> None:
    with pytest.raises(Rewis3dError):
        Camera(K, *size, lens)


@given(st.floats(-179, 179), st.floats(-20, 20), st.floats(-20, 20))
def test_the_inverse_takes_points_back(degrees: float, x: float, z: float) -> None:
    T = about_y(degrees, at=(x, 1.0, z))
    points = np.array([[1.0, 2, 3], [-4, 0, 9]])
    assert transform(inverse(T), transform(T, points)) == pytest.approx(points, abs=1e-9)
    assert rotation_angle(T[:3, :3]) == pytest.approx(abs(degrees), abs=1e-6)


def test_transform_is_the_product_with_homogeneous_points() -> None:
    T = about_y(30, at=(1, 2, 3))
    assert transform(T, np.array([[5.0, 6, 7]]))[0] == pytest.approx((T @ [5, 6, 7, 1])[:3])


def test_an_opengl_camera_looks_the_other_way() -> None:
    ours = opengl_to_opencv(np.eye(4))
    assert (ours[:3, :3] @ [0, 0, 1]).tolist() == [0, 0, -1]
    assert (ours[:3, :3] @ [0, 1, 0]).tolist() == [0, -1, 0]
    assert is_rigid(ours)


def test_up_is_the_mean_of_the_cameras_up() -> None:
    poses = np.stack([about_y(d) for d in (0, 40, 170)])
    assert up_of(poses) == pytest.approx([0, -1, 0])


def test_reflections_and_scalings_are_no_motion() -> None:
    assert is_rigid(about_y(12))
    assert not is_rigid(np.diag([1.0, 1, -1, 1]))
    assert not is_rigid(np.diag([2.0, 2, 2, 1]))
    assert not is_rigid(np.full((4, 4), np.nan))
