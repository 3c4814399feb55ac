"""The losses between the branches: each one's teacher supervises the other's student (section 3.4).

A pair is a pixel of a view and the point that was made from it. Targets are hard labels from
teachers without gradients. "Eq." and "section" are the paper's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Bool, Float, Float64, Int64, Integer
from torch import Tensor
from torch.nn import functional

from rewis3d.losses.term import Term, awaited, wide
from rewis3d.method import CrossModal, Divisor
from rewis3d.types import IGNORED, UNLABELLED, ClassSpec, Rewis3dError

NO_TARGET: Final = -1
"""In place of a class where a teacher has none to give."""
MOST_TRUST: Final = 2.0**11
"""Largest raw confidence 1 / (1 - c): scenes keep c in float16, whose last number below 1 is
1 - 2**-11."""


@dataclass(frozen=True, slots=True)
class ClassBridge:
    """The classes of the 3D head: those of 2D that have geometry, in the order of 2D."""

    to_3d: Int64[Tensor, "k"]
    """Train id in 3D of each class of 2D; NO_TARGET for one without geometry."""
    to_2d: Int64[Tensor, "g"]
    """Train id in 2D of each class of 3D."""

    def to(self, device: torch.device) -> ClassBridge:
        """Return the bridge on a device."""
        return ClassBridge(self.to_3d.to(device), self.to_2d.to(device))

    def labels_3d(self, labels: Integer[Tensor, "n"]) -> Int64[Tensor, "n"]:
        """Return labels of points, in train ids of 2D, as labels for the 3D head.

        A point whose label has no geometry is IGNORED: no class of 3D is right there.
        """
        table = torch.full((UNLABELLED + 1,), IGNORED, device=labels.device)
        table[self.to_2d] = torch.arange(len(self.to_2d), device=labels.device)
        table[UNLABELLED] = UNLABELLED
        return table[labels.long()]


def class_bridge(classes: Sequence[ClassSpec]) -> ClassBridge:
    """Return the bridge of a round's classes; Rewis3dError where none has geometry."""
    solid = [train_id for train_id, spec in enumerate(classes) if spec.has_geometry]
    if not solid:
        raise Rewis3dError("no class has geometry: there is nothing to learn in 3D")
    to_3d = torch.full((len(classes),), NO_TARGET)
    to_3d[solid] = torch.arange(len(solid))
    return ClassBridge(to_3d, torch.tensor(solid))


@dataclass(frozen=True, slots=True)
class Targets:
    """What a teacher tells the other branch's student, at pairs or at pixels of images."""

    classes: Int64[Tensor, "n *s"]
    """Train ids of the student; NO_TARGET where the teacher has nothing to tell."""
    weights: Float[Tensor, "n *s"]
    """0 there."""
    pairs: Float64[Tensor, ""]
    """How many pairs take part, those with nothing to tell among them."""

    def awaited(self, divisor: Divisor) -> Term:
        """Return the term of `cross_modal` before the student runs: its count."""
        if divisor == "pairs":
            return awaited(self.pairs)
        weights = self.weights.sum(dtype=torch.float64)
        return awaited(weights if divisor == "weights" else torch.zeros_like(weights))


def pair_targets(
    teacher: Float[Tensor, "m j"],
    confidence: Float[Tensor, "m"],
    labels: Integer[Tensor, "m"],
    ids: Int64[Tensor, "j"],
    *,
    settings: CrossModal,
) -> Targets:
    """Return a teacher's hard labels at pairs, and their weights (eq. 5, 6).

    `confidence` is the reconstruction's in [0, 1]. `labels` are those of the pairs' pixels: a pair
    whose pixel is IGNORED takes no part. `ids` are the student's train ids of the teacher's
    classes: `to_2d` where points teach pixels, `to_3d` where pixels teach points.
    """
    certainty, found = wide(teacher.detach()).softmax(1).max(1)
    taking_part = labels != IGNORED
    classes = torch.where(taking_part, ids[found], NO_TARGET)
    weights = certainty if settings.prediction_weights else torch.ones_like(certainty)
    if settings.reconstruction_weights:
        weights = weights * _trust(confidence.to(weights.dtype), raw=settings.c_rec == "raw")
    weights = torch.where(classes == NO_TARGET, 0.0, weights)
    return Targets(classes, weights, taking_part.sum().double())


def _trust(confidence: Float[Tensor, "m"], *, raw: bool) -> Float[Tensor, "m"]:
    """Return c_rec: the confidence as it is, or 1 / (1 - c) as MapAnything gives it."""
    return 1 / (1 - confidence).clamp(min=1 / MOST_TRUST) if raw else confidence


def coverage(covered: Bool[Tensor, "b h w"], labels: Integer[Tensor, "b h w"]) -> Term:
    """Return how many pixels have a point, of those that are not ignored."""
    taking_part = labels != IGNORED
    return Term((covered & taking_part).sum().double(), taking_part.sum().double())


def sky_targets(
    teacher: Float[Tensor, "b k h w"],
    covered: Bool[Tensor, "b h w"],
    labels: Integer[Tensor, "b h w"],
    bridge: ClassBridge,
    *,
    share: Float[Tensor, ""],
) -> Targets:
    """Return what a 2D teacher takes for sky, or else without geometry, where there is no point.

    After the released code: the weight is the teacher's certainty times the share of pixels that
    have a point (`coverage` of the whole step), and each such pixel counts as that share of a pair.
    """
    certainty, found = wide(teacher.detach()).softmax(1).max(1)
    wanted = (bridge.to_3d[found] == NO_TARGET) & ~covered & (labels != IGNORED)
    classes = torch.where(wanted, found, NO_TARGET)
    weights = torch.where(wanted, certainty * share.to(certainty.dtype), 0.0)
    return Targets(classes, weights, wanted.sum() * share.double())


def cross_modal(
    student: Float[Tensor, "n k *s"], targets: Targets, *, divisor: Divisor = "pairs"
) -> Term:
    """Return the weighted cross entropy of a student against the other branch's teacher (eq. 5).

    `student` are its logits where the targets are. Dividing by the weights leaves out how sure the
    teachers are altogether.
    """
    losses = functional.cross_entropy(
        wide(student), targets.classes, ignore_index=NO_TARGET, reduction="none"
    )
    return Term((losses * targets.weights).sum(), targets.awaited(divisor).count)
