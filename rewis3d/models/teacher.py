"""A mean teacher: the average of a student's weights over its steps (section 3.3 of the paper).

A. Tarvainen and H. Valpola, "Mean teachers are better role models" (2017).
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from rewis3d.method import MeanTeacher


class Teacher:
    """A copy of a network that follows it and predicts, but is never trained.

    A checkpoint keeps its `network`; there is no other state.
    """

    def __init__(self, student: nn.Module, settings: MeanTeacher) -> None:
        """Begin as a copy of the student, on its device; it comes without a wrapper such as DDP."""
        self.settings = settings
        self.network = copy.deepcopy(student).requires_grad_(False)
        self.network.zero_grad(set_to_none=True)
        self.network.train(settings.teacher_mode == "train")

    @torch.no_grad()
    def __call__(self, *inputs: Any) -> Any:
        """Return what the network makes of its inputs, without gradients."""
        return self.network(*inputs)

    @torch.no_grad()
    def follow(self, student: nn.Module, *, step: int, epoch_steps: int) -> None:
        """Move towards a student that has made its step number `step`; the first is 0.

        Parameters are averaged (eq. 1), buffers are copied. `epoch_steps` is how many steps an
        epoch has, for a warm-up that begins anew in each.
        """
        kept = share_kept(self.settings, step=step, epoch_steps=epoch_steps)
        mine: list[Tensor] = list(self.network.parameters())
        its: list[Tensor] = list(student.parameters())
        torch._foreach_lerp_(mine, its, 1 - kept)  # pyright: ignore[reportPrivateImportUsage]
        for buffer, seen in zip(self.network.buffers(), student.buffers(), strict=True):
            buffer.copy_(seen)

    def frozen(self) -> nn.Module:
        """Return a copy of the network that follows nobody and predicts as at inference."""
        return copy.deepcopy(self.network).eval()


def share_kept(settings: MeanTeacher, *, step: int, epoch_steps: int) -> float:
    """Return the share of the teacher that stays at a step: min(alpha, 1 - 1 / (i + 1)).

    i is the step, or its place in its epoch. At i = 0 nothing stays: the teacher becomes the
    student.
    """
    i = step if settings.warm_up == "step" else step % epoch_steps
    return min(settings.alpha, 1 - 1 / (i + 1))
