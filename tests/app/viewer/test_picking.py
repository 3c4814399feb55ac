from __future__ import annotations

import numpy as np
import pytest

from app.viewer.cloud import Cloud, image_xy
from app.viewer.picking import PICK_PIXELS, Ray, best_sight, nearest
from rewis3d.scene import Scene
from tests.app.viewer import worlds

PIXEL = 0.002


def ray(*towards: float) -> Ray:
    return Ray(np.zeros(3), np.array(towards, np.float64), PIXEL)


def points(*xyz: tuple[float, float, float]) -> np.ndarray:
    return np.array(xyz, np.float32)


def everything(xyz: np.ndarray) -> np.ndarray:
    return np.ones(len(xyz), np.bool_)


def test_a_click_hits_the_front_most_point():
    xyz = points((0, 0, 9), (0, 0, 5), (0, 0, -2), (3, 0, 4))
    assert nearest(xyz, everything(xyz), ray(0, 0, 7)) == 1


def test_on_one_surface_the_nearest_to_the_click_is_hit():
    xyz = points((0.03, 0, 5), (0.01, 0, 5.05), (0, 0, 9))
    assert nearest(xyz, everything(xyz), ray(0, 0, 1)) == 1


def test_points_that_are_not_shown_are_not_hit():
    xyz = points((0, 0, 5), (0, 0, 9))
    assert nearest(xyz, np.array([False, True]), ray(0, 0, 1)) == 1
    assert nearest(xyz, np.array([False, False]), ray(0, 0, 1)) is None


@pytest.mark.parametrize("distance", [1.0, 50.0])
def test_a_click_beside_all_points_hits_none_at_any_distance(distance: float):
    radius = PICK_PIXELS * PIXEL * distance
    xyz = points((0.99 * radius, 0, distance))
    assert nearest(xyz, everything(xyz), ray(0, 0, 1)) == 0
    further = points((1.02 * radius, 0, distance))
    assert nearest(further, everything(further), ray(0, 0, 1)) is None


def test_clicks_come_from_anywhere():
    xyz = points((2, 3, 4))
    origin = np.array([10.0, 3, 4])
    assert nearest(xyz, everything(xyz), Ray(origin, np.array([-1.0, 0, 0]), PIXEL)) == 0
    assert nearest(xyz, everything(xyz), Ray(origin, np.array([1.0, 0, 0]), PIXEL)) is None


def test_a_point_is_best_seen_where_it_is_largest(scene: Scene, cloud: Cloud):
    """On a straight road that is the last camera before the point that still has it in sight."""
    last = scene.views[-1].geometry
    world = cloud.world
    on_wall = (np.abs(world[:, 0]) > 3.9) & (np.abs(world[:, 1]) < 1)
    on_wall &= (world[:, 2] > 10) & (world[:, 2] < 18)
    ahead = np.flatnonzero((cloud.points.view == 0) & on_wall)
    assert len(ahead) > 10
    for row in ahead[::3]:
        found = best_sight(scene, cloud, int(row))
        assert found.frame_id == last.frame_id
        expected = worlds.seen_from(last, world[row : row + 1])[0]
        np.testing.assert_allclose(found.xy, expected, atol=0.02)


def test_a_point_that_no_other_view_sees_is_shown_in_its_own(scene: Scene, cloud: Cloud):
    """The road under the first camera's image is behind the later ones."""
    rows = np.flatnonzero(cloud.points.view == 0)
    row = int(rows[np.argmin(cloud.world[rows, 2])])
    found = best_sight(scene, cloud, row)
    own = scene.views[0].geometry
    assert found.frame_id == own.frame_id
    np.testing.assert_allclose(found.xy, image_xy(own, cloud.points.cell[row : row + 1])[0])


def test_a_view_that_has_something_in_front_of_the_point_does_not_count(scene: Scene, cloud: Cloud):
    """Close the last view with a wall: the one before it is the best."""
    last, before = scene.views[-1], scene.views[-2]
    walled = last.depth.copy()
    walled[:] = 1.0
    views = (*scene.views[:-1], type(last)(last.geometry, walled, last.confidence))
    hidden = type(scene)(scene.index, views, scene.up, scene.unit)
    row = int(np.flatnonzero((cloud.points.view == 0) & (cloud.world[:, 2] > 12))[0])
    assert best_sight(hidden, cloud, row).frame_id == before.frame_id
