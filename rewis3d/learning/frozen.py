"""The 2D branch over a frozen backbone: what it makes of whole frames is computed once."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional
from torch.optim import Optimizer

from rewis3d.batch import Batch
from rewis3d.learning.branches import ImageBranch
from rewis3d.method import MeanTeacher
from rewis3d.models.segmenter import Segmenter

Maps = Callable[[int], list[Tensor]]
"""Returns the backbone's maps of a frame (1 c r s), finest first, on the device."""


class FrozenImageBranch(ImageBranch):
    """Trains the head of a Segmenter on frames as they are: maps of moved ones are not known."""

    def __init__(
        self,
        student: Segmenter,
        optimiser: Optimizer,
        settings: MeanTeacher,
        *,
        maps: Maps,
        sizes: Mapping[int, tuple[int, int]],
    ) -> None:
        """`sizes` are the frames' heights and widths by frame id."""
        super().__init__(student, optimiser, settings)
        self._maps = maps
        self._sizes = sizes

    def teach(self, piece: Batch, generator: torch.Generator) -> Float[Tensor, "b k h w"]:
        """Return the teacher's logits."""
        del generator
        with torch.no_grad():
            return self._decoded(self.teacher.network, piece)

    def learn(self, piece: Batch, generator: torch.Generator) -> Float[Tensor, "b k h w"]:
        """Return the student's logits; its dropout is all that disturbs what it sees."""
        del generator
        return self._decoded(self.student, piece)

    def _decoded(self, network: torch.nn.Module, piece: Batch) -> Float[Tensor, "b k h w"]:
        if not isinstance(network, Segmenter):
            raise TypeError(f"got a {type(network).__name__}, wanted a Segmenter")
        size = (piece.rgb.shape[2], piece.rgb.shape[3])
        frames = piece.frame.tolist()
        for frame in frames:
            if self._sizes[frame] != size:
                raise ValueError(f"got an image of {size}, the whole frame is {self._sizes[frame]}")
        levels = zip(*(self._maps(frame) for frame in frames), strict=True)
        logits = network.decode([torch.cat(level) for level in levels], piece.rgb)
        return functional.interpolate(logits, size, mode="bilinear", align_corners=False)


def with_trainable_head(network: Segmenter) -> Segmenter:
    """Return a copy in training mode of which the head alone learns."""
    copied = copy.deepcopy(network).requires_grad_(False).train()
    copied.head.requires_grad_(True)
    return copied
