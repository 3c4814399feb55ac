from __future__ import annotations

import numpy as np
import pytest

from app.viewer.cloud import Cloud
from app.viewer.strokes import MOST_INK, Strokes
from rewis3d.scene import Scene
from rewis3d.types import IGNORED, UNLABELLED
from tests import references
from tests.app.viewer import worlds


@pytest.fixture
def strokes(scene: Scene, cloud: Cloud) -> Strokes:
    return Strokes(scene, cloud)


def surface(scene: Scene, place: int, *surfaces: int) -> np.ndarray:
    """A mask of the image that labels what a surface covers with the surface's number."""
    seen = worlds.look(scene.views[place].geometry).surface
    cells = np.where(np.isin(seen, surfaces), seen, UNLABELLED).astype(np.uint8)
    return cells.repeat(2, axis=0).repeat(2, axis=1)


def truth(scene: Scene, cloud: Cloud) -> np.ndarray:
    """The surface that each point of the cloud lies on."""
    seen = [worlds.look(view.geometry).surface.reshape(-1) for view in scene.views]
    rows = zip(cloud.points.view, cloud.points.cell, strict=True)
    return np.array([seen[view][cell] for view, cell in rows])


def test_without_strokes_nothing_is_labelled(strokes: Strokes):
    said = strokes.accumulated()
    assert (said.labels == UNLABELLED).all()
    assert (said.confidence == 0).all()
    assert len(strokes.ink().labels) == 0


def test_a_frame_s_own_points_take_its_labels_exactly(strokes: Strokes, scene: Scene, cloud: Cloud):
    assert strokes.put(scene.views[1].frame_id, surface(scene, 1, 0, 2), without=[])
    said = strokes.accumulated()
    own = cloud.rows(1)
    expected = np.where(np.isin(truth(scene, cloud)[own], [0, 2]), truth(scene, cloud)[own], 255)
    np.testing.assert_array_equal(said.labels[own], expected)
    assert (said.confidence[own] == (expected != 255)).all()


def test_other_frames_points_are_labelled_where_they_are_seen(
    strokes: Strokes, scene: Scene, cloud: Cloud
):
    strokes.put(scene.views[2].frame_id, surface(scene, 2, 0, 1, 2), without=[])
    said, real = strokes.accumulated(), truth(scene, cloud)
    others = cloud.points.view != 2
    ghosts = others & (said.labels != UNLABELLED)
    assert ghosts.sum() > 0.3 * others.sum()
    assert (said.labels[ghosts] == real[ghosts]).mean() > 0.98
    assert ((said.confidence[ghosts] > 0) & (said.confidence[ghosts] < 1)).all()


def test_ghosts_are_what_a_slow_search_finds(strokes: Strokes, scene: Scene, cloud: Cloud):
    mask = surface(scene, 3, 1)
    strokes.put(scene.views[3].frame_id, mask, without=[])
    found = np.flatnonzero((strokes.accumulated().labels == 1) & (cloud.points.view != 3))
    wall = worlds.look(scene.views[3].geometry).surface
    expected = references.points_over(cloud.world, scene.views[3], wall == 1)
    # every one of them falls on the wall's cells; near its edges fewer are seen
    assert set(found) <= set(np.flatnonzero(expected & (cloud.points.view != 3)))


def test_an_undone_stroke_leaves_nothing(strokes: Strokes, scene: Scene):
    frame = scene.views[0].frame_id
    strokes.put(frame, surface(scene, 0, 0), without=[])
    strokes.put(frame, np.full((48, 64), UNLABELLED, np.uint8), without=[])
    assert (strokes.accumulated().labels == UNLABELLED).all()
    strokes.put(frame, surface(scene, 0, 0), without=[])
    strokes.clear()
    assert (strokes.accumulated().labels == UNLABELLED).all()


def test_classes_without_geometry_stay_with_their_own_frame(
    strokes: Strokes, scene: Scene, cloud: Cloud
):
    strokes.put(scene.views[1].frame_id, surface(scene, 1, 0), without=[0])
    said = strokes.accumulated()
    assert set(cloud.points.view[said.labels == 0]) == {1}


def test_frames_that_disagree_about_a_place_leave_it_open(
    strokes: Strokes, scene: Scene, cloud: Cloud
):
    strokes.put(scene.views[0].frame_id, surface(scene, 0, 2), without=[])
    other = surface(scene, 3, 2)
    other[other == 2] = 1
    strokes.put(scene.views[3].frame_id, other, without=[])
    said = strokes.accumulated()
    middle = (cloud.points.view == 1) & (truth(scene, cloud) == 2)
    assert (said.labels[middle] == UNLABELLED).mean() > 0.5
    assert (said.confidence[said.labels == UNLABELLED] == 0).all()
    # the drawn frames keep what was drawn there
    assert set(said.labels[(cloud.points.view == 0) & (truth(scene, cloud) == 2)]) == {2}
    assert set(said.labels[(cloud.points.view == 3) & (truth(scene, cloud) == 2)]) == {1}


def test_ignored_pixels_label_no_point(strokes: Strokes, scene: Scene):
    strokes.put(scene.views[0].frame_id, np.full((48, 64), IGNORED, np.uint8), without=[])
    assert (strokes.accumulated().labels == UNLABELLED).all()
    assert len(strokes.ink().labels) == 0


def test_ink_is_every_drawn_cell_with_a_depth(strokes: Strokes, scene: Scene, cloud: Cloud):
    strokes.put(scene.views[0].frame_id, surface(scene, 0, 0, 4), without=[])
    ink = strokes.ink()
    picture = worlds.look(scene.views[0].geometry)
    on_road = picture.world.reshape(-1, 3)[(picture.surface == 0).reshape(-1)]
    assert set(ink.labels) == {0}  # sky has no depth
    assert np.abs(ink.xyz + cloud.centre - on_road).max() < 30 / 1024


def test_ink_has_an_end(strokes: Strokes, scene: Scene, monkeypatch: pytest.MonkeyPatch):
    assert MOST_INK >= 100_000
    monkeypatch.setattr("app.viewer.strokes.MOST_INK", 50)
    strokes.put(scene.views[0].frame_id, surface(scene, 0, 0), without=[])
    assert len(strokes.ink().xyz) == 50


def test_a_frame_outside_the_scene_changes_nothing(strokes: Strokes):
    assert not strokes.put(999, np.zeros((48, 64), np.uint8), without=[])
