"""One training step: teachers first, on all pieces; then the students, a piece at a time.

The gradients are those of the whole batch at once, however small the pieces are (see
rewis3d/losses/branch.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Final

import torch
from torch import Tensor

from rewis3d.batch import Batch
from rewis3d.learning.lesson import Branches, Lesson, at_pairs, covered, teach
from rewis3d.losses.branch import Branch, expected, measured, total
from rewis3d.losses.cross_modal import Targets, coverage, cross_modal
from rewis3d.losses.temporal import temporal, temporal_targets
from rewis3d.losses.term import Term
from rewis3d.method import MethodConfig

_SEED_STRIDE: Final = 1_000_003
"""A prime: steps of different seeds start their generators from different numbers."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Where in the training a step is."""

    step: int
    """Steps that were made before."""
    epoch_steps: int
    """Steps of an epoch, for a teacher whose warm-up begins anew in each."""
    done: float
    """Share of all steps that was made before, 0..1."""
    consistency: float
    """Share of their full weight that the losses within the branches have by now, 0..1."""
    cross_modal: float
    """The same of those between the branches."""
    temporal: bool = False
    """What the frames around tell is heard."""
    rehearsal: bool = False
    """Losses that have no weight yet are computed too: to see what a step will take."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of both branches; of a piece, or of the whole."""

    image: Branch
    points: Branch | None

    def __add__(self, other: Terms) -> Terms:
        if self.points is None or other.points is None:
            return Terms(self.image + other.image, None)
        return Terms(self.image + other.image, self.points + other.points)


def make_step(
    branches: Branches,
    batch: Batch,
    config: MethodConfig,
    moment: Moment,
    *,
    seed: int,
    micro_batch: int,
) -> Terms:
    """Make one step of both branches on a batch, `micro_batch` views at a time.

    Returns the terms of the whole batch, without gradients. All that is random depends on the seed
    and the step. torch.OutOfMemoryError leaves the networks as they were before: the step can be
    made again with smaller pieces.
    """
    both = [branch for _, branch in branches.named()]
    for branch in both:
        branch.optimiser.zero_grad(set_to_none=True)
    generator = seeded(seed, moment.step)
    pieces = list(batch.split(micro_batch))
    lessons = _lessons(branches, pieces, config, moment, generator)
    known = [
        _expected(branches, piece, lesson, config)
        for piece, lesson in zip(pieces, lessons, strict=True)
    ]
    whole = reduce(add, known)
    made = []
    for piece, lesson, awaited in zip(pieces, lessons, known, strict=True):
        terms = _measured(branches, piece, lesson, awaited, config, generator)
        _loss(terms, whole, config, moment).backward()
        made.append(_detached(terms))
    for branch in both:
        branch.optimiser.step()
        branch.teacher.follow(branch.student, step=moment.step, epoch_steps=moment.epoch_steps)
    return reduce(add, made)


def seeded(seed: int, step: int) -> torch.Generator:
    """Return the generator of a step, and start torch's own, which dropout draws from, like it."""
    number = seed * _SEED_STRIDE + step
    torch.manual_seed(number)
    return torch.Generator().manual_seed(number)


def _lessons(
    branches: Branches,
    pieces: Sequence[Batch],
    config: MethodConfig,
    moment: Moment,
    generator: torch.Generator,
) -> list[Lesson]:
    share = reduce(add, (coverage(covered(piece), piece.labels) for piece in pieces)).mean()
    found = []
    for piece in pieces:
        with precision(piece, config):
            lesson = teach(
                branches,
                piece,
                config.cross_modal,
                within=config.losses.consistency and (moment.consistency > 0 or moment.rehearsal),
                between=moment.cross_modal > 0 or moment.rehearsal,
                share=share,
                generator=generator,
            )
        found.append(replace(lesson, from_time=_in_time(piece)) if moment.temporal else lesson)
    return found


def _in_time(piece: Batch) -> Targets | None:
    """Return what the frames around tell a piece's pixels."""
    if piece.temporal_labels is None or piece.temporal_weights is None:
        return None
    return temporal_targets(piece.temporal_labels, piece.temporal_weights, piece.labels)


def precision(piece: Batch, config: MethodConfig) -> torch.autocast:
    """Return the context in which networks run: bfloat16 where the settings say so."""
    return torch.autocast(
        piece.rgb.device.type, torch.bfloat16, enabled=config.run.precision == "bfloat16"
    )


def _expected(branches: Branches, piece: Batch, lesson: Lesson, config: MethodConfig) -> Terms:
    """Return what is known of a piece before its students run."""
    divisor, losses = config.cross_modal.cmc_divisor, config.losses
    image = expected(
        piece.labels,
        lesson.image,
        _there(lesson.awaited_2d(divisor), piece),
        _there(lesson.awaited_in_time(), piece),
        losses=losses,
        average=losses.kl_average,
    )
    if branches.bridge is None:
        return Terms(image, None)
    labels = branches.bridge.labels_3d(piece.point_labels)
    crossed = _there(lesson.awaited_3d(divisor), piece)
    return Terms(image, expected(labels, lesson.points, crossed, losses=losses))


def _measured(
    branches: Branches,
    piece: Batch,
    lesson: Lesson,
    known: Terms,
    config: MethodConfig,
    generator: torch.Generator,
) -> Terms:
    """Run the students on a piece and return its terms."""
    divisor = config.cross_modal.cmc_divisor
    with precision(piece, config):
        student = branches.image.learn(piece, generator)
    crossed = known.image.cross_modal
    if lesson.from_points is not None:
        crossed = cross_modal(at_pairs(student, piece), lesson.from_points, divisor=divisor)
    if lesson.from_sky is not None:
        crossed = crossed + cross_modal(student, lesson.from_sky, divisor=divisor)
    told = known.image.temporal
    if lesson.from_time is not None:
        told = temporal(student, lesson.from_time)
    image = measured(known.image, student, piece.labels, lesson.image, crossed, told)
    if branches.points is None or branches.bridge is None or known.points is None:
        return Terms(image, None)
    with precision(piece, config):
        found = branches.points.learn(piece, generator)
    crossed = known.points.cross_modal
    if lesson.from_image is not None:
        crossed = cross_modal(found[piece.pair_point], lesson.from_image, divisor=divisor)
    labels = branches.bridge.labels_3d(piece.point_labels)
    return Terms(image, measured(known.points, found, labels, lesson.points, crossed))


def _loss(terms: Terms, whole: Terms, config: MethodConfig, moment: Moment) -> Tensor:
    """Return a piece's part of the step's loss."""
    points = None
    if terms.points is not None and whole.points is not None:
        points = terms.points.over(whole.points)
    return total(
        terms.image.over(whole.image),
        points,
        config.losses,
        config.cross_modal,
        lambda_t=config.temporal.lambda_t if moment.temporal else 0.0,
        consistency_ramp=moment.consistency,
        cmc_ramp=moment.cross_modal,
    )


def _there(term: Term, piece: Batch) -> Term:
    """Return a term on the piece's device."""
    device = piece.labels.device
    return Term(term.sum.to(device), term.count.to(device))


def _detached(terms: Terms) -> Terms:
    points = terms.points
    return Terms(
        Branch.unstacked(terms.image.stacked()),
        None if points is None else Branch.unstacked(points.stacked()),
    )
