import numpy as np
import pytest

from rewis3d.job import View
from rewis3d.reconstruct.cameras.scale import grid_size, ranges_in, scene_of, span_of
from rewis3d.scene import MEDIAN_DEPTH

from .conftest import Walk
from .room import HEIGHT, WIDTH


def test_the_median_depth_is_the_scenes_unit_and_points_stay_where_they_are_seen(
    walk: Walk,
) -> None:
    scene = scene_of(walk.model, walk.views, max_side=100)
    ranges = ranges_in(walk.model, walk.views)
    assert scene.unit == "normalised"
    assert scene.up @ [0, -1, 0] == pytest.approx(1, abs=0.5)
    factor = np.linalg.norm(scene.views[7].T_world_camera[:3, 3]) / np.linalg.norm(
        walk.model.poses[7][:3, 3]
    )
    depths = np.concatenate([walk.model.depths(at) for at in walk.model.places]) * factor
    assert np.median(depths) == pytest.approx(MEDIAN_DEPTH)
    for view in scene.views:
        near, far = ranges[view.frame_id]
        own = walk.model.depths(view.frame_id - 1) * factor
        assert ((own > near) & (own < far)).mean() > 0.97
        assert far > 5 * MEDIAN_DEPTH


def test_the_grid_is_the_image_made_smaller(walk: Walk) -> None:
    view = scene_of(walk.model, walk.views, max_side=100).views[2]
    assert (view.camera.width, view.camera.height) == (100, 75)
    xy = walk.model.xy[walk.model.place == 2]
    np.testing.assert_allclose(
        view.camera.rays(view.grid.to_grid(xy)), walk.model.cameras[2].rays(xy), atol=1e-9
    )
    assert (view.image_height, view.image_width, view.backend) == (HEIGHT, WIDTH, "colmap")


def test_a_grid_is_never_larger_than_its_image_and_never_empty() -> None:
    assert grid_size(View(1, "a", 90, 120), max_side=480) == (120, 90)
    assert grid_size(View(1, "a", 1000, 2000), max_side=480) == (480, 240)
    assert grid_size(View(1, "a", 2, 4000), max_side=480) == (480, 1)


def test_a_span_leaves_room_on_both_sides_of_most_points() -> None:
    depths = np.r_[np.linspace(5, 20, 98), 0.01, 5000, -3]
    near, far = span_of(depths)
    assert 1 < near < 5
    assert 60 < far < 1000
