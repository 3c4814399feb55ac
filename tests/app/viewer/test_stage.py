from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app.viewer.cloud import Cloud
from app.viewer.picking import Ray
from app.viewer.stage import FrustumHit, Hit, Stage
from rewis3d.scene import Scene


@pytest.fixture
def hits() -> list[Hit]:
    return []


@pytest.fixture
def stage(scene: Scene, cloud: Cloud, hits: list[Hit]) -> Iterator[Stage]:
    stage = Stage(hits.append)
    stage.build(scene, cloud.points.xyz, centre=cloud.centre, depth=10.0, pictures={})
    yield stage
    stage.close()


def node(stage: Stage, name: str) -> Any:
    return stage._server.scene.get_handle_by_name(name)


def test_cameras_stand_where_they_are(stage: Stage, scene: Scene, cloud: Cloud):
    for view in scene.views:
        handle = node(stage, f"/cameras/{view.frame_id}")
        place = view.geometry.T_world_camera[:3, 3] - cloud.centre
        np.testing.assert_allclose(handle.position, place)
        assert handle.aspect == pytest.approx(32 / 24)


def test_the_open_frame_s_camera_stands_out_alone(stage: Stage, scene: Scene):
    first, second = (view.frame_id for view in scene.views[:2])
    plain = node(stage, f"/cameras/{first}").color
    assert stage.open_frame(first)
    assert node(stage, f"/cameras/{first}").color != plain
    assert stage.open_frame(second)
    assert node(stage, f"/cameras/{first}").color == plain
    assert node(stage, f"/cameras/{second}").color != plain
    assert not stage.open_frame(999)
    assert node(stage, f"/cameras/{second}").color == plain


def test_a_camera_that_is_left_out_is_drawn_while_its_frame_is_open(
    stage: Stage, scene: Scene, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.viewer.cameras.shown", lambda count: [0, count - 1])
    stage.build(scene, cloud.points.xyz, centre=cloud.centre, depth=10.0, pictures={})
    middle = scene.views[1].frame_id
    assert node(stage, f"/cameras/{middle}") is None
    stage.open_frame(middle)
    assert node(stage, f"/cameras/{middle}") is not None
    stage.open_frame(scene.views[0].frame_id)
    assert node(stage, f"/cameras/{middle}") is None


def test_colours_and_points_are_those_that_were_given(stage: Stage, cloud: Cloud):
    colours = np.random.default_rng(0).integers(0, 256, (len(cloud), 3)).astype(np.uint8)
    stage.colour(colours, point_size=0.25)
    np.testing.assert_array_equal(node(stage, "/cloud").colors, colours)
    assert node(stage, "/cloud").point_size == 0.25
    shown = np.arange(len(cloud)) % 3 > 0
    stage.show_points(cloud.points.xyz, shown)
    points = node(stage, "/cloud").points
    np.testing.assert_array_equal(points[shown], cloud.points.xyz[shown])
    assert np.abs(points[~shown]).min() > 1e6
    assert points.dtype == np.float32


def test_ink_comes_and_goes(stage: Stage):
    xyz = np.ones((5, 3), np.float32)
    stage.show_ink(xyz, np.zeros((5, 3), np.uint8), point_size=0.1)
    assert node(stage, "/ink").point_size > 0.1
    stage.show_ink(xyz, np.full((5, 3), 9, np.uint8), point_size=0.1)
    assert (node(stage, "/ink").colors == 9).all()
    stage.show_ink(xyz[:0], np.zeros((0, 3), np.uint8), point_size=0.1)
    assert node(stage, "/ink") is None


def test_clicks_become_hits(stage: Stage, scene: Scene, hits: list[Hit]):
    """A click on a camera comes as a click into the scene too, and counts once."""
    frame = scene.views[2].frame_id
    on_camera = node(stage, f"/cameras/{frame}")._impl.click_cb
    callback = next(iter(on_camera)) if not hasattr(on_camera, "callback") else on_camera
    callback = getattr(callback, "callback", callback)
    asyncio.run(callback(SimpleNamespace(screen_pos=(0.25, 0.5))))
    asyncio.run(stage._on_click(click((0.25, 0.5))))
    assert hits == [FrustumHit(frame)]
    asyncio.run(stage._on_click(click((0.25, 0.5))))
    assert isinstance(hits[-1], Ray)
    assert hits[-1].pixel == pytest.approx(2 / 500)
    np.testing.assert_array_equal(hits[-1].direction, [0, 0, 1])


def click(place: tuple[float, float]) -> Any:
    camera = SimpleNamespace(fov=np.pi / 2, image_height=500)
    return SimpleNamespace(
        screen_pos=place,
        ray_origin=(1.0, 2.0, 3.0),
        ray_direction=(0.0, 0.0, 1.0),
        client=SimpleNamespace(camera=camera),
    )


def test_a_cleared_stage_shows_nothing_and_takes_everything(stage: Stage, cloud: Cloud):
    stage.clear()
    assert node(stage, "/cloud") is None
    stage.colour(np.zeros((len(cloud), 3), np.uint8), point_size=1.0)
    stage.show_cameras(False)
    assert not stage.open_frame(1)
    stage.dress(dark=True)
