"""The two branches: a student that learns, a teacher that follows it, an optimiser between them.

A branch answers for a piece of a batch in two ways: what its teacher sees and says, without
gradients, and what its student sees and says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer

from rewis3d.batch import Batch
from rewis3d.learning.schedule import first_beta, rate
from rewis3d.method import MeanTeacher, Schedule
from rewis3d.method import Optimiser as OptimiserSettings
from rewis3d.models.points import PointBatch
from rewis3d.models.ptv3 import PointSegmenter
from rewis3d.models.teacher import Teacher

PEAK = "peak"
"""Key of a parameter group: the highest learning rate that it has."""


@dataclass(frozen=True, slots=True)
class Group:
    """Parameters that learn at one rate."""

    parameters: Sequence[nn.Parameter]
    rate: float
    """The highest."""


def adamw(groups: Iterable[Group], *, weight_decay: float) -> Optimizer:
    """Return AdamW on parameter groups; `paced` sets their rates before each step."""
    rows = [{"params": list(g.parameters), "lr": g.rate, PEAK: g.rate} for g in groups]
    return torch.optim.AdamW(rows, weight_decay=weight_decay)


def paced(optimiser: Optimizer, kind: Schedule, done: float, settings: OptimiserSettings) -> None:
    """Set the rates, and the first beta, of the step after a share `done` of all steps."""
    share, beta = rate(kind, done, settings), first_beta(kind, done, settings)
    for group in optimiser.param_groups:
        group["lr"] = group[PEAK] * share
        group["betas"] = (beta, group["betas"][1])


class ImageBranch:
    """2D: networks that take images, colours 0 to 255, and give logits at every pixel."""

    def __init__(self, student: nn.Module, optimiser: Optimizer, settings: MeanTeacher) -> None:
        self.student = student
        self.teacher = Teacher(student, settings)
        self.optimiser = optimiser

    def teach(self, piece: Batch, generator: torch.Generator) -> Float[Tensor, "b k h w"]:
        """Return the teacher's logits of the images as they are."""
        del generator
        return self.teacher(piece.rgb)

    def learn(self, piece: Batch, generator: torch.Generator) -> Float[Tensor, "b k h w"]:
        """Return the student's logits of the disturbed images."""
        del generator
        return self.student(piece.rgb_student)


class PointBranch:
    """3D: networks that take clouds and give logits at every point."""

    def __init__(
        self, student: PointSegmenter, optimiser: Optimizer, settings: MeanTeacher
    ) -> None:
        self.student = student
        self.teacher = Teacher(student, settings)
        self.optimiser = optimiser

    def teach(self, piece: Batch, generator: torch.Generator) -> Float[Tensor, "n g"]:
        """Return the teacher's logits of the points where they are."""
        with torch.no_grad():
            return self._answer(self.teacher.network, piece, piece.xyz, generator)

    def learn(self, piece: Batch, generator: torch.Generator) -> Float[Tensor, "n g"]:
        """Return the student's logits of the points where they were moved to."""
        return self._answer(self.student, piece, piece.xyz_student, generator)

    def _answer(
        self,
        network: nn.Module,
        piece: Batch,
        xyz: Float[Tensor, "n 3"],
        generator: torch.Generator,
    ) -> Float[Tensor, "n g"]:
        if not len(xyz):  # no view of the piece has geometry
            return xyz.new_zeros((0, self.student.seg_head.out_features))
        return network(clouds(piece, xyz), generator=generator if network.training else None)


def clouds(piece: Batch, xyz: Float[Tensor, "n 3"]) -> PointBatch:
    """Return a piece's clouds with their points at `xyz`; views without points are left out."""
    seen = [xyz, piece.colour] if piece.features is None else [xyz, piece.colour, piece.features]
    ends = piece.offsets[piece.offsets.diff(prepend=piece.offsets.new_zeros(1)) > 0]
    offsets = torch.cat([ends.new_zeros(1), ends])
    return PointBatch(xyz, torch.cat(seen, dim=1), offsets)
