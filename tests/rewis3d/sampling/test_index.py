"""What sampling knows of a scene: usable cells, their points, and where blocks of them lie."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewis3d.geometry import transform
from rewis3d.sampling import index as module
from rewis3d.sampling.index import SceneIndex, index_scene, moved
from rewis3d.scene import Scene, SceneView
from rewis3d.types import Rewis3dError
from tests.rewis3d.sampling.street import FRAMES, SIZE, street, usable, world

LENSES = [(), (-0.28, 0.07, 2e-4, 1e-4, 0.0)]


def cells_of(index: SceneIndex, block: int) -> list[tuple[int, int]]:
    """The view and the cell of all that a block holds, one by one."""
    b, width = index.blocks, SIZE[1]
    return [
        (int(b.place[block]), (int(b.row[block]) + i) * width + int(b.column[block]) + j)
        for i in range(b.height[block])
        for j in range(b.width[block])
    ]


def with_view(scene: Scene, view: SceneView) -> Scene:
    return replace(scene, views=(view, *scene.views[1:]))


@pytest.mark.parametrize("block", [1, 5, 64])
def test_blocks_hold_every_usable_cell_once_and_bound_its_point(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK", block)
    scene = street()
    index = index_scene(scene, frames=FRAMES)
    held: dict[tuple[int, int], int] = {}
    for each in range(len(index.blocks.row)):
        for cell in cells_of(index, each):
            assert cell not in held
            held[cell] = each
    for place, view in enumerate(scene.views):
        cells = usable(view)
        at = [held[place, cell] for cell in cells]
        xyz = world(view, cells)
        assert (xyz >= index.blocks.low[at] - 1e-9).all()
        assert (xyz <= index.blocks.high[at] + 1e-9).all()
    assert index.blocks.place.tolist() == sorted(index.blocks.place.tolist())


def test_blocks_without_a_usable_cell_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 1)
    scene = street()
    index = index_scene(scene, frames=FRAMES)
    assert len(index.blocks.row) == sum(len(usable(view)) for view in scene.views)


def test_a_block_knows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 1)  # the box of one point
    scene = street()
    index = index_scene(scene, frames=FRAMES[:1])
    place = np.array([1.0, 2.0, 3.0])
    xyz = world(scene.views[0], usable(scene.views[0]))
    assert index.blocks.distance(place) == pytest.approx(np.linalg.norm(xyz - place, axis=1))


@pytest.mark.parametrize("lens", LENSES)
def test_points_are_the_scene_s(lens: tuple[float, ...]) -> None:
    scene = street(lens=lens)
    index = index_scene(scene, frames=FRAMES)
    for indexed, view in zip(index.views, scene.views, strict=True):
        cells = np.array(usable(view))
        xyz = moved(view.geometry.T_world_camera, indexed.in_camera(cells))
        assert xyz == pytest.approx(view.points(cells), abs=1e-5)
        assert indexed.usable_cells().tolist() == cells.tolist()


def test_views_of_one_camera_share_its_rays() -> None:
    index = index_scene(street(lens=LENSES[1]), frames=FRAMES)
    assert len({id(view.rays) for view in index.views}) == 1


def test_the_backend_s_mask_leaves_cells_out() -> None:
    scene = street()
    mask = np.zeros(SIZE, bool)
    mask[4:] = True
    scene = with_view(scene, replace(scene.views[0], mask=mask))
    view = index_scene(scene, frames=FRAMES).views[0]
    cells = np.arange(SIZE[0] * SIZE[1])
    assert view.usable_cells().tolist() == usable(scene.views[0])
    assert np.flatnonzero(view.usable(cells)).tolist() == usable(scene.views[0])
    assert min(usable(scene.views[0])) >= 4 * SIZE[1]


def test_a_view_without_a_usable_cell_has_no_block() -> None:
    scene = street()
    scene = with_view(scene, replace(scene.views[0], depth=np.zeros(SIZE, np.float16)))
    index = index_scene(scene, frames=FRAMES)
    assert set(index.blocks.place.tolist()) == {1, 2}
    assert len(index_scene(scene, frames=FRAMES[:1]).blocks.row) == 0


def test_only_the_frames_that_are_asked_for_are_indexed() -> None:
    index = index_scene(street(), frames={8, 99})
    assert [view.frame_id for view in index.views] == [8]
    assert index.place(8) == 0
    with pytest.raises(Rewis3dError, match="frame 3"):
        index.place(3)
    assert len(index_scene(street(), frames=()).blocks.row) == 0


@given(st.integers(0, 999))
@settings(max_examples=20)
def test_points_are_moved_as_geometry_moves_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    T, xyz = np.eye(4), rng.normal(size=(7, 3))
    T[:3] = rng.normal(size=(3, 4))
    assert moved(T, xyz) == pytest.approx(transform(T, xyz))
