"""A 2D network: frames in, logits out. All that training, prediction and export know of it.

Everything between the frame as stored and its logits is inside (resizing, normalisation), so that
what is exported is what predicts.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

AnyNetwork = TypeVar("AnyNetwork", bound="Network")
DROPOUT: Final = 0.1
"""Share of what the last layer reads that is left out in a training step.

torch's own generator draws it, as any dropout: who trains seeds that (rewis3d/learning/step.py)."""
_NOISE: Final = 0.01
"""Deviation of what sets new classes apart, as a share of that of the known ones' weights."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Parameters that learn at rates of their own (settings `lr_2d_blocks` and `lr_2d`)."""

    blocks: list[nn.Parameter]
    others: list[nn.Parameter]


class Network(nn.Module, ABC):
    """A 2D network. It is saved by its `record` and its state dict (rewis3d/checkpoint.py)."""

    window: tuple[int, int] | None = None
    """Height and width of the crops that it was trained on: larger frames are predicted in windows
    of that size (rewis3d/models/windows.py). None: it sees every frame whole."""

    def forward(self, rgb: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b k h w"]:
        """Return logits at the frames' own size; colours are 0 to 255, any size and batch."""
        return functional.interpolate(
            self.coarse(rgb), rgb.shape[2:], mode="bilinear", align_corners=False
        )

    @abstractmethod
    def coarse(self, rgb: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b k r s"]:
        """Return logits on the decoder's own grid, before they are enlarged to the frame."""

    @property
    @abstractmethod
    def classifier(self) -> nn.Linear | nn.Conv2d:
        """The last layer: one row of weights and one bias for each class."""

    @property
    def classes(self) -> int:
        """How many classes the logits are of."""
        return self.classifier.weight.shape[0]

    @abstractmethod
    def record(self) -> dict[str, Any]:
        """Return what it is built from beside its weights, as JSON values, with its `kind`."""

    def groups(self) -> Groups:
        """Return its parameters by rate: blocks are those with "block" in their name."""
        named = list(self.named_parameters())
        return Groups(
            [part for name, part in named if self._in_block(name)],
            [part for name, part in named if not self._in_block(name)],
        )

    def _in_block(self, name: str) -> bool:
        return "block" in name

    def trainable(self: AnyNetwork) -> AnyNetwork:
        """Return a copy of which every parameter learns, in training mode."""
        return copy.deepcopy(self).requires_grad_(True).train()

    def grown(
        self: AnyNetwork, old: Sequence[int], new: Sequence[int], *, generator: torch.Generator
    ) -> AnyNetwork:
        """Return a copy with other classes: ids of those that it has, and of those that it gets.

        What it knows of a class moves to the class's new place. A new class, or one that nothing
        taught yet, starts as the mean of the known ones: nowhere more probable than all of them.
        """
        if len(old) != self.classes:
            raise ValueError(f"got ids of {len(old)} classes, the network has {self.classes}")
        copied = copy.deepcopy(self)
        regrow(copied.classifier, old, new, generator=generator)
        return copied

    def settled(self: AnyNetwork) -> AnyNetwork:
        """Return a frozen copy that can be saved, without what only learning needs."""
        return copy.deepcopy(self).eval().requires_grad_(False)

    def folded(self: AnyNetwork) -> AnyNetwork:
        """Return a copy for inference; norms are in convolutions where that is quicker."""
        return copy.deepcopy(self).eval()


def regrow(
    classifier: nn.Linear | nn.Conv2d,
    old: Sequence[int],
    new: Sequence[int],
    *,
    generator: torch.Generator,
) -> None:
    """Give a last layer the rows of other classes, in place; see `Network.grown`."""
    weight, bias = classifier.weight.detach(), classifier.bias
    if bias is None:
        raise ValueError("a last layer has a bias")
    bias = bias.detach()
    # A quick round makes classes that nothing taught impossible: their weights are all zero.
    taught = [train_id for train_id in range(len(old)) if bool(weight[train_id].any())]
    place = {old[train_id]: train_id for train_id in taught}
    rows = weight.new_empty((len(new), *weight.shape[1:]))
    offsets = bias.new_zeros(len(new))
    for train_id, class_id in enumerate(new):
        if class_id in place:
            rows[train_id], offsets[train_id] = weight[place[class_id]], bias[place[class_id]]
        elif taught:
            noise = torch.randn(weight.shape[1:], generator=generator).to(weight)
            rows[train_id] = weight[taught].mean(0) + _NOISE * weight[taught].std() * noise
            offsets[train_id] = bias[taught].mean()
        else:
            fresh = torch.empty(weight.shape[1:])
            nn.init.kaiming_uniform_(fresh[None], nonlinearity="relu", generator=generator)
            rows[train_id] = fresh.to(weight)
    classifier.weight = nn.Parameter(rows, requires_grad=classifier.weight.requires_grad)
    classifier.bias = nn.Parameter(offsets, requires_grad=classifier.weight.requires_grad)
    if isinstance(classifier, nn.Linear):
        classifier.out_features = len(new)
    else:
        classifier.out_channels = len(new)


def ready(network: AnyNetwork, *, channels_last: bool = True) -> AnyNetwork:
    """Return a copy that predicts, norms folded; `channels_last` halves its time on CPU.

    For the file of an export weights lie as usual: torch.export.save copes with nothing else.
    """
    copied = network.folded().eval().requires_grad_(False)
    return laid_out(copied) if channels_last else copied


def laid_out(network: AnyNetwork) -> AnyNetwork:
    """Lay a network's convolutions out channels last, in place, and return it."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.weight.data = layer.weight.contiguous(memory_format=torch.channels_last)
    return network
