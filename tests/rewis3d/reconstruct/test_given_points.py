"""LiDAR drives and clouds become scenes: sparse, trusted, in the right unit, wherever they lie."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewis3d.carry import carry, lift_frame
from rewis3d.geometry import Camera, pinhole
from rewis3d.job import Job, View
from rewis3d.material import Sampling
from rewis3d.reconstruct import given
from rewis3d.reconstruct.config import ReconstructConfig, resolve
from rewis3d.reconstruct.formats import captures, kitti360
from rewis3d.reconstruct.solution import Solution
from rewis3d.sampling.cloud import sample_view
from rewis3d.sampling.index import index_scene
from rewis3d.scene import MEDIAN_DEPTH, Scene, SceneFolder, SceneView
from rewis3d.types import UNLABELLED, Rewis3dError
from tests.rewis3d.reconstruct.formats import kitti360_drive, waymo_segment
from tests.rewis3d.reconstruct.formats.test_clouds import UTM, write_las, write_ply
from tests.rewis3d.reconstruct.lidar import hits
from tests.rewis3d.reconstruct.test_given import finish
from tests.rewis3d.stage import Quad, ground, pose, truth_of, wall


def run(
    source: Path, views: tuple[View, ...], folder: Path, **settings: Any
) -> tuple[Solution, Scene]:
    job = Job("reconstruct", views, (), {}, 0, options={captures.SOURCE: str(source)})
    config = ReconstructConfig(backend="given", **settings)
    folder.mkdir(exist_ok=True)
    scene_folder = SceneFolder(folder / "scene")
    found = finish(given.reconstruct(job, folder, config, scene_folder))
    return found, scene_folder.scenes()[0]


def frames(names: list[str], camera: Camera) -> tuple[View, ...]:
    return tuple(
        View(i + 1, "none.png", camera.height, camera.width, name=name)
        for i, name in enumerate(names)
    )


def exact(quads: tuple[Quad, ...], view: SceneView, T: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest and the farthest depth that each cell of a view shows."""
    camera = view.geometry.camera
    y, x = np.mgrid[0 : camera.height, 0 : camera.width]
    depths = []
    for off in (0.02, 0.5, 0.98):
        for other in (0.02, 0.5, 0.98):
            xy = np.stack([x + off, y + other], axis=-1).reshape(-1, 2)
            rays = camera.rays(xy)
            origins = np.broadcast_to(T[:3, 3], rays.shape)
            depths.append(hits(quads, origins, rays @ T[:3, :3].T)[0].reshape(y.shape))
    return np.min(depths, axis=0), np.max(depths, axis=0)


def wrong(quads: tuple[Quad, ...], view: SceneView, T: np.ndarray) -> float:
    """Return the share of a view's depths that no point of their cells has."""
    near, far = exact(quads, view, T)
    depth = np.asarray(view.depth, np.float64)
    there = depth > 0
    off = there & ((depth < near * 0.98) | (depth > far * 1.02))
    return off.sum() / there.sum()


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> kitti360_drive.Drive:
    return kitti360_drive.write(tmp_path_factory.mktemp("kitti"), frames=(1, 2, 3, 4, 5))


NAMES = [f"{frame:010d}" for frame in range(1, 6)]


def test_a_drive_becomes_a_metric_scene(drive: kitti360_drive.Drive, tmp_path: Path) -> None:
    views = frames([*NAMES, "0000000077"], kitti360_drive.CAMERA)
    found, scene = run(drive.root, views, tmp_path)
    assert scene.unit == "metric"
    assert found.reasons == {6: given.NO_CAMERA}
    assert scene.up == pytest.approx([0, -1, 0], abs=0.1)
    for view, T in zip(scene.views, drive.T_world_camera.values(), strict=True):
        assert np.abs(view.geometry.T_world_camera[:3, 3]).max() < 10  # not at 5 428 987 m
        depth, confidence = np.asarray(view.depth), np.asarray(view.confidence)
        assert ((confidence == 1) == (depth > 0)).all()
        assert set(np.unique(confidence)) == {0, 1}
        assert 0.1 < (depth > 0).mean() < 0.9
        assert wrong(kitti360_drive.SCENE, view, T) < 0.002


def test_more_sweeps_cover_more(drive: kitti360_drive.Drive, tmp_path: Path) -> None:
    views = frames(NAMES, kitti360_drive.CAMERA)
    covered = []
    for sweeps in (1, 3):
        _, scene = run(drive.root, views, tmp_path / str(sweeps), sweeps=sweeps)
        covered.append((np.asarray(scene.views[2].depth) > 0).mean())
        assert wrong(kitti360_drive.SCENE, scene.views[2], drive.T_world_camera[3]) < 0.005
    assert covered[1] > 1.4 * covered[0]


def test_reasons_of_the_data_set_are_told(drive: kitti360_drive.Drive, tmp_path: Path) -> None:
    root = kitti360_drive.write(tmp_path / "set", frames=(1, 2)).root
    folder = root / "data_3d_raw" / kitti360_drive.NAME / "velodyne_points" / "data"
    for spare in (8, 9):
        (folder / f"{spare:010d}.bin").write_bytes(b"\0" * 16)
    views = frames(["0000000001", "0000000008"], kitti360_drive.CAMERA)
    found, _ = run(root, views, tmp_path / "job")
    assert found.reasons == {2: kitti360.NO_POSE}


def test_a_killed_run_goes_on_with_the_views_that_are_missing(
    drive: kitti360_drive.Drive, tmp_path: Path
) -> None:
    views = frames(NAMES, kitti360_drive.CAMERA)
    job = Job("reconstruct", views, (), {}, 0, options={captures.SOURCE: str(drive.root)})
    folder = SceneFolder(tmp_path / "scene")
    steps = given.reconstruct(job, tmp_path, ReconstructConfig(backend="given"), folder)
    for _ in range(3):
        next(steps)
    steps.close()
    left = [view.frame_id for view in folder.unfinished()]
    assert 0 < len(left) < 5
    _, scene = run(drive.root, views, tmp_path)
    assert len(scene.views) == 5


def test_points_without_coordinates_are_counted(tmp_path: Path) -> None:
    root = kitti360_drive.write(tmp_path / "set", frames=(1, 2)).root
    folder = root / "data_3d_raw" / kitti360_drive.NAME / "velodyne_points" / "data"
    file = folder / "0000000002.bin"
    file.write_bytes(file.read_bytes() + np.full((3, 4), np.nan, "<f4").tobytes())
    views = frames(["0000000001", "0000000002"], kitti360_drive.CAMERA)
    found, _ = run(root, views, tmp_path / "job")
    assert found.notes[-1].startswith("3 of ")
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(Rewis3dError, match=r"0000000002\.bin: \d+ bytes are no points"):
        run(root, views, tmp_path / "again")


def test_a_segment_of_waymo_becomes_a_scene(tmp_path: Path) -> None:
    segment = waymo_segment.write(tmp_path / "set")
    views = frames(list(segment.T_stage_camera), waymo_segment.CAMERA)
    _, scene = run(segment.root, views, tmp_path / "job", sweeps=3)
    assert scene.unit == "metric"
    for view, T in zip(scene.views, segment.T_stage_camera.values(), strict=True):
        assert (np.asarray(view.depth) > 0).mean() > 0.03
        assert wrong(waymo_segment.SCENE, view, T) < 0.01


ROOM = (ground(0), wall(12.0, 1), Quad((-1.0, -2.0, 6.0), (1.0, 0, 0), (0, 3.5, 0), 2))
LENS = pinhole(60.0, 64, 48)


def cloud_beside_cameras(
    folder: Path, *, scale: float = 1.0, offset: np.ndarray = UTM
) -> list[str]:
    """Write transforms.json of three cameras; return the frames' names. `cloud` is beside it."""
    listed = []
    for place in range(3):
        T = pose(0.5 * place)
        T[:3, 3] = T[:3, 3] * scale + offset
        size = {"w": 64, "h": 48, "fl_x": 60.0, "file_path": f"f_{place}.png"}
        T = T @ np.diag([1.0, -1, -1, 1])  # OpenGL
        listed.append(size | {"transform_matrix": T.tolist()})
    folder.mkdir(parents=True)
    (folder / "transforms.json").write_text(json.dumps({"frames": listed}))
    return [f"f_{place}" for place in range(3)]


def cloud() -> np.ndarray:
    """Return what lies on the room's surfaces, from every side."""
    rng = np.random.default_rng(1)
    parts = []
    for quad, count in zip(ROOM, (0, 60_000, 6_000), strict=True):
        at = rng.random((count, 2))
        middle = np.array(quad.corner) + at[:, :1] * quad.u + at[:, 1:] * quad.v
        parts.append(middle[(np.abs(middle[:, 0]) < 15) & (np.abs(middle[:, 1]) < 12)])
    floor = rng.uniform([-15, 1.5, 1], [15, 1.5, 12], (60_000, 3))
    return np.concatenate([floor, *parts])


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("name", ["scan.laz", "scan.las"])
def test_a_las_cloud_gives_depth_in_metres(tmp_path: Path, name: str, named: bool) -> None:
    names = cloud_beside_cameras(tmp_path / "set")
    file = write_las(tmp_path / "set" / name, cloud() + UTM)
    source = file if named else file.parent
    found, scene = run(source, frames(names, LENS), tmp_path / "job")
    assert scene.unit == "metric"
    assert found.notes == ("cameras from transforms.json", f"depth from {name}")
    for place, view in enumerate(scene.views):
        assert (np.asarray(view.depth) > 0).mean() > 0.6
        assert wrong(ROOM, view, pose(0.5 * place)) < 0.005


def test_a_ply_of_unknown_unit_is_normalised(tmp_path: Path) -> None:
    names = cloud_beside_cameras(tmp_path / "set", scale=7.0, offset=np.zeros(3))
    write_ply(tmp_path / "set" / "cloud.ply", cloud() * 7.0)
    found, scene = run(tmp_path / "set", frames(names, LENS), tmp_path / "job")
    assert scene.unit == "normalised"
    middles = [np.sqrt(near * far) for near, far in found.ranges.values()]
    assert np.median(middles) == pytest.approx(MEDIAN_DEPTH, rel=1e-3)
    step = np.diff([view.geometry.T_world_camera[0, 3] for view in scene.views])
    unit = step[0] / 0.5  # the scene's, in metres
    assert step == pytest.approx(unit * 0.5)
    for view in scene.views:
        depth = np.asarray(view.depth, np.float64)
        wall_cells = depth[depth > 0].max()
        assert wall_cells == pytest.approx(12 * unit, rel=0.01)
    again, _ = run(tmp_path / "set", frames(names, LENS), tmp_path / "job")
    assert again.scale == found.scale  # a run that goes on has the same unit


def test_a_cloud_needs_cameras(tmp_path: Path) -> None:
    file = write_ply(tmp_path / "cloud.ply", cloud()[:10])
    with pytest.raises(Rewis3dError, match="its cameras must lie beside it"):
        run(file, frames(["a"], LENS), tmp_path / "job")


def test_a_folder_of_two_clouds_and_one_that_sees_nothing_are_told(tmp_path: Path) -> None:
    names = cloud_beside_cameras(tmp_path / "set", offset=np.zeros(3))
    write_ply(tmp_path / "set" / "behind.ply", cloud() - [0, 0, 50])
    with pytest.raises(Rewis3dError, match="see no point in common"):
        run(tmp_path / "set", frames(names, LENS), tmp_path / "job")
    write_ply(tmp_path / "set" / "other.ply", cloud())
    with pytest.raises(Rewis3dError, match="2 clouds"):
        run(tmp_path / "set", frames(names, LENS), tmp_path / "job")


def test_sparse_depth_carries_strokes_and_is_sampled(
    drive: kitti360_drive.Drive, tmp_path: Path
) -> None:
    """What is drawn on a view lands on the same surface in another, where both were measured."""
    views = frames(NAMES, kitti360_drive.CAMERA)
    _, scene = run(drive.root, views, tmp_path, max_side=176)
    one, other = scene.views[2], scene.views[3]
    stage = drive.T_world_camera[1][:3, 3]
    labels = [_labels(view, stage) for view in (one, other)]
    mask = np.kron(labels[0], np.ones((2, 2), np.uint8))
    carried = carry(lift_frame(mask, 0, one), other)
    assert len(carried.cells) > 0.1 * (np.asarray(other.depth) > 0).sum()
    wanted = labels[1].reshape(-1)[carried.cells]
    assert (carried.labels == wanted)[wanted != UNLABELLED].mean() > 0.97
    index = index_scene(scene, frames=range(1, 6))
    sampled = sample_view(
        index,
        3,
        sampling=Sampling(points=2000),
        paint=lambda _: np.zeros((one.depth.size, 4), np.uint8),
        rng=np.random.default_rng(0),
    )
    assert sampled is not None
    assert len(sampled.cloud.xyz) == 2000
    assert (sampled.cloud.confidence == 1).all()
    assert len(sampled.pair_point) > 500


def _labels(view: SceneView, stage: np.ndarray) -> np.ndarray:
    T = view.geometry.T_world_camera.copy()
    T[:3, 3] += stage
    moved = replace(view.geometry, T_world_camera=T)
    return truth_of(kitti360_drive.SCENE, replace(view, geometry=moved))


def test_the_number_of_sweeps_is_odd() -> None:
    assert resolve("given", {"sweeps": "3"}).sweeps == 3
    for wrong_number in ("2", "0", "23"):
        with pytest.raises(Rewis3dError, match=r"sweeps is .* it must be odd, 1 to 21"):
            resolve("given", {"sweeps": wrong_number})
