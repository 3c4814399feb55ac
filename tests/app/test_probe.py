"""The probe in a process of its own, as doctor starts it."""

from __future__ import annotations

import pytest

from app import doctor, probe
from rewis3d.models import weights
from rewis3d.types import Rewis3dError


def test_doctor_understands_the_probe(tmp_path_factory: pytest.TempPathFactory) -> None:
    findings = {one.name: one for one in doctor.examine(tmp_path_factory.mktemp("data"))}
    assert findings["PyTorch"].state is doctor.State.OK
    assert findings["Backbone weights"].found.endswith(", sha256 checked")


def test_bad_weights_are_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise Rewis3dError("weights were altered")

    monkeypatch.setattr(weights, "read_foreign", refuse)
    assert probe.backbone() == (None, "weights were altered")


def test_a_gpu_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = probe.torch.cuda
    monkeypatch.setattr(cuda, "is_available", lambda: True)
    monkeypatch.setattr(cuda, "device_count", lambda: 2)
    monkeypatch.setattr(cuda, "get_device_name", lambda index: f"GPU {index}")
    assert probe.device().endswith(": GPU 0, GPU 1")


def test_without_a_gpu_the_threads_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe.torch.cuda, "is_available", lambda: False)
    assert probe.device() == f"processor, {probe.torch.get_num_threads()} threads"
