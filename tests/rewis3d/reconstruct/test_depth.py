"""Monocular depth through transformers, with a tiny model of random weights in a local folder."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
import pytest
import torch
from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config

from rewis3d.job import Job, View
from rewis3d.reconstruct import depth
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.solution import Solution
from rewis3d.scene import STRICT, SceneFolder
from rewis3d.types import Rewis3dError

T = TypeVar("T")


def finish(steps: Generator[Any, None, T]) -> T:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def save_model(folder: Path, *, kind: str) -> Path:
    backbone = Dinov2Config(
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=2,
        mlp_ratio=2,
        image_size=70,
        patch_size=14,
        reshape_hidden_states=False,
        apply_layernorm=True,
    )
    backbone.out_features = ["stage1", "stage2", "stage3", "stage4"]
    config = DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=32,
        neck_hidden_sizes=[16, 16, 32, 32],
        fusion_hidden_size=16,
        head_hidden_size=8,
        depth_estimation_type=kind,
        max_depth=80,
    )
    torch.manual_seed(0)
    DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("metric"), kind="metric")


@pytest.fixture
def job(tmp_path: Path) -> Job:
    rng = np.random.default_rng(0)
    cv2.imwrite(str(tmp_path / "a.png"), rng.integers(0, 255, (60, 80, 3), np.uint8))
    views = (View(1, "a.png", 60, 80, name="a", focal=70.0), View(2, "a.png", 60, 80, name="b"))
    return Job("reconstruct", views, (), {}, 0)


def test_each_frame_is_a_scene_of_its_own(job: Job, tmp_path: Path, weights: Path) -> None:
    config = ReconstructConfig(backend="depth", depth_weights=str(weights), device="cpu")
    folder = SceneFolder(tmp_path / "scene")
    found = finish(depth.reconstruct(job, tmp_path, config, folder))
    scenes = folder.scenes()
    assert [[view.frame_id for view in scene.views] for scene in scenes] == [[1], [2]]
    view = scenes[0].views[0]
    assert view.geometry.camera.K[0, 0] == pytest.approx(70)
    assert scenes[1].views[0].geometry.camera.K[0, 0] == pytest.approx(1.2 * 80)
    assert view.depth.shape == (60, 80)
    assert 0 < view.depth.min() <= view.depth.max() <= 80
    assert np.unique(view.confidence).tolist() == [depth.CONFIDENCE]
    assert depth.CONFIDENCE > STRICT
    assert any("no second view" in note for note in found.notes)
    assert any("1.2 x the longer side" in note for note in found.notes)


def test_the_depth_is_the_networks(job: Job, tmp_path: Path, weights: Path) -> None:
    model = depth.load_model(str(weights), torch.device("cpu"))
    image = cv2.imread(str(tmp_path / "a.png"))[..., ::-1].copy()
    found = depth.infer(model, image)
    assert found.shape == (518, 686)  # 691 of 80 / 60 x 518, to whole patches
    small = cv2.resize(image, (686, 518), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    pixels = (small - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    with torch.inference_mode():
        batch = torch.tensor(pixels.transpose(2, 0, 1)[None], dtype=torch.float32)
        wanted = model(pixel_values=batch).predicted_depth[0].numpy()
    assert found == pytest.approx(wanted, abs=1e-4)


def test_a_killed_run_goes_on_with_the_others(job: Job, tmp_path: Path, weights: Path) -> None:
    config = ReconstructConfig(backend="depth", depth_weights=str(weights), device="cpu")
    folder = SceneFolder(tmp_path / "scene")
    steps = depth.reconstruct(job, tmp_path, config, folder)
    next(steps)
    next(steps)
    steps.close()
    assert folder.has_view(1)
    assert not folder.has_view(2)
    stamp = (folder.root / "views" / "000001.depth.npy").stat().st_mtime_ns
    finish(depth.reconstruct(job, tmp_path, config, folder))
    assert (folder.root / "views" / "000001.depth.npy").stat().st_mtime_ns == stamp
    assert folder.has_view(2)


def test_frames_without_geometry_join_what_was_found(job: Job) -> None:
    found = Solution((), {}, {2: "not registered"}, cuts=(1,), notes=("focal length from EXIF",))
    filled = depth.with_single_views(found, job.views[1:], ReconstructConfig())
    assert [view.frame_id for scene in filled.scenes for view in scene.views] == [2]
    assert filled.reasons == {2: "not registered"}
    assert filled.cuts == (1,)
    assert filled.notes[0] == "focal length from EXIF"


def test_relative_depth_is_refused(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "relative", kind="relative")
    with pytest.raises(Rewis3dError, match="relative depth, which has no scale"):
        depth.load_model(str(folder), torch.device("cpu"))


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(Rewis3dError, match=r"weights '.*nowhere.*' can't be loaded"):
        depth.load_model(str(tmp_path / "nowhere"), torch.device("cpu"))
