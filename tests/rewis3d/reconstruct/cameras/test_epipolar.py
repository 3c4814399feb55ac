import numpy as np
import pytest

from rewis3d.geometry import inverse, transform
from rewis3d.reconstruct.cameras.epipolar import Placed, agreeing, cross
from rewis3d.reconstruct.cameras.matching import Match

from .room import camera, pose


def seen(points: np.ndarray, T_a, T_b) -> Match:
    a, b = (camera().project(transform(inverse(T), points)) for T in (T_a, T_b))
    return Match(0, 1, np.zeros((len(points), 2), np.uint32), a, b)


def points(n: int = 50) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.stack([rng.uniform(-2, 2, n), rng.uniform(-1, 1, n), rng.uniform(6, 20, n)], axis=1)


A, B = Placed(camera(), pose()), Placed(camera(), pose(x=1, z=0.5, yaw=5))


def test_rays_cross_at_the_points() -> None:
    crossing = cross(seen(points(), A.T_world_camera, B.T_world_camera), A, B)
    assert crossing.error_px == pytest.approx(0, abs=1e-6)
    assert crossing.depth_a == pytest.approx(points()[:, 2])
    in_b = transform(inverse(B.T_world_camera), points())
    assert crossing.depth_b == pytest.approx(in_b[:, 2])


def test_the_error_is_the_distance_from_the_epipolar_line() -> None:
    there = Placed(camera(), pose(x=1))  # lines are rows
    match = seen(points(), pose(), pose(x=1))
    match.b_xy[:, 1] += 3
    error = cross(match, A, there).error_px
    assert error == pytest.approx(3 / np.sqrt(2), rel=0.02)  # shared by both images


def test_matches_agree_with_their_cameras_and_not_with_others() -> None:
    match = seen(points(), A.T_world_camera, B.T_world_camera)
    assert agreeing(match, A, B).all()
    assert not agreeing(match, A, Placed(camera(), pose(x=-1, z=-0.5, yaw=5))).any()  # behind
    assert agreeing(match, A, Placed(camera(), pose(y=1, yaw=5))).mean() < 0.2


def test_what_is_very_far_or_seen_from_one_place_agrees() -> None:
    far = points() * 1e5
    assert agreeing(seen(far, A.T_world_camera, B.T_world_camera), A, B).all()
    near = Placed(camera(), pose(x=1e-9, yaw=5))
    assert agreeing(seen(points(), A.T_world_camera, near.T_world_camera), A, near).all()
