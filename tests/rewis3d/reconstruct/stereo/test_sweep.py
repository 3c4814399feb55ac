from __future__ import annotations

import numpy as np
import pytest

from rewis3d.geometry import transform
from rewis3d.reconstruct.stereo.sweep import WORST, Matcher, look_up, motion, sweep
from tests.rewis3d.reconstruct.stereo.clip import CAMERA, picture
from tests.rewis3d.reconstruct.stereo.rendering import Board

WALL = [Board((-9, -6, 5), (18, 0, 0), (0, 12, 0), 1, grain=0.25)]


def moved(x: float, z: float = 0.0) -> np.ndarray:
    T = np.eye(4)
    T[0, 3], T[2, 3] = x, z
    return T


def test_amotion_takes_pixels_where_their_points_are_seen() -> None:
    first, second = picture(WALL, moved(0)), picture(WALL, moved(0.4, 0.3))
    still, shift = motion(first, second)
    pixel = np.array([[20.5, 40.5]])
    seen = still @ [*pixel[0], 1] + 0.2 * shift
    point = CAMERA.rays(pixel) * 5.0 - [0.4, 0, 0.3]
    assert tuple(seen[:2] / seen[2]) == pytest.approx(tuple(CAMERA.project(point)[0]), abs=1e-3)
    assert transform(np.eye(4), point).shape == (1, 3)


def test_the_plane_of_a_wall_costs_least() -> None:
    views = [picture(WALL, moved(x)) for x in (0, -0.4, 0.4)]
    planes = np.linspace(0, 0.5, 21)
    volume = sweep(Matcher(views[0], views[1:]), (72, 96), planes)
    assert volume.shape == (72, 96, 21)
    assert volume.dtype == np.uint8
    assert (volume.argmin(axis=2) == 8).mean() > 0.97  # 1 / 5
    assert np.median(volume[..., 8]) < 0.05 * WORST
    assert np.median(volume[..., 16]) > 0.5 * WORST


def test_one_source_that_sees_another_thing_is_outvoted() -> None:
    other = [Board((-9, -6, 3), (18, 0, 0), (0, 12, 0), 9, grain=0.25)]
    views = [picture(WALL, moved(0)), picture(other, moved(-0.4)), picture(WALL, moved(0.4))]
    volume = sweep(Matcher(views[0], views[1:]), (72, 96), np.linspace(0, 0.5, 21))
    assert (volume.argmin(axis=2) == 8).mean() > 0.9


def test_nothing_is_known_outside_an_image() -> None:
    image = np.ones((4, 5), np.float32)
    x, y = np.array([[1.0, -3.0, 4.0]], np.float32), np.array([[1.0, 1.0, 9.0]], np.float32)
    found = look_up(image, x, y)
    assert found[0, 0] == 1
    assert np.isnan(found[0, 1:]).all()
