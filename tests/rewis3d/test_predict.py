"""Predictions at a frame's own size, strip by strip; and with a finished round's model."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional

from rewis3d import predict, quick
from rewis3d.checkpoint import build, load_checkpoint, save_checkpoint
from rewis3d.config import QuickConfig
from rewis3d.job import View, read_job, write_job
from rewis3d.models import windows
from rewis3d.models.graph import Graph
from rewis3d.models.lite import Lite0
from rewis3d.models.network import Network
from rewis3d.models.segmenter import Head, Segmenter
from rewis3d.reports import Published
from rewis3d.types import Rewis3dError
from tests.rewis3d import quick_job, tiny_segformer


def test_strips_equal_enlarging_at_once(monkeypatch: pytest.MonkeyPatch):
    logits = torch.randn(1, 4, 7, 9, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(predict, "_STRIP", 4 * 33 * 5)  # strips of five rows
    labels, confidence = predict.best(logits, 23, 33)
    whole = functional.interpolate(logits, (23, 33), mode="bilinear").softmax(1)[0]
    np.testing.assert_allclose(confidence, whole.max(0).values, atol=1e-5)
    assert (labels == whole.argmax(0).numpy()).all()


def predict_job(folder: Path, **changes) -> Path:
    """Return a job folder that predicts with the model of the round's."""
    other = folder.parent / "jobs" / "run"
    other.mkdir(parents=True)
    job = read_job(folder)
    views = tuple(
        dataclasses.replace(view, labels=None, judge=None, image=f"../{view.image}")
        for view in job.views
    )
    fields = {"task": "predict", "views": views, "checkpoint": "../../model", "output": "../.."}
    write_job(dataclasses.replace(job, features=f"../{job.features}", **(fields | changes)), other)
    return other


def test_predicts_again_what_the_round_predicted(tmp_path: Path):
    folder = quick_job.make(tmp_path)
    list(quick.run(folder))
    first = [quick_job.read_labels(folder, index) for index in range(3)]
    (folder.parent / "predictions" / "1.labels.png").unlink()
    reports = list(predict.run(predict_job(folder)))
    assert [r.frame_id for r in reports if isinstance(r, Published)] == [0, 1, 2]
    for index in range(3):
        assert (quick_job.read_labels(folder, index) == first[index]).all()


def test_names_an_altered_model(tmp_path: Path):
    folder = quick_job.make(tmp_path)
    list(quick.run(folder))
    path = folder.parent / "model" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(Rewis3dError, match=r"model\.safetensors was altered"):
        list(predict.run(predict_job(folder)))


def test_asks_for_a_model(tmp_path: Path):
    folder = quick_job.make(tmp_path)
    with pytest.raises(Rewis3dError, match="names no model"):
        list(predict.run(predict_job(folder, checkpoint=None)))


def trained(folder: Path) -> Segmenter:
    """Train a round's network on a little, and put it in the place of the round's model."""
    list(quick.run(folder))
    model = load_checkpoint(folder.parent / "model")
    network = model.network.trainable()
    assert isinstance(network, Segmenter)
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-3)
    network(torch.rand(1, 3, 48, 64) * 255)[:, 0].mean().backward()
    optimiser.step()
    save_checkpoint(dataclasses.replace(model, network=network), folder.parent / "model")
    shutil.rmtree(folder.parent / "predictions")
    return network.eval()


def cached(root: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (root / "cache").rglob("*.maps")}


@torch.inference_mode()
def labels_of(network: Network, root: Path, index: int) -> np.ndarray:
    image = cv2.imread(str(root / "frames" / f"{index}.png"))[..., ::-1].astype(np.float32)
    rgb = torch.from_numpy(image.transpose(2, 0, 1).copy())[None]
    return network(rgb)[0].argmax(0).numpy()


def test_a_trained_backbone_neither_reads_nor_writes_the_cache(tmp_path: Path):
    folder = quick_job.make(tmp_path)
    network = trained(folder)
    before = cached(tmp_path)
    assert before
    list(predict.run(predict_job(folder)))
    assert cached(tmp_path) == before
    for index in range(3):
        found = quick_job.read_labels(folder, index)
        assert (found == labels_of(network, tmp_path, index)).mean() > 0.999


def test_many_frames_are_predicted_by_a_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = quick_job.make(tmp_path, frames=4)
    network = trained(folder)
    made: list[tuple[int, int]] = []
    asked: list[tuple[int, int]] = []

    class Quick(Graph):  # without the seconds that a real one takes to make: see test_graph.py
        def __init__(self, network: Network, height: int, width: int) -> None:
            made.append((height, width))
            self.network, self.classes = network, network.classes

        def coarse(self, rgb: torch.Tensor) -> torch.Tensor:
            asked.append((rgb.shape[2], rgb.shape[3]))
            return self.network.coarse(rgb)

    monkeypatch.setattr(predict, "Graph", Quick)
    monkeypatch.setattr(predict, "WORTH_A_GRAPH", 4)
    running = predict.run(predict_job(folder))
    assert isinstance(next(running), Published)
    assert made == []  # somebody may wait for the first frame
    list(running)
    assert made == [(48, 64)]
    assert asked == [(48, 64)] * 3
    for index in range(4):
        found = quick_job.read_labels(folder, index)
        assert (found == labels_of(network, tmp_path, index)).mean() > 0.999


def test_a_few_frames_or_an_untouched_backbone_are_not_worth_a_graph(tmp_path: Path):
    views = [View(index, "", 48, 64) for index in range(predict.WORTH_A_GRAPH)]
    network = build(QuickConfig(hidden=4), Head(hidden=4, classes=2), Lite0())
    assert predict.Graphs(network, views).of(views[0]) is network
    student = network.trainable()
    assert predict.Graphs(student, views[1:]).of(views[0]) is student


@pytest.mark.parametrize("flip", ["yes", "no"])
def test_a_segformer_predicts_in_windows_and_mirrored(tmp_path: Path, flip: str):
    folder = quick_job.make(tmp_path)
    list(quick.run(folder))
    model = load_checkpoint(folder.parent / "model")
    weights = tiny_segformer.save(tmp_path / "weights")
    network = tiny_segformer.network(weights, window=(32, 40))
    save_checkpoint(dataclasses.replace(model, network=network), folder.parent / "model")
    shutil.rmtree(folder.parent / "predictions")
    list(predict.run(predict_job(folder, options={"flip": flip})))
    rgb = torch.from_numpy(cv2.imread(str(tmp_path / "frames" / "1.png"))[..., ::-1].copy())
    rgb = rgb.permute(2, 0, 1)[None].float()
    with torch.inference_mode():
        wanted = windows.logits(network, rgb, flip=flip == "yes")[0].argmax(0).numpy()
        whole = network(rgb)[0].argmax(0).numpy()
    assert (quick_job.read_labels(folder, 1) == wanted).mean() > 0.999
    assert (wanted != whole).any()
