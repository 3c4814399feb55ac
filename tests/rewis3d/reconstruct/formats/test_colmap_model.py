"""COLMAP models that pycolmap itself wrote, binary and text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pycolmap
import pytest

from rewis3d.geometry import transform
from rewis3d.reconstruct.formats import colmap_model
from rewis3d.types import Rewis3dError

LENSES = {
    "SIMPLE_PINHOLE": [100.0, 32, 24],
    "PINHOLE": [100.0, 101, 32, 24],
    "SIMPLE_RADIAL": [100.0, 32, 24, -0.1],
    "RADIAL": [100.0, 32, 24, -0.1, 0.02],
    "OPENCV": [100.0, 101, 32, 24, -0.1, 0.02, 0.001, 0.002],
    "FULL_OPENCV": [100.0, 101, 32, 24, -0.1, 0.02, 0.001, 0.002, 0.01, 0.02, 0.01, 0.001],
    "OPENCV_FISHEYE": [100.0, 101, 32, 24, -0.01, 0.002, 0.001, 0.002],
    "SIMPLE_RADIAL_FISHEYE": [100.0, 32, 24, -0.01],
    "RADIAL_FISHEYE": [100.0, 32, 24, -0.01, 0.002],
}


def model(folder: Path, *, lens: str = "OPENCV", text: bool = False) -> pycolmap.Reconstruction:
    """Two images a metre apart that see four points."""
    made = pycolmap.Reconstruction()
    camera = pycolmap.Camera(model=lens, width=64, height=48, params=LENSES[lens], camera_id=1)
    made.add_camera_with_trivial_rig(camera)
    xyz = np.array([[0.0, 0, 5], [1, 0, 6], [0, 1, 7], [0.5, 0.5, 8]])
    for number, name in ((1, "seq/b_002.jpg"), (2, "seq/a_001.jpg")):
        points = [pycolmap.Point2D(np.array([10.0 * i, 5])) for i in range(4)]
        image = pycolmap.Image(name=name, camera_id=1, image_id=number, points2D=points)
        pose = pycolmap.Rigid3d(pycolmap.Rotation3d(), np.array([-float(number), 0, 0]))
        made.add_image_with_trivial_frame(image, pose)
    for place, point in enumerate(xyz):
        track = pycolmap.Track()
        for number in (1, 2):
            track.add_element(number, place)
        made.add_point3D(point, track)
    folder.mkdir(parents=True, exist_ok=True)
    (made.write_text if text else made.write_binary)(folder)
    return made


@pytest.mark.parametrize("text", [False, True])
def test_poses_become_camera_to_world_in_the_order_of_names(tmp_path: Path, text: bool) -> None:
    model(tmp_path, text=text)
    given = colmap_model.read(tmp_path)
    assert [view.name for view in given.views] == ["a_001", "b_002"]
    # world to camera moves by (-2, 0, 0): the camera stands at x = 2
    assert given.views[0].T_world_camera[:3, 3].tolist() == [2, 0, 0]
    assert sorted(given.points["a_001"].tolist()) == [5, 6, 7, 8]
    assert not given.metric


@pytest.mark.parametrize("lens", LENSES)
def test_lenses_project_as_colmaps_do(lens: str) -> None:
    camera = pycolmap.Camera(model=lens, width=64, height=48, params=LENSES[lens])
    ours = colmap_model.camera_of(camera, "image 'a'")
    xyz = np.random.default_rng(0).uniform([-2, -1.5, 4], [2, 1.5, 9], (50, 3))
    theirs = np.array([camera.img_from_cam(point) for point in xyz])
    assert np.abs(ours.project(xyz) - theirs).max() < 1e-6


def test_a_lens_that_opencv_has_not_is_named() -> None:
    camera = pycolmap.Camera(model="FOV", width=64, height=48, params=[100, 100, 32, 24, 0.9])
    with pytest.raises(Rewis3dError, match=r"image 'a'.*FOV is not supported"):
        colmap_model.camera_of(camera, "image 'a'")


def test_points_lie_where_their_observations_are(tmp_path: Path) -> None:
    made = model(tmp_path)
    given = colmap_model.read(tmp_path)
    T = made.images[2].cam_from_world().matrix()
    xyz = np.array([point.xyz for point in made.points3D.values()])
    seen = transform(np.vstack([T, [0, 0, 0, 1]]), xyz)[:, 2]
    assert sorted(given.points["a_001"].tolist()) == pytest.approx(sorted(seen))


def test_a_model_is_found_inside_a_capture(tmp_path: Path) -> None:
    assert colmap_model.find(tmp_path) is None
    model(tmp_path / "sparse" / "0")
    assert colmap_model.find(tmp_path) == tmp_path / "sparse/0"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    model(tmp_path)
    (tmp_path / "cameras.bin").unlink()
    with pytest.raises(Rewis3dError, match=r"cameras\.bin is missing"):
        colmap_model.read(tmp_path)


def test_a_file_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    model(tmp_path)
    for name in ("images.bin", "cameras.bin", "points3D.bin"):
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(Rewis3dError, match=str(tmp_path)):
        colmap_model.read(tmp_path)
