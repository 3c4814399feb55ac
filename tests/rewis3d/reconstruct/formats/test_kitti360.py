"""KITTI-360 as it lies on disk: cameras, sweeps, drives, and what is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rewis3d.geometry import transform
from rewis3d.reconstruct.formats import kitti360
from rewis3d.reconstruct.formats.types import Given
from rewis3d.types import Rewis3dError
from tests.rewis3d.reconstruct.formats import kitti360_drive as layout
from tests.rewis3d.reconstruct.lidar import hits

DATA = f"data_3d_raw/{layout.NAME}/velodyne_points/data"
POSES = f"data_poses/{layout.NAME}/cam0_to_world.txt"


def points(given: Given, name: str, scratch: Path) -> np.ndarray:
    assert given.measured is not None
    ((found, pieces),) = given.measured.seen_by([name], scratch=scratch)
    assert found == name
    return np.concatenate(list(pieces))


def off_surfaces(xyz: np.ndarray) -> np.ndarray:
    """How far points of the stage lie from its nearest rectangle, along the three axes."""
    far = [
        hits(layout.SCENE, xyz - axis * 0.5, np.tile(axis, (len(xyz), 1)))[0] for axis in np.eye(3)
    ]
    return np.abs(np.array(far) - 0.5).min(axis=0)


def test_cameras_stand_where_they_stood_without_the_large_offset(tmp_path: Path) -> None:
    drive = layout.write(tmp_path)
    given = kitti360.read(tmp_path, sweeps=1)
    assert [view.name for view in given.views] == ["0000000001", "0000000002", "0000000003"]
    assert given.metric
    assert given.views[0].T_world_camera[:3, 3] == pytest.approx(0, abs=1e-9)
    for view, T in zip(given.views, drive.T_world_camera.values(), strict=True):
        assert drive.to_stage(view.T_world_camera) == pytest.approx(T, abs=1e-6)
        inside = view.camera.K
        assert inside == pytest.approx(layout.CAMERA.K, abs=1e-6)
        assert (view.camera.height, view.camera.width) == layout.SIZE
    assert "456123.35" in given.notes[0]  # where the world's origin was


def test_the_other_camera_stands_beside_it(tmp_path: Path) -> None:
    drive = layout.write(tmp_path)
    place = tmp_path / "data_2d_raw" / layout.NAME / "image_01" / "data_rect"
    place.mkdir(parents=True)
    given = kitti360.read(place, sweeps=1)
    for view, T in zip(given.views, drive.T_world_camera.values(), strict=True):
        assert drive.to_stage(view.T_world_camera) == pytest.approx(layout.camera_1(T), abs=1e-6)


def test_points_lie_on_the_surfaces_although_the_car_moves(tmp_path: Path) -> None:
    drive = layout.write(tmp_path, step=1.2)
    given = kitti360.read(tmp_path, sweeps=1)
    for name in ("0000000001", "0000000002"):
        xyz = points(given, name, tmp_path) + drive.T_world_camera[1][:3, 3]
        assert len(xyz) > 5000
        assert off_surfaces(xyz).max() < 1e-3  # float32 files
    alone = layout.write(tmp_path / "alone", step=1.2)
    (tmp_path / "alone" / POSES).write_text((tmp_path / POSES).read_text().splitlines()[1])
    given = kitti360.read(tmp_path / "alone", sweeps=1)
    xyz = points(given, "0000000002", tmp_path) + alone.T_world_camera[2][:3, 3]
    assert off_surfaces(xyz).max() > 0.1  # without a motion the turn can't be taken back


def test_neighbouring_sweeps_join_where_there_are_any(tmp_path: Path) -> None:
    layout.write(tmp_path)
    one, three = (kitti360.read(tmp_path, sweeps=sweeps) for sweeps in (1, 3))
    counts = [len(points(one, f"{frame:010d}", tmp_path)) for frame in (1, 2, 3)]
    assert len(points(three, "0000000002", tmp_path)) == sum(counts)
    assert len(points(three, "0000000001", tmp_path)) == counts[0] + counts[1]


def test_the_own_car_is_left_out_and_what_has_no_coordinates_stays(tmp_path: Path) -> None:
    layout.write(tmp_path)
    file = tmp_path / DATA / "0000000002.bin"
    before = len(points(kitti360.read(tmp_path, sweeps=1), "0000000002", tmp_path))
    extra = np.array([[1.0, 1, -1, 0], [np.nan, 1, 1, 0], [np.inf, 0, 0, 0]], "<f4")
    file.write_bytes(file.read_bytes() + extra.tobytes())
    xyz = points(kitti360.read(tmp_path, sweeps=1), "0000000002", tmp_path)
    assert len(xyz) == before + 2
    assert (~np.isfinite(xyz)).any(axis=1).sum() == 2


def test_frames_without_a_pose_or_a_sweep_say_so(tmp_path: Path) -> None:
    layout.write(tmp_path, frames=(1, 2, 3))
    (tmp_path / DATA / "0000000003.bin").rename(tmp_path / DATA / "0000000009.bin")
    given = kitti360.read(tmp_path, sweeps=3)
    assert [view.name for view in given.views] == ["0000000001", "0000000002"]
    assert given.reasons == {"0000000003": kitti360.NO_SWEEP, "0000000009": kitti360.NO_POSE}
    points(given, "0000000002", tmp_path)  # the third sweep is missed by nobody


def test_a_drive_is_named_where_there_are_several(tmp_path: Path) -> None:
    layout.write(tmp_path)
    other = tmp_path / "other"
    (other / "data_poses" / "x").mkdir(parents=True)
    with pytest.raises(Rewis3dError, match="no drive has poses"):
        kitti360.read(other, sweeps=1)
    second = layout.write(tmp_path / "second", name="2013_05_28_drive_0002_sync").root
    for kind in ("data_poses", "data_3d_raw"):
        name = "2013_05_28_drive_0002_sync"
        (second / kind / name).rename(tmp_path / kind / name)
    with pytest.raises(
        Rewis3dError, match=r"2 drives; name one of them: --given .*drive_0000_sync"
    ):
        kitti360.read(tmp_path, sweeps=1)
    for kind in ("data_poses", "data_3d_raw"):
        given = kitti360.read(tmp_path / kind / "2013_05_28_drive_0002_sync", sweeps=1)
        assert "drive_0002" in given.notes[0]


def test_other_folders_are_none(tmp_path: Path) -> None:
    assert kitti360.root_of(tmp_path) is None
    with pytest.raises(Rewis3dError, match="not inside of KITTI-360"):
        kitti360.read(tmp_path, sweeps=1)


@pytest.mark.parametrize(
    ("file", "content", "named"),
    [
        ("calibration/perspective.txt", None, r"perspective\.txt: can't be read"),
        ("calibration/perspective.txt", "R_rect_00: 1 2\n", r"R_rect_00: 2 numbers; wanted 9"),
        ("calibration/perspective.txt", "R_rect_00: a b\n", "R_rect_00: not numbers"),
        ("calibration/perspective.txt", "x: 1\n", "it has no R_rect_00"),
        (
            "calibration/calib_cam_to_velo.txt",
            "1 0 0 0 1 0 0 0 1",
            "velo.txt: .* is not a rotation",
        ),
        ("calibration/calib_cam_to_velo.txt", "2 " * 12, "cam_to_velo.txt: .* is not a rotation"),
        (POSES, None, r"cam0_to_world\.txt: can't be read"),
        (POSES, "", r"cam0_to_world\.txt: it is empty"),
        (POSES, "1 2 3", r"3 numbers a line; wanted a frame and 4 x 4"),
        (POSES, "7 " + "2 " * 16, r"cam0_to_world\.txt: frame 7: not a rotation"),
        (POSES, "1 " + "x " * 16, r"cam0_to_world\.txt: can't be read as numbers"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, file: str, content: str | None, named: str) -> None:
    layout.write(tmp_path)
    (tmp_path / file).unlink()
    if content is not None:
        (tmp_path / file).write_text(content)
    with pytest.raises(Rewis3dError, match=named):
        kitti360.read(tmp_path, sweeps=1)


def test_sweeps_that_are_missing_are_named(tmp_path: Path) -> None:
    layout.write(tmp_path)
    given = kitti360.read(tmp_path, sweeps=1)
    (tmp_path / DATA / "0000000002.bin").unlink()
    with pytest.raises(Rewis3dError, match=r"0000000002\.bin: can't be read \(No such file"):
        points(given, "0000000002", tmp_path)
    for file in (tmp_path / DATA).iterdir():
        file.unlink()
    with pytest.raises(Rewis3dError, match="none of its 0 sweeps"):
        kitti360.read(tmp_path, sweeps=1)
    (tmp_path / DATA).rmdir()
    with pytest.raises(Rewis3dError, match="no such folder of sweeps"):
        kitti360.read(tmp_path, sweeps=1)


def test_a_fisheye_is_refused(tmp_path: Path) -> None:
    layout.write(tmp_path)
    place = tmp_path / "data_2d_raw" / layout.NAME / "image_02"
    place.mkdir(parents=True)
    with pytest.raises(Rewis3dError, match="image_02 is none that OpenCV knows"):
        kitti360.read(place, sweeps=1)


def test_points_project_to_where_the_image_shows_them(tmp_path: Path) -> None:
    drive = layout.write(tmp_path)
    given = kitti360.read(tmp_path, sweeps=1)
    view = given.views[1]
    xyz = points(given, view.name, tmp_path)
    in_camera = transform(np.linalg.inv(view.T_world_camera), xyz)
    exact = transform(np.linalg.inv(drive.T_world_camera[2]), xyz + drive.T_world_camera[1][:3, 3])
    front = in_camera[:, 2] > 1
    assert view.camera.project(in_camera[front]) == pytest.approx(
        layout.CAMERA.project(exact[front]), abs=1e-3
    )
