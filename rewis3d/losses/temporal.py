"""What the frames around teach a frame: labels that optical flow brings, as targets.

No part of the paper. Labels of a pixel's own frame come first: strokes are learnt as strokes, and
an ignored pixel takes part in nothing.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from rewis3d.losses.cross_modal import NO_TARGET, Targets, cross_modal
from rewis3d.losses.term import Term
from rewis3d.types import UNLABELLED


def temporal_targets(
    told: Integer[Tensor, "b h w"],
    weights: Float[Tensor, "b h w"],
    labels: Integer[Tensor, "b h w"],
) -> Targets:
    """Return what pixels without a label of their own are told, with its weights."""
    heard = (told != UNLABELLED) & (labels == UNLABELLED)
    classes = torch.where(heard, told.long(), NO_TARGET)
    return Targets(classes, torch.where(heard, weights, 0.0), heard.sum().double())


def temporal(student: Float[Tensor, "b k h w"], targets: Targets) -> Term:
    """Return L_T: the weighted cross entropy against what is told, over the sum of the weights."""
    return cross_modal(student, targets, divisor="weights")
