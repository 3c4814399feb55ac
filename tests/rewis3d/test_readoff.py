"""Labels of a clip read off over time, on frames whose noise a network takes for something."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from rewis3d.array_cache import ArrayCache
from rewis3d.clip import Clip
from rewis3d.features import Frames
from rewis3d.job import View
from rewis3d.models.network import Network, ready
from rewis3d.models.segmenter import Head, Segmenter
from rewis3d.models.weights import lite0
from rewis3d.readoff import fused_on_own_grid, read_off
from tests.rewis3d.flow.test_motion import texture

SIZE = (48, 64)
COUNT = 7


class Bright(Network):
    """Says class 1 where red is above a threshold, 0 elsewhere; each frame for itself."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 2)

    @property
    def classifier(self) -> torch.nn.Linear:
        return self.layer

    def record(self) -> dict[str, Any]:
        return {"kind": "bright"}

    def coarse(self, rgb: torch.Tensor) -> torch.Tensor:
        found = (rgb[:, :1] - 128) / 20
        return torch.cat([-found, found], 1)


def clip(folder: Path, flicker: float) -> tuple[list[View], list[np.ndarray]]:
    """Write frames of a texture that moves by two pixels each; returns the views and the truth."""
    image = texture(0, (60, 120))
    rng = np.random.default_rng(0)
    views, truth = [], []
    for index in range(COUNT):
        frame = np.ascontiguousarray(image[: SIZE[0], 2 * index : 2 * index + SIZE[1]])
        truth.append(frame[:, :, 0] > 128)
        noisy = frame.astype(np.float32)
        noisy[:, :, 0] += flicker * cv2.GaussianBlur(
            rng.standard_normal(SIZE).astype(np.float32), (0, 0), 1.5
        )
        rgb = np.clip(noisy, 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{index}.png"), rgb[:, :, ::-1])
        views.append(View(index, f"{index}.png", *SIZE))
    return views, truth


def off(folder: Path, views: list[View], memory: float) -> list[np.ndarray]:
    frames = Frames(folder, ArrayCache(folder / "features"), torch.device("cpu"))
    flows = ArrayCache(folder / "flow")
    clip_ = Clip(views, frames, flows)
    found = list(read_off(Bright(), clip_, memory=memory, drawn=lambda _: None))
    assert [one.frame_id for one in found] == [view.frame_id for view in views]
    for one in found:
        assert one.labels.shape == one.confidence.shape == SIZE
        assert one.confidence.min() >= 0.5 - 1e-3
    return [one.labels for one in found]


def test_flicker_is_outvoted(tmp_path: Path) -> None:
    views, truth = clip(tmp_path, flicker=60)
    wrong = {
        memory: np.mean([a != b for a, b in zip(off(tmp_path, views, memory), truth, strict=True)])
        for memory in (0.0, 0.9)
    }
    assert wrong[0.0] > 0.02
    assert wrong[0.9] < 0.75 * wrong[0.0]


def test_without_memory_frames_are_read_alone(tmp_path: Path) -> None:
    views, _ = clip(tmp_path, flicker=60)
    for view, labels in zip(views, off(tmp_path, views, 0.0), strict=True):
        image = cv2.imread(str(tmp_path / view.image))
        assert image is not None
        assert (labels == (image[:, :, 2] > 128)).mean() > 0.999  # 128 itself is undecided


def test_a_large_frame_s_labels_have_its_size(tmp_path: Path) -> None:
    image = np.full((90, 1000, 3), 30, np.uint8)
    image[:, 500:] = 220
    for index in range(2):
        cv2.imwrite(str(tmp_path / f"{index}.png"), image)
    views = [View(index, f"{index}.png", 90, 1000) for index in range(2)]
    frames = Frames(tmp_path, ArrayCache(tmp_path / "features"), torch.device("cpu"))
    clip_ = Clip(views, frames, ArrayCache(tmp_path / "flow"))
    found = list(read_off(Bright(), clip_, memory=0.9, drawn=lambda _: None))
    for one in found:
        assert one.labels.shape == (90, 1000)
        assert (one.labels == (image[:, :, 0] > 128)).mean() > 0.995


@pytest.mark.parametrize("count", [1, 2])
def test_short_clips(tmp_path: Path, count: int) -> None:
    views, _ = clip(tmp_path, flicker=0)
    assert len(off(tmp_path, views[:count], 0.9)) == count


def lite(scale: float) -> Segmenter:
    """Return an untaught network of a quick round, ready."""
    torch.manual_seed(0)
    head = Head(hidden=8, classes=3)
    return ready(Segmenter(lite0(), head, scale=scale, longest=640, untouched=True).eval())


def test_threads_read_off_exactly_what_one_does(tmp_path: Path) -> None:
    views, _ = clip(tmp_path, flicker=30)
    network, before = lite(1.0), torch.get_num_threads()
    found = []
    for threads in (1, 3):
        torch.set_num_threads(threads)
        frames = Frames(tmp_path, ArrayCache(tmp_path / f"features {threads}"), torch.device("cpu"))
        clip_ = Clip(views, frames, ArrayCache(tmp_path / f"flow {threads}"))
        read = list(read_off(network, clip_, memory=0.9, drawn=lambda _: None))
        found.append(([one.labels for one in read], [one.confidence for one in read]))
    torch.set_num_threads(before)
    np.testing.assert_array_equal(found[0], found[1])


def test_on_the_network_s_own_grid_it_is_about_the_same(tmp_path: Path) -> None:
    views, _ = clip(tmp_path, flicker=0)
    frames = Frames(tmp_path, ArrayCache(tmp_path / "features"), torch.device("cpu"))
    network = lite(2.0)
    clip_ = Clip(views, frames, ArrayCache(tmp_path / "flow"))
    drawn = np.full(SIZE, 255, np.uint8)
    drawn[20:28, 20:28] = 2
    coarse = fused_on_own_grid(
        network, clip_, memory=0.9, drawn=lambda view: drawn if view.frame_id == 0 else None
    )
    fine = read_off(
        network, clip_, memory=0.9, drawn=lambda view: drawn if view.frame_id == 0 else None
    )
    for one, other in zip(coarse, fine, strict=True):
        assert one.shape == (3, 24, 32)
        best, labels = one.max(0)
        enlarged = labels.numpy().repeat(2, 0).repeat(2, 1)
        assert (enlarged == other.labels).mean() > 0.9
        assert np.abs(best.numpy() - other.confidence[::2, ::2]).mean() < 0.05
