"""Given cameras and depths become scenes: names matched, grids filled, scale decided."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
import pytest

from app.street.view import render
from rewis3d.geometry import Camera, pinhole
from rewis3d.job import Job, View
from rewis3d.reconstruct import given
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.formats import captures
from rewis3d.reconstruct.formats.types import DepthCamera, GivenDepth, GivenView
from rewis3d.reconstruct.solution import Solution
from rewis3d.scene import MEDIAN_DEPTH, SceneFolder
from rewis3d.types import Rewis3dError

HEIGHT, WIDTH = 90, 120
T = TypeVar("T")


def finish(steps: Generator[Any, None, T]) -> T:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rendered clip of five frames with its transforms.json and exact depths in millimetres."""
    folder = tmp_path_factory.mktemp("street")
    frames = []
    clip = render(3, frames=5, width=WIDTH, height=HEIGHT, motion="lateral")
    for place, view in enumerate(clip):
        cv2.imwrite(str(folder / f"s_{place}.png"), view.image[..., ::-1])
        millimetres = np.clip(view.depth * 1000, 0, 65535).astype(np.uint16)
        cv2.imwrite(str(folder / f"d_{place}.png"), millimetres)
        pose = view.T_world_camera @ np.diag([1.0, -1, -1, 1])  # to OpenGL
        K = view.K
        frames.append(
            {
                "file_path": f"s_{place}.png",
                "transform_matrix": pose.tolist(),
                "depth_file_path": f"d_{place}.png",
                "w": WIDTH,
                "h": HEIGHT,
                "fl_x": K[0, 0],
                "fl_y": K[1, 1],
                "cx": K[0, 2],
                "cy": K[1, 2],
            }
        )
    (folder / "transforms.json").write_text(json.dumps({"frames": frames}))
    return folder


def job(street: Path, source: Path, *, frames: int = 5) -> Job:
    views = tuple(
        View(i + 1, str(street / f"s_{i}.png"), HEIGHT, WIDTH, name=f"s_{i}") for i in range(frames)
    )
    return Job("reconstruct", views, (), {}, 0, options={captures.SOURCE: str(source)})


def run(job: Job, folder: Path, **settings: Any) -> tuple[Solution, SceneFolder]:
    config = ReconstructConfig(backend="given", **settings)
    scene = SceneFolder(folder / "scene")
    return finish(given.reconstruct(job, folder, config, scene)), scene


def test_depths_are_taken_over_as_they_are(street: Path, tmp_path: Path) -> None:
    found, folder = run(job(street, street), tmp_path)
    scene = folder.scenes()[0]
    assert scene.unit == "metric"
    truth = list(render(3, frames=5, width=WIDTH, height=HEIGHT, motion="lateral"))
    for view, exact in zip(scene.views, truth, strict=True):
        assert view.geometry.T_world_camera == pytest.approx(exact.T_world_camera)
        near = (exact.depth > 0) & (exact.depth < 60)
        assert view.depth[near] == pytest.approx(exact.depth[near], rel=2e-3)
        assert ((view.confidence == 1) == (np.asarray(view.depth) > 0)).all()
    assert found.reasons == {}


def test_a_grid_may_be_coarser_than_the_image(street: Path, tmp_path: Path) -> None:
    _, folder = run(job(street, street), tmp_path, max_side=64)
    view = folder.scenes()[0].views[0]
    assert view.depth.shape == (48, 64)
    assert view.geometry.camera.K[0, 2] == pytest.approx(32)


def test_without_depths_stereo_finds_them(street: Path, tmp_path: Path) -> None:
    fields = json.loads((street / "transforms.json").read_text())
    for frame in fields["frames"]:
        del frame["depth_file_path"]
    source = tmp_path / "transforms.json"
    source.write_text(json.dumps(fields))
    found, folder = run(job(street, source), tmp_path)
    scene = folder.scenes()[0]
    assert scene.unit == "normalised"
    middles = [np.sqrt(near * far) for near, far in found.ranges.values()]
    assert np.median(middles) == pytest.approx(MEDIAN_DEPTH)
    exact = list(render(3, frames=5, width=WIDTH, height=HEIGHT, motion="lateral"))[2]
    view = scene.views[2]
    strict = (np.asarray(view.confidence) > 0.05) & (exact.depth > 0) & ~exact.moving
    assert strict.mean() > 0.3
    ratio = np.asarray(view.depth, np.float64)[strict] / exact.depth[strict]
    # the truth has a scale; ours differs from it by one factor
    assert np.median(np.abs(ratio / np.median(ratio) - 1)) < 0.03


def test_frames_without_a_camera_stay_2d(street: Path, tmp_path: Path) -> None:
    fields = json.loads((street / "transforms.json").read_text())
    fields["frames"] = [
        {**frame, "depth_file_path": str(street / frame["depth_file_path"])}
        for frame in fields["frames"][:3]
    ]
    source = tmp_path / "transforms.json"
    source.write_text(json.dumps(fields))
    found, folder = run(job(street, source), tmp_path)
    assert found.reasons == {4: given.NO_CAMERA, 5: given.NO_CAMERA}
    assert [view.frame_id for view in folder.scenes()[0].views] == [1, 2, 3]


def test_a_camera_of_another_shape_is_named(street: Path, tmp_path: Path) -> None:
    fields = json.loads((street / "transforms.json").read_text())
    fields["frames"][1] |= {"w": WIDTH * 2, "depth_file_path": None}
    source = tmp_path / "transforms.json"
    source.write_text(json.dumps(fields))
    (tmp_path / "d_0.png").write_bytes((street / "d_0.png").read_bytes())
    for place in (2, 3, 4):
        (tmp_path / f"d_{place}.png").write_bytes((street / f"d_{place}.png").read_bytes())
    with pytest.raises(Rewis3dError, match="frame 's_1': its camera is of 240 x 90"):
        run(job(street, source), tmp_path)


def test_cameras_of_other_frames_are_refused(street: Path, tmp_path: Path) -> None:
    wrong = Job(
        "reconstruct",
        (View(1, str(street / "s_0.png"), HEIGHT, WIDTH, name="other"),),
        (),
        {},
        0,
        options={captures.SOURCE: str(street)},
    )
    with pytest.raises(Rewis3dError, match=r"'s_0' \.\.\., the frames 'other'"):
        run(wrong, tmp_path)


def test_a_folder_that_holds_nothing_is_named(street: Path, tmp_path: Path) -> None:
    with pytest.raises(Rewis3dError, match=r"no transforms\.json, no COLMAP model"):
        run(job(street, tmp_path), tmp_path)
    with pytest.raises(Rewis3dError, match="no such file or folder"):
        run(job(street, tmp_path / "gone"), tmp_path)


def test_a_sensor_beside_the_camera_is_registered(tmp_path: Path) -> None:
    # a wall at 2 m; the sensor sits 0.1 m to the right, with half as many pixels
    np.save(tmp_path / "wall.npy", np.full((24, 32), 2.0, np.float32))
    offset = np.eye(4)
    offset[0, 3] = 0.1
    sensor = DepthCamera(Camera(pinhole(20.0, 32, 24).K, 32, 24), offset)
    view = GivenView(
        "a",
        pinhole(40.0, 64, 48),
        np.eye(4),
        GivenDepth(tmp_path / "wall.npy", 1.0, sensor),
    )
    depth = captures.depth_on(view, view.camera)
    # 0.1 m at 2 m are 40 x 0.1 / 2 = 2 pixels: the left two columns are not seen
    assert (depth[:, :2] == 0).all()
    assert (depth[2:-2, 3:] == 2).mean() > 0.99


def test_masked_pixels_have_no_depth(tmp_path: Path) -> None:
    np.save(tmp_path / "wall.npy", np.full((48, 64), 2.0, np.float32))
    mask = np.full((48, 64), 255, np.uint8)
    mask[:10] = 0
    cv2.imwrite(str(tmp_path / "m.png"), mask)
    view = GivenView(
        "a",
        pinhole(40.0, 64, 48),
        np.eye(4),
        GivenDepth(tmp_path / "wall.npy", 1.0),
        tmp_path / "m.png",
    )
    depth = captures.depth_on(view, view.camera)
    assert (depth[:10] == 0).all()
    assert (depth[10:] == 2).all()
