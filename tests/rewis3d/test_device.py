"""Which device a run computes on, with and without CUDA."""

from __future__ import annotations

import pytest
import torch

from rewis3d.device import pick
from rewis3d.types import Rewis3dError


@pytest.mark.parametrize(
    ("wanted", "present", "device"),
    [("auto", True, "cuda"), ("auto", False, "cpu"), ("cpu", True, "cpu"), ("cuda", True, "cuda")],
)
def test_the_device_of_a_config(
    monkeypatch: pytest.MonkeyPatch, wanted: str, present: bool, device: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: present)
    assert pick(wanted) == torch.device(device)


def test_a_gpu_that_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(Rewis3dError, match="device is 'cuda', but torch finds no CUDA device"):
        pick("cuda")


def test_convolutions_keep_full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    pick("cpu")
    assert torch.backends.cudnn.allow_tf32 is False
