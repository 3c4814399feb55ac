"""The losses within a branch: labels teach the student, and so does its own teacher (section 3.3).

"Eq." and "section" are the paper's. Nothing here has a gradient with respect to a teacher.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int64, Integer
from torch import Tensor
from torch.nn import functional

from rewis3d.losses.term import Term, wide
from rewis3d.method import Average, Over
from rewis3d.types import IGNORED, UNLABELLED


def supervised(student: Float[Tensor, "n k *s"], labels: Integer[Tensor, "n *s"]) -> Term:
    """Return the cross entropy of labelled pixels (section 3.3)."""
    classes = torch.where(labelled(labels), labels.long(), UNLABELLED)
    loss = functional.cross_entropy(
        wide(student), classes, ignore_index=UNLABELLED, reduction="sum"
    )
    return Term(loss, labelled(labels).sum().double())


def consistency(
    student: Float[Tensor, "n k *s"],
    teacher: Float[Tensor, "n k *s"],
    labels: Integer[Tensor, "n *s"],
    *,
    over: Average = "pixels",
) -> Term:
    """Return the Kullback-Leibler divergence KL(teacher || student) of unlabelled pixels (eq. 2).

    "pixels and classes" divides it by the number of classes as well.
    """
    theirs, ours = wide(teacher.detach()).log_softmax(1), wide(student).log_softmax(1)
    divergence = functional.kl_div(ours, theirs, reduction="none", log_target=True).sum(1)
    loss = torch.where(labels == UNLABELLED, divergence, 0.0).sum()
    return Term(loss, unlabelled(labels, student.shape[1], over=over).double())


def confident(
    teacher: Float[Tensor, "n k *s"],
    labels: Integer[Tensor, "n *s"],
    tau: float,
    *,
    over: Over = "unlabelled",
) -> Term:
    """Return how many pixels the teacher gives a class the probability `tau` or more (eq. 3).

    They are counted among the unlabelled ones, or among all that are not ignored.
    """
    asked = labels == UNLABELLED if over == "unlabelled" else labels != IGNORED
    sure = wide(teacher.detach()).softmax(1).amax(1) >= tau
    return Term((sure & asked).sum().double(), asked.sum().double())


def labelled(labels: Integer[Tensor, "*s"]) -> Bool[Tensor, "*s"]:
    """Say which labels are classes."""
    return (labels != UNLABELLED) & (labels != IGNORED)


def unlabelled(labels: Integer[Tensor, "*s"], classes: int, *, over: Average) -> Int64[Tensor, ""]:
    """Return what the divergence is divided by: the number of unlabelled pixels, or of logits."""
    return (labels == UNLABELLED).sum() * (classes if over == "pixels and classes" else 1)
