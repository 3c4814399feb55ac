"""What can be trained here, on machines that are made up."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from app.web import trainable as module
from app.web.trainable import Trainable, no_cuda, trainable
from rewis3d.presets import PRESETS


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with a GPU, and with no weights."""
    monkeypatch.setattr(module, "version", lambda _: "2.13.0")
    monkeypatch.setattr(module, "_has_driver", lambda: True)
    monkeypatch.setattr(module, "weights_are_here", lambda *_, **__: False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def by_name() -> dict[str, Trainable]:
    return {each.name: each for each in trainable()}


def test_every_preset_is_looked_at_with_its_length(gpu: None) -> None:
    found = by_name()
    assert list(found) == list(PRESETS)
    assert (found["quick"].minutes, found["quick"].epochs) == (None, None)
    assert (found["cpu"].minutes, found["interactive"].minutes) == (7.0, 15.0)
    assert (found["paper"].epochs, found["released"].epochs) == (50, 35)


def test_on_a_gpu_the_papers_network_lacks_its_weights(
    gpu: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = by_name()
    assert [each.name for each in found.values() if each.ready] == ["quick", "interactive", "cpu"]
    line = "weights nvidia/mit-b4 (licence: NVIDIA Source Code License for SegFormer (not for"
    assert found["paper"].found.startswith(line)
    assert found["paper"].hint == "hf download nvidia/mit-b4"
    monkeypatch.setattr(module, "weights_are_here", lambda *_, **__: True)
    assert all(each.ready for each in trainable())


def test_without_a_gpu_two_kinds_are_left(gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_has_driver", lambda: False)
    found = by_name()
    assert [each.name for each in found.values() if each.ready] == ["quick", "cpu"]
    assert (found["paper"].found, found["paper"].hint) == (no_cuda(), None)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("version", lambda _: "2.13.0+cpu", "PyTorch is installed for the processor alone"),
        ("_has_driver", lambda: False, "there is no NVIDIA GPU with a driver"),
        ("_has_driver", lambda: True, None),
        ("_DRIVER", "no-such-library.so.1", "there is no NVIDIA GPU with a driver"),
    ],
)
def test_why_there_is_no_cuda(
    gpu: None, monkeypatch: pytest.MonkeyPatch, name: str, value: object, line: str | None
) -> None:
    if name == "_DRIVER":
        monkeypatch.undo()
        monkeypatch.setattr(module, "version", lambda _: "2.13.0")
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(module, name, value)
    assert no_cuda() == line


@pytest.mark.parametrize(("devices", "hidden"), [("", True), ("-1", True), ("0", False)])
def test_gpus_that_are_hidden(
    gpu: None, monkeypatch: pytest.MonkeyPatch, devices: str, hidden: bool
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", devices)
    assert (no_cuda() == "CUDA_VISIBLE_DEVICES hides every GPU") is hidden


def test_a_page_is_told(client: TestClient) -> None:
    found = client.get("/api/rounds/presets").json()["presets"]
    assert [each["name"] for each in found] == list(PRESETS)
    assert set(found[0]) == {"name", "minutes", "epochs", "ready", "found", "hint"}
