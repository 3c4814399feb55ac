"""The reconstruction's folder: what is written is read, and only what is complete."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rewis3d.geometry import Camera, pinhole
from rewis3d.scene import GridMap, SceneFolder, SceneGeometry, ViewGeometry
from rewis3d.types import Rewis3dError


def view_geometry(frame_id: int, *, x: float = 0.0, lens: tuple[float, ...] = ()) -> ViewGeometry:
    T = np.eye(4)
    T[0, 3] = x
    camera = Camera(pinhole(10.0, 8, 6).K, 8, 6, lens)
    return ViewGeometry(frame_id, 12, 16, camera, T, GridMap((0.5, 0.5)), "given")


def scene_geometry(*views: ViewGeometry) -> SceneGeometry:
    return SceneGeometry(views, np.array([0.0, -1, 0]), "metric")


@pytest.fixture
def folder(tmp_path: Path) -> SceneFolder:
    made = SceneFolder(tmp_path / "scene")
    made.write_cameras(
        [
            scene_geometry(view_geometry(3), view_geometry(4, x=1.5)),
            scene_geometry(view_geometry(9, lens=(-0.1, 0.01, 0.0, 0.0))),
        ]
    )
    return made


def fill(folder: SceneFolder, *frames: int) -> None:
    for frame in frames:
        folder.write_view(frame, depth=np.full((6, 8), 2.0), confidence=np.full((6, 8), 0.5))


def test_cameras_come_back_as_they_were(folder: SceneFolder) -> None:
    first, second = folder.cameras()
    assert [view.frame_id for view in first.views] == [3, 4]
    assert first.views[1].T_world_camera[0, 3] == 1.5
    assert first.views[0].grid.to_grid(np.array([[16.0, 12]])).tolist() == [[8, 6]]
    assert second.views[0].camera.distortion == (-0.1, 0.01, 0.0, 0.0)
    assert second.unit == "metric"


def test_views_come_back_as_memory_maps(folder: SceneFolder) -> None:
    fill(folder, 3, 4, 9)
    scenes = folder.scenes()
    view = scenes[0].view(4)
    assert view is not None
    assert isinstance(view.depth, np.memmap)
    assert view.confidence[0, 0] == np.float16(0.5)
    assert scenes[1].view(4) is None


def test_cells_become_points_of_the_world(folder: SceneFolder) -> None:
    fill(folder, 3, 4, 9)
    view = folder.scenes()[0].view(4)
    assert view is not None
    # cell (row 2, column 7): its centre (7.5, 2.5) lies (3.5, -0.5) cells off the axis, f = 10
    assert view.points(np.array([2 * 8 + 7])).tolist() == [[1.5 + 0.7, -0.1, 2.0]]


def test_depths_that_are_none_are_zero_and_not_trusted(folder: SceneFolder) -> None:
    depth = np.full((6, 8), 2.0)
    depth[0, :5] = [np.nan, np.inf, -1, 0, 1e6]
    folder.write_view(3, depth=depth, confidence=np.full((6, 8), 1.5))
    view = folder.read_view(folder.cameras()[0].views[0])
    assert view.depth[0, :6].tolist() == [0, 0, 0, 0, 0, 2]
    assert view.confidence[0, :6].tolist() == [0, 0, 0, 0, 0, 1]


def test_unfinished_views_are_named_and_keep_a_scene_from_being_read(folder: SceneFolder) -> None:
    fill(folder, 3)
    assert [view.frame_id for view in folder.unfinished()] == [4, 9]
    with pytest.raises(Rewis3dError, match=r"000004\.depth\.npy"):
        folder.scenes()


def test_a_view_without_its_confidence_is_not_finished(folder: SceneFolder) -> None:
    fill(folder, 3)
    (folder.root / "views" / "000003.confidence.npy").unlink()  # killed between the two
    assert not folder.has_view(3)


def test_a_depth_of_another_size_is_named(folder: SceneFolder) -> None:
    folder.write_view(3, depth=np.ones((5, 8)), confidence=np.ones((5, 8)))
    with pytest.raises(Rewis3dError, match=r"000003\.depth\.npy: float16 \(5, 8\)"):
        folder.read_view(folder.cameras()[0].views[0])


def test_a_frame_lies_in_one_scene_only(tmp_path: Path) -> None:
    with pytest.raises(Rewis3dError, match="one scene only"):
        SceneFolder(tmp_path).write_cameras([scene_geometry(view_geometry(3))] * 2)


def test_a_folder_that_is_no_reconstruction_is_named(tmp_path: Path) -> None:
    with pytest.raises(Rewis3dError, match="not a reconstruction"):
        SceneFolder(tmp_path).cameras()
    (tmp_path / "cameras.json").write_text('{"version": 99, "scenes": []}')
    with pytest.raises(Rewis3dError, match="newer version"):
        SceneFolder(tmp_path).cameras()


def test_a_pose_that_is_no_rigid_motion_is_refused() -> None:
    with pytest.raises(Rewis3dError, match="frame 5"):
        ViewGeometry(
            5, 12, 16, pinhole(10.0, 8, 6), np.diag([2.0, 2, 2, 1]), GridMap((0.5, 0.5)), "given"
        )


def test_masks_are_kept_apart(folder: SceneFolder) -> None:
    mask = np.zeros((6, 8), bool)
    mask[2] = True
    folder.write_view(3, depth=np.ones((6, 8)), confidence=np.ones((6, 8)), mask=mask)
    view = folder.read_view(folder.cameras()[0].views[0])
    assert view.mask is not None
    assert np.array_equal(view.mask, mask)
    assert (view.depth == 1).all()


def test_the_grid_of_an_image_is_the_image_made_smaller() -> None:
    camera = pinhole(500.0, 1000, 751)
    view = ViewGeometry.of_image(
        1, camera, T_world_camera=np.eye(4), max_side=480, backend="colmap"
    )
    assert (view.camera.width, view.camera.height) == (480, 360)
    corner = np.array([[1000.0, 751]])
    assert view.grid.to_grid(corner) == pytest.approx(np.array([[480.0, 360]]))
    point = np.array([[0.3, -0.2, 2.0]])
    assert view.grid.to_image(view.camera.project(point)) == pytest.approx(camera.project(point))


def test_the_grid_is_never_finer_than_the_image() -> None:
    view = ViewGeometry.of_image(
        1, pinhole(50.0, 96, 72), T_world_camera=np.eye(4), max_side=480, backend="colmap"
    )
    assert (view.camera.width, view.camera.height) == (96, 72)
