"""What the frames around teach: worked out by hand, and never against a pixel's own label."""

from __future__ import annotations

import math

import pytest
import torch

from rewis3d.losses.cross_modal import NO_TARGET
from rewis3d.losses.temporal import temporal, temporal_targets
from rewis3d.types import IGNORED, UNLABELLED


def test_pixels_with_a_label_of_their_own_and_ignored_ones_hear_nothing() -> None:
    told = torch.tensor([[[1, 0, 1, UNLABELLED]]])
    labels = torch.tensor([[[UNLABELLED, 0, IGNORED, UNLABELLED]]])
    targets = temporal_targets(told, torch.tensor([[[2.0, 3.0, 5.0, 0.0]]]), labels)
    assert targets.classes.tolist() == [[[1, NO_TARGET, NO_TARGET, NO_TARGET]]]
    assert targets.weights.tolist() == [[[2.0, 0.0, 0.0, 0.0]]]
    assert targets.pairs.item() == 1


def test_the_loss_is_the_mean_by_weights() -> None:
    logits = torch.zeros(1, 2, 1, 3, requires_grad=True)
    with torch.no_grad():
        logits[0, 1, 0, 1] = math.log(3)  # the second pixel gives class 1 three times class 0
    told = torch.tensor([[[0, 1, UNLABELLED]]])
    free = torch.full((1, 1, 3), UNLABELLED)
    term = temporal(logits, temporal_targets(told, torch.tensor([[[1.0, 3.0, 0.0]]]), free))
    wanted = (1 * math.log(2) + 3 * math.log(4 / 3)) / 4
    assert term.mean().item() == pytest.approx(wanted)
    (gradient,) = torch.autograd.grad(term.mean(), logits)
    assert gradient[0, :, 0, 2].abs().max() == 0
    assert gradient[0, :, 0, :2].abs().min() > 0


def test_nothing_told_is_a_loss_of_nothing() -> None:
    free = torch.full((1, 1, 2), UNLABELLED)
    term = temporal(torch.randn(1, 3, 1, 2), temporal_targets(free, torch.zeros(1, 1, 2), free))
    assert (term.mean().item(), term.count.item()) == (0.0, 0.0)
