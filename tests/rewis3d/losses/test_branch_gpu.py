"""A step on a GPU is the step on a CPU."""

from __future__ import annotations

from dataclasses import fields

import pytest
import torch

from rewis3d.device import pick
from rewis3d.method import MethodConfig
from rewis3d.presets import resolve
from tests.rewis3d.losses.test_branch import Piece, Step, joined, view

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("preset", ["paper", "released"])
def test_losses_and_gradients_agree(preset: str) -> None:
    pick("cuda")  # TF32 off
    config = resolve(preset, {"tau": "0.6"})
    assert isinstance(config, MethodConfig)
    batch = joined([view(seed) for seed in range(4)])
    moved = Piece(**{field.name: getattr(batch, field.name).cuda() for field in fields(Piece)})
    loss, wanted = Step(config).gradients([batch])
    on_gpu, found = Step(config, "cuda").gradients([moved])
    assert on_gpu == pytest.approx(loss, abs=1e-4)
    for ours, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(ours.cpu(), theirs, atol=1e-4, rtol=1e-4)
