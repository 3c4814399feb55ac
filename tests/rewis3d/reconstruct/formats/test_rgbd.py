"""RGB-D folders: what can't be guessed is asked for."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from rewis3d.reconstruct.formats import rgbd
from rewis3d.reconstruct.formats.types import GivenDepth
from rewis3d.types import Rewis3dError

K = "50 0 16\n0 50 12\n0 0 1\n"
POSE = "1 0 0 2\n0 1 0 0\n0 0 1 0\n0 0 0 1\n"


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    for name in ("depth", "pose"):
        (tmp_path / name).mkdir()
    (tmp_path / "intrinsics.txt").write_text(K)
    (tmp_path / "pose" / "f_1.txt").write_text(POSE)
    depth = np.full((24, 32), 1500, np.uint16)
    depth[0] = 0
    cv2.imwrite(str(tmp_path / "depth" / "f_1.png"), depth)
    return tmp_path


def test_a_registered_capture_is_read(capture: Path) -> None:
    given = rgbd.read(capture, units=1000.0, registered=True, size=(24, 32))
    view = given.views[0]
    assert view.name == "f_1"
    assert view.T_world_camera[0, 3] == 2
    assert view.depth is not None
    depth = rgbd.read_depth(view.depth)
    assert depth[1, 0] == np.float32(1.5)
    assert depth[0, 0] == 0
    assert given.metric


def test_a_sensor_of_its_own_needs_its_camera(capture: Path) -> None:
    with pytest.raises(Rewis3dError, match=r"depth_intrinsics\.txt"):
        rgbd.read(capture, units=1000.0, registered=False, size=(24, 32))
    (capture / "depth_intrinsics.txt").write_text(K)
    (capture / "T_colour_depth.txt").write_text(POSE)
    view = rgbd.read(capture, units=1000.0, registered=False, size=(48, 64)).views[0]
    assert view.depth is not None
    assert view.depth.sensor is not None
    assert (view.depth.sensor.camera.width, view.camera.width) == (32, 64)
    assert view.depth.sensor.T_colour_depth[0, 3] == 2


def test_scale_and_registration_are_asked_for(capture: Path) -> None:
    with pytest.raises(Rewis3dError, match="depth_scale=1000"):
        rgbd.read(capture, units=0.0, registered=True, size=(24, 32))
    with pytest.raises(Rewis3dError, match="depth_registered=yes or no"):
        rgbd.read(capture, units=1000.0, registered=None, size=(24, 32))


@pytest.mark.parametrize(
    ("file", "content", "named"),
    [
        ("pose/f_1.txt", None, r"pose/f_1\.txt: can't be read"),
        ("pose/f_1.txt", "1 2\n3 4\n", r"f_1\.txt: \(2, 2\) numbers; wanted 4 x 4"),
        ("pose/f_1.txt", POSE.replace("1", "3"), "'f_1' has no pose"),
        ("pose/f_1.txt", "nan " * 4 + "\n" + "0 0 0 1\n" * 3, "'f_1' has no pose"),
        ("intrinsics.txt", "wide", r"intrinsics\.txt: can't be read"),
        ("depth/f_1.png", None, "no depth image"),
    ],
)
def test_what_is_wrong_is_named(capture: Path, file: str, content: str | None, named: str) -> None:
    (capture / file).unlink()
    if content is not None:
        (capture / file).write_text(content)
    with pytest.raises(Rewis3dError, match=named):
        rgbd.read(capture, units=1000.0, registered=True, size=(24, 32))


def test_depths_may_be_arrays(tmp_path: Path) -> None:
    stored = np.array([[1.5, np.nan], [-1, np.inf]], np.float32)
    np.save(tmp_path / "d.npy", stored)
    depth = rgbd.read_depth(GivenDepth(tmp_path / "d.npy", 1.0))
    assert depth.tolist() == [[1.5, 0], [0, 0]]


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 3)])
def test_a_picture_is_no_depth(tmp_path: Path, shape: tuple[int, ...]) -> None:
    cv2.imwrite(str(tmp_path / "d.png"), np.zeros(shape, np.uint8))
    with pytest.raises(Rewis3dError, match=r"d\.png"):
        rgbd.read_depth(GivenDepth(tmp_path / "d.png", 1000.0))


def test_a_file_that_is_no_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "d.png").write_bytes(b"no")
    with pytest.raises(Rewis3dError, match=r"d\.png"):
        rgbd.read_depth(GivenDepth(tmp_path / "d.png", 1000.0))
