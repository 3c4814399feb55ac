"""Predictions at a frame's own size, strip by strip; and with a finished round's model."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from rewis3d import predict, quick
from rewis3d.job import read_job, write_job
from rewis3d.reports import Published
from rewis3d.types import Rewis3dError
from tests.rewis3d import quick_job


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
