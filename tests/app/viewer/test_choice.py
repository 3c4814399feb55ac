from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.viewer.choice import centre_of, choose, usable
from rewis3d.scene import Scene, SceneFolder
from tests.app.viewer import worlds


def test_a_small_scene_is_shown_whole(scene: Scene):
    chosen = choose(scene, 10**6)
    for index, view in enumerate(scene.views):
        cells = chosen.cell[chosen.view == index]
        np.testing.assert_array_equal(cells, np.flatnonzero(usable(view)))
    assert (np.diff(chosen.view) >= 0).all()


def test_points_lie_where_their_cells_are(scene: Scene):
    chosen = choose(scene, 500)
    for index, view in enumerate(scene.views):
        rows = chosen.view == index
        world = worlds.look(view.geometry).world.reshape(-1, 3)[chosen.cell[rows]]
        # depths are stored as float16: 1 part in 2048
        assert np.abs(chosen.xyz[rows] + centre_of(scene) - world).max() < 30 / 1024
        assert chosen.xyz.dtype == np.float32


@pytest.mark.parametrize("most", [40, 333, 1500])
def test_never_more_points_than_asked_for_and_nearly_as_many(scene: Scene, most: int):
    chosen = choose(scene, most)
    assert 0.8 * most <= len(chosen.view) <= most
    pairs = np.stack([chosen.view, chosen.cell], axis=1)
    assert len(np.unique(pairs, axis=0)) == len(pairs)


def test_the_same_points_each_time(scene: Scene):
    first, second = choose(scene, 300), choose(scene, 300)
    np.testing.assert_array_equal(first.cell, second.cell)
    np.testing.assert_array_equal(first.xyz, second.xyz)


def test_every_view_has_its_share(scene: Scene):
    chosen = choose(scene, 600)
    counts = np.bincount(chosen.view, minlength=len(scene.views))
    assert counts.min() > 0.5 * 600 / len(scene.views)


def test_points_are_spread_over_space(scene: Scene):
    """Of the occupied places of 1 m, far more are hit than by as many random points."""
    most = 300
    everything, chosen = choose(scene, 10**6), choose(scene, most)
    places = lambda xyz: len(np.unique(np.floor(xyz), axis=0))  # noqa: E731
    rng = np.random.default_rng(0)
    random = everything.xyz[rng.choice(len(everything.xyz), most, replace=False)]
    assert places(chosen.xyz) > 1.1 * places(random)


def test_confidence_decides_within_a_block(scene: Scene, tmp_path: Path):
    """A cell in four is trusted: of the points that are shown most are."""
    folder = SceneFolder(tmp_path / "other")
    geometry = worlds.geometry(
        [worlds.frame(view.frame_id) for view in scene.views], width=32, height=24
    )
    worlds.write(folder, [geometry])
    trusted = np.zeros((24, 32), np.bool_)
    trusted[::2, ::2] = True
    for view in geometry.views:
        depth = worlds.look(view).depth
        folder.write_view(view.frame_id, depth=depth, confidence=np.where(trusted, 0.9, 0.1))
    chosen = choose(folder.scenes()[0], 4 * 130)
    assert (chosen.confidence > 0.5).mean() > 0.6


def test_what_has_no_depth_or_is_masked_is_not_shown(tmp_path: Path):
    folder = SceneFolder(tmp_path / "other")
    geometry = worlds.geometry([worlds.frame(1)], width=8, height=6)
    folder.root.mkdir()
    folder.write_cameras([geometry])
    depth, trust, mask = np.full((6, 8), 2.0), np.full((6, 8), 0.5), np.ones((6, 8), np.bool_)
    depth[0], trust[1], mask[2] = 0, 0, False
    folder.write_view(1, depth=depth, confidence=trust, mask=mask)
    chosen = choose(folder.scenes()[0], 1000)
    np.testing.assert_array_equal(chosen.cell, np.arange(3 * 8, 6 * 8))


def test_a_scene_without_any_depth_has_no_points(tmp_path: Path):
    folder = SceneFolder(tmp_path / "other")
    geometry = worlds.geometry([worlds.frame(1), worlds.frame(2)], width=8, height=6)
    folder.root.mkdir()
    folder.write_cameras([geometry])
    for view in geometry.views:
        folder.write_view(view.frame_id, depth=np.zeros((6, 8)), confidence=np.zeros((6, 8)))
    assert len(choose(folder.scenes()[0], 1000).view) == 0
