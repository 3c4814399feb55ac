"""A training step's loss, however many pieces and GPUs it is computed in (eq. 4, 7).

First the teachers run on all pieces, and what is `expected` of them is added up. Then each student
runs on a piece at a time, and the `total` of what is `measured`, taken `over` the whole, is
backpropagated. The gradients add up to those of one large batch:

    known = [expected(piece.labels, teacher, told.awaited(divisor), ...) for each piece]
    whole = the sum of known, over all GPUs
    for each piece, with what is known of it:
        terms = measured(known, student, piece.labels, teacher, cross_modal(student, told))
        total(terms.over(whole), ...).backward()

Where gradients are averaged over GPUs (DDP), the loss is multiplied by their number first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Final

import torch
from jaxtyping import Float, Float64, Integer
from torch import Tensor

from rewis3d.config import Number
from rewis3d.losses.term import Term, awaited
from rewis3d.losses.within import confident, consistency, labelled, supervised, unlabelled
from rewis3d.method import Average, CrossModal, Losses

_ROUNDING: Final = 1e-9
"""A step this share of all before a boundary is at it: 20 / 35 - 15 / 35 is not quite 5 / 35."""
_NONE: Final = awaited(torch.zeros(()))
"""The term of a loss that nobody computes."""


@dataclass(frozen=True, slots=True)
class Branch:
    """The terms of a branch, of a piece of a step or of the whole."""

    supervised: Term
    """L_S: cross entropy of labelled pixels."""
    consistency: Term
    """L_U: divergence from the teacher at unlabelled ones (eq. 2)."""
    confident: Term
    """w_t: pixels where the teacher is sure, of those where it was asked (eq. 3)."""
    cross_modal: Term
    """L_C: weighted cross entropy against the other branch's teacher (eq. 5)."""
    temporal: Term = _NONE
    """L_T: weighted cross entropy against what the frames around tell; of 2D alone."""

    def terms(self) -> tuple[Term, ...]:
        """Return the terms, in the order of the fields."""
        return tuple(getattr(self, field.name) for field in fields(self))

    def __add__(self, other: Branch) -> Branch:
        return Branch(*(mine + its for mine, its in zip(self.terms(), other.terms(), strict=True)))

    def over(self, whole: Branch) -> Branch:
        """Return the terms of a piece as parts of the whole: with its counts, and its w_t."""
        return Branch(
            supervised=self.supervised.over(whole.supervised),
            consistency=self.consistency.over(whole.consistency),
            confident=whole.confident,
            cross_modal=self.cross_modal.over(whole.cross_modal),
            temporal=self.temporal.over(whole.temporal),
        )

    def stacked(self) -> Float64[Tensor, "10"]:
        """Return all numbers in one tensor without gradients, for an all-reduce."""
        numbers = [number for term in self.terms() for number in (term.sum, term.count)]
        device = self.supervised.count.device
        return torch.stack([number.detach().double().to(device) for number in numbers])

    @classmethod
    def unstacked(cls, numbers: Float64[Tensor, "10"]) -> Branch:
        """Return the branch that `stacked` made these numbers of."""
        return cls(*(Term(total, count) for total, count in numbers.reshape(-1, 2)))


def expected(
    labels: Integer[Tensor, "n *s"],
    teacher: Float[Tensor, "n k *s"] | None,
    cross_modal: Term,
    temporal: Term = _NONE,
    *,
    losses: Losses,
    average: Average = "pixels",
) -> Branch:
    """Return what is known of a branch before its student runs: all but four sums.

    Without a teacher there is no consistency. `cross_modal` and `temporal` are those of
    `Targets.awaited`. `average` is the setting `kl_average` in 2D, and "pixels" in 3D, which are
    points there.
    """
    none = awaited(torch.zeros((), device=labels.device))
    if teacher is None:
        return Branch(awaited(labelled(labels).sum()), none, none, cross_modal, temporal)
    return Branch(
        supervised=awaited(labelled(labels).sum()),
        consistency=awaited(unlabelled(labels, teacher.shape[1], over=average)),
        confident=confident(teacher, labels, losses.tau, over=losses.w_t_over),
        cross_modal=cross_modal,
        temporal=temporal,
    )


def measured(
    known: Branch,
    student: Float[Tensor, "n k *s"],
    labels: Integer[Tensor, "n *s"],
    teacher: Float[Tensor, "n k *s"] | None,
    cross_modal: Term,
    temporal: Term = _NONE,
) -> Branch:
    """Return the terms of a branch once its student has run; `known` is what was expected."""
    diverged = known.consistency
    if teacher is not None:
        diverged = consistency(student, teacher, labels).over(known.consistency)
    supervision = supervised(student, labels)
    return Branch(supervision, diverged, known.confident, cross_modal, temporal)


def total(
    image: Branch,
    points: Branch | None,
    losses: Losses,
    cross_modal: CrossModal,
    *,
    lambda_t: float = 0.0,
    consistency_ramp: float = 1.0,
    cmc_ramp: float = 1.0,
) -> Float64[Tensor, ""]:
    """Return the loss of both branches: eq. 7 with eq. 4 put into it, or as it is printed.

    `lambda_t` is the weight of the term that the paper lacks. Without `points` there is no 3D
    branch. The ramps say what share of their full weight
    consistency and cross-modal consistency have by now.
    """
    loss = _within(image, losses, consistency_ramp)
    loss = loss + cross_modal.lambda_2d * cmc_ramp * image.cross_modal.mean()
    if lambda_t:
        loss = loss + lambda_t * image.temporal.mean()
    if points is None:
        return loss
    loss = loss + _within(points, losses, consistency_ramp)
    return loss + cross_modal.lambda_3d * cmc_ramp * points.cross_modal.mean()


def _within(branch: Branch, losses: Losses, ramped: float) -> Float64[Tensor, ""]:
    """Return eq. 4 of a branch, or the sum L_S + L_U."""
    supervision, divergence = branch.supervised.mean(), branch.consistency.mean()
    if losses.balance == "sum":
        return supervision + ramped * divergence
    weight = losses.beta * ramped * branch.confident.mean()
    return (1 - losses.beta) * supervision + weight * divergence


def ramp(step: Number, steps: Number, *, start: Number, length: Number, stairs: int = 0) -> float:
    """Return the share of its full weight that a loss has at a step, counted from 0.

    It is 0 until the share `start` of all steps, and 1 from a share `length` later on. In between
    it rises in a line, or in so many stairs of which the first is at the start (the released code:
    one for each epoch). Seconds do as well as steps.
    """
    late = step / steps - start
    if late < -_ROUNDING:
        return 0.0
    if late >= length - _ROUNDING:
        return 1.0
    if stairs:
        return (math.floor(stairs * late / length + _ROUNDING) + 1) / stairs
    return max(late, 0.0) / length
