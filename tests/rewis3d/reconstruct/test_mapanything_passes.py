"""Long clips in several passes of MapAnything, around a network that knows the truth."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from rewis3d.geometry import inverse, rotation_angle
from rewis3d.job import Job, View
from rewis3d.reconstruct import mapanything, solution
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.mapanything_passes import CUTS_FILE, shots_of
from rewis3d.reconstruct.solution import Solution
from rewis3d.scene import SceneFolder
from tests.rewis3d.reconstruct.cameras.room import film, room
from tests.rewis3d.reconstruct.cameras.room import pose as room_pose
from tests.rewis3d.reconstruct.chunks.worlds import pose
from tests.rewis3d.reconstruct.test_mapanything import finish

FRAMES = 28
CONFIG = ReconstructConfig(backend="mapanything", device="cpu", batch=12, overlap=4)
ROWS, COLUMNS, DEPTH = 32, 48, 20.0


class Film(torch.nn.Module):
    """Reads a frame's number off its grey, and sees the truth in units of its own for each pass."""

    def __init__(
        self, scales: Sequence[float], *, most: int = 99, lost: Sequence[int] = ()
    ) -> None:
        super().__init__()
        self.one = torch.nn.Parameter(torch.ones(1))
        self.encoder = SimpleNamespace(data_norm_type="identity", patch_size=16)
        self.scales, self.most, self.lost = list(scales), most, lost
        self.seen: list[tuple[int, int]] = []

    def infer(self, views: list[dict[str, Any]], **_options: Any) -> list[dict[str, Any]]:
        if len(views) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        frames = [round(float(view["img"].mean()) * 255) for view in views]
        scale = self.scales[len(self.seen) % len(self.scales)]
        confused = len(self.seen) in self.lost
        self.seen.append((frames[0], frames[-1]))
        first = inverse(pose("curve", frames[0]))
        return [self._seen(first @ pose("curve", frame), scale, confused) for frame in frames]

    def _seen(self, T: np.ndarray, scale: float, confused: bool) -> dict[str, Any]:
        T = T.copy()
        T[:3, 3] *= scale
        if confused:
            T[:3, :3] = np.linalg.matrix_power(T[:3, :3], 9)
        depth = np.linspace(0.5, 1.5, ROWS * COLUMNS).reshape(1, ROWS, COLUMNS, 1) * DEPTH * scale
        K = np.array([[40.0, 0, COLUMNS / 2], [0, 40.0, ROWS / 2], [0, 0, 1]])
        whole = (1, ROWS, COLUMNS)
        return {
            "depth_z": torch.from_numpy(depth),
            "conf": torch.linspace(1.1, 9, ROWS * COLUMNS).reshape(whole),
            "non_ambiguous_mask": torch.ones(whole, dtype=torch.bool),
            "intrinsics": torch.from_numpy(K)[None],
            "camera_poses": torch.from_numpy(T)[None],
        }


@pytest.fixture
def job(tmp_path: Path) -> Job:
    views = []
    for frame in range(FRAMES):
        cv2.imwrite(str(tmp_path / f"{frame}.png"), np.full((64, 96, 3), frame, np.uint8))
        views.append(View(frame, f"{frame}.png", 64, 96, name=f"f_{frame}"))
    return Job("reconstruct", tuple(views), (), {}, 0)


@pytest.fixture
def with_model(monkeypatch: pytest.MonkeyPatch) -> Callable[[Film], Film]:
    def use(model: Film) -> Film:
        monkeypatch.setattr(mapanything, "load_model", lambda _weights, _device: model)
        return model

    return use


def run(job: Job, folder: Path, config: ReconstructConfig = CONFIG) -> tuple[Solution, SceneFolder]:
    scene_folder = SceneFolder(folder / "scene")
    return finish(mapanything.reconstruct(job, folder, config, scene_folder)), scene_folder


def assert_whole(scene_folder: SceneFolder, scale: float) -> None:
    """One scene, in which steps, turns and depths are the true ones times one factor."""
    (scene,) = scene_folder.scenes()
    assert [view.frame_id for view in scene.views] == list(range(FRAMES))
    assert scene.unit == "metric"
    for view in scene.views:
        assert np.median(view.depth) == pytest.approx(DEPTH * scale, rel=0.002)
        assert view.mask is not None
    for one, other in pairwise(scene.views):
        got = inverse(one.geometry.T_world_camera) @ other.geometry.T_world_camera
        wanted = inverse(pose("curve", one.frame_id)) @ pose("curve", other.frame_id)
        assert rotation_angle(got[:3, :3].T @ wanted[:3, :3]) < 0.01
        assert got[:3, 3] == pytest.approx(scale * wanted[:3, 3], abs=0.005)


def test_passes_with_frames_in_common_are_one_metric_scene(
    job: Job, tmp_path: Path, with_model: Callable[[Film], Film]
) -> None:
    model = with_model(Film([1.0, 1.3, 0.9]))
    found, scene_folder = run(job, tmp_path)
    assert model.seen == [(0, 11), (8, 19), (16, 27)]
    assert_whole(scene_folder, 1.0)
    assert [(seam.frame, seam.shared, seam.refusal) for seam in found.seams] == [
        (8, 4, None),
        (16, 4, None),
    ]
    assert found.cuts == ()
    assert "solved in 3 chunks" in " ".join(found.notes)
    assert any("what a metre is by up to 23" in note for note in found.notes)  # 1 / 1.3


def test_a_clip_that_fits_one_pass_is_one_pass(
    job: Job, tmp_path: Path, with_model: Callable[[Film], Film]
) -> None:
    model = with_model(Film([1.0]))
    found, scene_folder = run(job, tmp_path, replace(CONFIG, batch=28))
    assert model.seen == [(0, 27)]
    assert_whole(scene_folder, 1.0)
    assert found.seams == ()
    assert len(found.notes) == 2  # of the weights, and of the processor


def test_a_run_that_is_killed_between_passes_goes_on(
    job: Job, tmp_path: Path, with_model: Callable[[Film], Film]
) -> None:
    model = with_model(Film([1.0, 1.3, 0.9]))
    steps = mapanything.reconstruct(job, tmp_path, CONFIG, SceneFolder(tmp_path / "scene"))
    while len(model.seen) < 2:
        next(steps)
    steps.close()
    _, scene_folder = run(job, tmp_path)
    assert model.seen == [(0, 11), (8, 19), (16, 27)]
    assert_whole(scene_folder, 1.0)


def test_passes_that_are_halved_still_have_frames_in_common(
    job: Job, tmp_path: Path, with_model: Callable[[Film], Film]
) -> None:
    model = with_model(Film([1.0], most=14))
    _, scene_folder = run(job, tmp_path, replace(CONFIG, batch=28))
    assert model.seen == [(0, 11), (8, 19), (16, 27)]
    assert_whole(scene_folder, 1.0)


def test_a_pass_that_does_not_fit_is_a_scene_of_its_own_and_that_is_said(
    job: Job, tmp_path: Path, with_model: Callable[[Film], Film]
) -> None:
    with_model(Film([1.0], lost=[2]))
    found, scene_folder = run(job, tmp_path)
    assert [[view.frame_id for view in scene.views] for scene in found.scenes] == [
        list(range(18)),
        list(range(18, 28)),
    ]
    assert found.cuts == (18,)
    assert found.seams[1].refusal is not None
    assert any("the chunk from frame f_16 is not joined: cameras" in n for n in found.notes)
    assert any("they begin at f_0, f_18" in note for note in found.notes)
    loaded = solution.load(tmp_path, scene_folder)
    assert loaded is not None
    assert loaded.seams == found.seams


def test_a_long_clip_is_taken_apart_where_it_shows_something_else(tmp_path: Path) -> None:
    walk = [room_pose(x=0.2 * at) for at in range(5)]
    views = film(tmp_path, walk) + film(tmp_path, walk, boards=room(50), first=6)
    stored = tmp_path / "stored"
    stored.mkdir()
    shots = finish(shots_of(views, tmp_path, stored, most=8))
    assert [[view.frame_id for view in shot] for shot in shots] == [
        [1, 2, 3, 4, 5],
        [6, 7, 8, 9, 10],
    ]
    (stored / CUTS_FILE).write_text(json.dumps([2]))  # what was found is not looked for again
    assert [len(shot) for shot in finish(shots_of(views, tmp_path, stored, most=8))] == [2, 8]
    (stored / CUTS_FILE).unlink()
    assert len(finish(shots_of(views, tmp_path, stored, most=10))) == 1
