"""nerfstudio's transforms.json: what it says is taken over, what is wrong is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewis3d.reconstruct.formats import transforms
from rewis3d.types import Rewis3dError

IDENTITY = np.eye(4).tolist()
PINHOLE = {"w": 640, "h": 480, "fl_x": 500.0, "fl_y": 510.0, "cx": 321.0, "cy": 239.0}


def written(folder: Path, top: dict[str, Any], *frames: Any) -> Path:
    path = folder / transforms.FILE
    path.write_text(json.dumps({**top, "frames": list(frames)}))
    return path


def frame(name: str = "images/a_001.png", **fields: Any) -> dict[str, Any]:
    return {"file_path": name, "transform_matrix": IDENTITY, **fields}


def test_the_camera_and_the_name_are_taken_over(tmp_path: Path) -> None:
    given = transforms.read(written(tmp_path, PINHOLE, frame()))
    view = given.views[0]
    assert view.name == "a_001"
    assert view.camera.K.tolist() == [[500, 0, 321], [0, 510, 239], [0, 0, 1]]
    assert (view.camera.width, view.camera.height) == (640, 480)
    assert view.camera.distortion == ()
    assert not given.metric


def test_opengl_poses_become_opencv_poses(tmp_path: Path) -> None:
    pose = np.eye(4)
    pose[:3, 3] = [1, 2, 3]
    view = transforms.read(written(tmp_path, PINHOLE, frame(transform_matrix=pose.tolist()))).views[
        0
    ]
    # OpenGL looks along -z: a point one metre ahead lies at z = 2 of the world
    assert (view.T_world_camera @ [0, 0, 1, 1])[:3].tolist() == [1, 2, 2]
    assert (view.T_world_camera @ [0, 1, 0, 1])[:3].tolist() == [1, 1, 3]


def test_a_frames_own_lens_goes_before_the_common_one(tmp_path: Path) -> None:
    own = frame(fl_x=300.0, k1=0.1, camera_model="OPENCV_FISHEYE")
    first, second = transforms.read(written(tmp_path, PINHOLE, own, frame("b.png"))).views
    assert (first.camera.K[0, 0], first.camera.fisheye) == (300, True)
    assert first.camera.distortion == (0.1, 0, 0, 0)
    assert (second.camera.K[0, 0], second.camera.fisheye) == (500, False)


def test_the_lens_is_in_opencvs_order(tmp_path: Path) -> None:
    lens = {"k1": 0.1, "k2": 0.2, "p1": 0.3, "p2": 0.4, "k3": 0.5}
    view = transforms.read(written(tmp_path, {**PINHOLE, **lens}, frame())).views[0]
    assert view.camera.distortion == (0.1, 0.2, 0.3, 0.4, 0.5)


def test_an_angle_of_view_is_a_focal_length(tmp_path: Path) -> None:
    top = {"w": 200, "h": 100, "camera_angle_x": np.pi / 2}
    K = transforms.read(written(tmp_path, top, frame())).views[0].camera.K
    assert (K[0, 0], K[1, 1]) == pytest.approx((100, 100))
    assert (K[0, 2], K[1, 2]) == (100, 50)


def test_depths_and_masks_are_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "d.png").touch()
    (tmp_path / "m.png").touch()
    top = {**PINHOLE, "depth_unit_scale_factor": 0.0002}
    given = transforms.read(
        written(tmp_path, top, frame(depth_file_path="d.png", mask_path="m.png"))
    )
    depth = given.views[0].depth
    assert depth is not None
    assert depth.units == pytest.approx(5000)
    assert given.views[0].mask == tmp_path / "m.png"
    assert given.metric


@pytest.mark.parametrize(
    ("top", "broken", "named"),
    [
        (PINHOLE, {"file_path": "a.png"}, r"frame 1 \(a\.png\): it has no `transform_matrix`"),
        (PINHOLE, {"transform_matrix": IDENTITY}, "frame 1: it has no `file_path`"),
        (PINHOLE, frame(transform_matrix=[[1, 2], [3]]), "transform_matrix is not 4 x 4"),
        (PINHOLE, frame(transform_matrix=np.diag([2, 2, 2, 1]).tolist()), "not a rotation"),
        (PINHOLE, frame(fl_x="wide"), "frame 1.*fl_x is 'wide'"),
        (PINHOLE, frame(fl_x=0), "frame 1.*focal lengths above 0"),
        (PINHOLE, frame(camera_model="EQUIRECTANGULAR"), "camera_model 'EQUIRECTANGULAR'; known"),
        (PINHOLE, frame(depth_file_path="gone.png"), "depth_file_path 'gone.png' is not a file"),
        (PINHOLE, frame(mask_path="gone.png"), "mask_path 'gone.png' is not a file"),
        (PINHOLE, "images/a.png", "frame 1: it has no `file_path`"),
    ],
)
def test_what_is_wrong_is_named_with_its_frame(
    tmp_path: Path, top: dict[str, Any], broken: Any, named: str
) -> None:
    with pytest.raises(Rewis3dError, match=named):
        transforms.read(written(tmp_path, top, frame(), broken))


@pytest.mark.parametrize(
    ("top", "named"),
    [({"w": 640, "fl_x": 500}, "no `h`"), ({"w": 640, "h": 480}, "no `fl_x`")],
)
def test_a_missing_field_is_named(tmp_path: Path, top: dict[str, Any], named: str) -> None:
    with pytest.raises(Rewis3dError, match=named):
        transforms.read(written(tmp_path, top, frame()))


@pytest.mark.parametrize("content", ["{", "[]", '{"frames": []}', '{"frames": 3}'])
def test_a_file_that_is_none_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / transforms.FILE
    path.write_text(content)
    with pytest.raises(Rewis3dError, match=r"transforms\.json"):
        transforms.read(path)
