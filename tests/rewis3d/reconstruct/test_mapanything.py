"""The MapAnything backend around its network, which replays a recorded run of the real one."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import cv2
import numpy as np
import pytest
import torch

from rewis3d.job import Job, View
from rewis3d.reconstruct import mapanything, solution
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.solution import Solution
from rewis3d.scene import SceneFolder
from rewis3d.types import Rewis3dError

RECORDED = Path(__file__).parent / "mapanything_recorded.npz"
CONFIG = ReconstructConfig(backend="mapanything", device="cpu", batch=2)
T = TypeVar("T")


class Replay(torch.nn.Module):
    """Gives the recorded predictions of two views again and again, and counts its calls."""

    def __init__(self, *, most: int = 99) -> None:
        super().__init__()
        self.one = torch.nn.Parameter(torch.ones(1))
        self.encoder = SimpleNamespace(data_norm_type="croco", patch_size=16)
        self.seen: list[int] = []
        self.most = most
        with np.load(RECORDED, allow_pickle=False) as stored:
            self.stored = {name: torch.from_numpy(stored[name])[None] for name in stored.files}

    def infer(self, views: list[dict[str, Any]], **options: Any) -> list[dict[str, Any]]:
        assert options["use_amp"] is False
        if len(views) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.seen.append(len(views))
        return [
            {key[2:]: value for key, value in self.stored.items() if key[0] == str(place % 2)}
            for place in range(len(views))
        ]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((48, 64, 3), 128, np.uint8))
    views = tuple(
        View(i, "a.png", 48, 64, name=f"f_{i}", clip=1 if i < 6 else 2) for i in range(1, 8)
    )
    return Job("reconstruct", views, (), {}, 0)


@pytest.fixture
def with_model(monkeypatch: pytest.MonkeyPatch) -> Callable[[Replay], Replay]:
    def use(model: Replay) -> Replay:
        monkeypatch.setattr(mapanything, "load_model", lambda _weights, _device: model)
        return model

    return use


def finish(steps: Generator[Any, None, T]) -> T:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def run(job: Job, folder: Path) -> tuple[Solution, SceneFolder]:
    scene_folder = SceneFolder(folder / "scene")
    return finish(mapanything.reconstruct(job, folder, CONFIG, scene_folder)), scene_folder


def test_batches_are_even_and_stay_within_a_clip(
    job: Job, tmp_path: Path, with_model: Callable[[Replay], Replay]
) -> None:
    model = with_model(Replay())
    found, scene_folder = run(job, tmp_path)
    assert model.seen == [2, 2, 1, 2]
    assert [[v.frame_id for v in s.views] for s in found.scenes] == [[1, 2], [3, 4], [5], [6, 7]]
    assert {scene.unit for scene in found.scenes} == {"metric"}
    view = scene_folder.scenes()[0].view(2)
    assert view is not None
    assert view.mask is not None
    assert np.median(view.depth) == pytest.approx(4, rel=0.05)
    assert any("licence: Apache-2.0" in note for note in found.notes)
    assert any("f_1, f_3, f_5, f_6" in note for note in found.notes)


def test_a_batch_that_does_not_fit_is_halved(
    job: Job, tmp_path: Path, with_model: Callable[[Replay], Replay]
) -> None:
    model = with_model(Replay(most=1))
    found, _ = run(job, tmp_path)
    assert model.seen == [1] * 7
    assert len(found.scenes) == 7


def test_a_frame_that_does_not_fit_alone_is_named(
    job: Job, tmp_path: Path, with_model: Callable[[Replay], Replay]
) -> None:
    with_model(Replay(most=0))
    with pytest.raises(Rewis3dError, match=r"'f_1'.*single frame"):
        run(job, tmp_path)


def test_a_killed_run_keeps_its_batches(
    job: Job, tmp_path: Path, with_model: Callable[[Replay], Replay]
) -> None:
    model = with_model(Replay())
    steps = mapanything.reconstruct(job, tmp_path, CONFIG, SceneFolder(tmp_path / "scene"))
    while len(model.seen) < 2:
        next(steps)
    steps.close()
    found, scene_folder = run(job, tmp_path)
    assert model.seen == [2, 2, 1, 2]
    assert len(found.scenes) == 4
    assert not list(scene_folder.unfinished())


def test_a_run_killed_while_it_writes_needs_no_network_again(
    job: Job, tmp_path: Path, with_model: Callable[[Replay], Replay]
) -> None:
    model = with_model(Replay())
    found, scene_folder = run(job, tmp_path)
    again, _ = run(job, tmp_path)
    assert len(model.seen) == 4
    assert [len(s.views) for s in again.scenes] == [len(s.views) for s in found.scenes]
    assert solution.load(tmp_path, scene_folder) is not None
