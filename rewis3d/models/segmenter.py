"""The network of a quick round: a frozen backbone, read at every pixel by a small head.

A full round trains the very same network end to end, from where a quick round left it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from rewis3d.models.lite import STAGE_CHANNELS, Length, Lite0, folded
from rewis3d.models.network import DROPOUT, Network, laid_out

READ_STAGES: Final = (0, 1, 2, 4, 6)
"""The backbone's stages whose maps are read: the last one of each resolution."""
MAP_CHANNELS: Final = tuple(STAGE_CHANNELS[stage] for stage in READ_STAGES)
RGB_CHANNELS: Final = 3
XY_CHANNELS: Final = 2
HYPERCOLUMN: Final = RGB_CHANNELS + sum(MAP_CHANNELS) + XY_CHANNELS
"""What the head sees of a pixel: colour, the maps finest first, position."""
_MEAN: Final = 127.0
_SCALE: Final = 128.0
KIND: Final = "lite"
CELL: Final = 32
"""Pixels of the backbone's input per cell of its coarsest map."""
FEWEST_CELLS: Final = 2
"""On each side of the coarsest map: torch.export takes a size of 1 for a case of its own."""


class Head(nn.Module):
    """A perceptron with one hidden layer over the hypercolumn of a pixel."""

    def __init__(self, *, hidden: int, classes: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(HYPERCOLUMN, hidden)
        self.classify = nn.Linear(hidden, classes)

    def forward(self, columns: Float[Tensor, "n f"]) -> Float[Tensor, "n k"]:
        """Return the logits of pixels from their hypercolumns."""
        return self.classify(functional.relu(functional.linear(columns, *self.first())))

    def first(self) -> tuple[Float[Tensor, "d f"], Float[Tensor, "d"]]:
        """Return weights and offsets of the hidden layer, for columns as they are."""
        return self.hidden.weight, self.hidden.bias

    def settled(self) -> Head:
        """Return the head that is saved: with weights for columns as they are."""
        return self


class StandardHead(Head):
    """The same head while it learns: its weights are for columns of mean 0 and deviation 1.

    An optimiser's step is as large for a feature that is strong as for one that is weak. With
    weights for columns as they are, whose deviations differ a hundredfold, it is not.
    """

    def __init__(self, head: Head, mean: Float[Tensor, "f"], deviation: Float[Tensor, "f"]) -> None:
        super().__init__(hidden=head.hidden.out_features, classes=head.classify.out_features)
        self.register_buffer("mean", mean.clone())
        self.register_buffer("deviation", deviation.clone())
        self.mean: Tensor
        self.deviation: Tensor
        with torch.no_grad():
            weight, offset = head.first()
            self.hidden.weight.copy_(weight * deviation)
            self.hidden.bias.copy_(offset + weight @ mean)
            self.classify.load_state_dict(head.classify.state_dict())

    def first(self) -> tuple[Float[Tensor, "d f"], Float[Tensor, "d"]]:
        """Return weights and offsets of the hidden layer, for columns as they are."""
        weight = self.hidden.weight / self.deviation
        return weight, self.hidden.bias - weight @ self.mean

    def settled(self) -> Head:
        """Return the head that is saved."""
        head = Head(hidden=self.hidden.out_features, classes=self.classify.out_features)
        with torch.no_grad():
            weight, offset = self.first()
            head.hidden.weight.copy_(weight)
            head.hidden.bias.copy_(offset)
            head.classify.load_state_dict(self.classify.state_dict())
        return head.to(self.mean.device)


class Segmenter(Network):
    """EfficientNet-Lite0 under a small head; the backbone is frozen in a quick round.

    It sees frames whole: the head is told where in the frame a pixel lies.
    """

    def __init__(
        self,
        backbone: Lite0,
        head: Head,
        *,
        scale: float,
        longest: int,
        untouched: bool = False,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.scale = scale
        self.longest = longest
        self.untouched = untouched
        """The backbone is ImageNet's: maps of a frame are those of every such network."""

    @classmethod
    def blank(
        cls, *, scale: float, longest: int, hidden: int, classes: int, untouched: bool
    ) -> Segmenter:
        """Return a network on the meta device, to be given a state."""
        with torch.device("meta"):
            backbone, head = Lite0(), Head(hidden=hidden, classes=classes)
        return cls(backbone, head, scale=scale, longest=longest, untouched=untouched)

    @property
    def classifier(self) -> nn.Linear:
        """The head's last layer."""
        return self.head.classify

    def record(self) -> dict[str, Any]:
        """Return what `blank` takes but for the classes, with the kind."""
        return {
            "kind": KIND,
            "scale": self.scale,
            "longest": self.longest,
            "hidden": self.head.hidden.out_features,
            "untouched": self.untouched,
        }

    def _in_block(self, name: str) -> bool:
        return name.startswith("backbone.")  # the stem too: it is as far from new as the blocks

    def trainable(self) -> Segmenter:
        """Return a copy of which every parameter learns; its backbone counts as touched.

        Norms keep the statistics of ImageNet: a batch of few frames has poor ones. Their scales
        and offsets learn: the convolutions have no biases that could do it.
        """
        copied = super().trainable()
        copied.untouched = False
        return laid_out(copied)

    def train(self, mode: bool = True) -> Segmenter:
        """Switch the head's dropout; the backbone's norms never use the statistics of a batch."""
        super().train(mode)
        self.backbone.eval()
        return self

    def folded(self) -> Segmenter:
        """Return a copy for inference, which takes half the time."""
        copied = super().folded()
        copied.backbone = folded(copied.backbone)
        copied.head = copied.head.settled()
        return copied

    def settled(self) -> Segmenter:
        """Return a copy with the head that is saved."""
        copied = super().settled()
        copied.head = copied.head.settled()
        return copied

    def coarse(self, rgb: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b k r s"]:
        """Return logits on the grid of the second map."""
        return self.decode(self.maps(rgb), rgb)

    def maps(self, rgb: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        """Return the backbone's maps that are read, finest first."""
        size = working_size(rgb.shape[2], rgb.shape[3], scale=self.scale, longest=self.longest)
        small = functional.interpolate(
            normalised(rgb), size, mode="bilinear", align_corners=False, antialias=True
        )
        stages = self.backbone(small)
        return [stages[stage] for stage in READ_STAGES]

    def decode(self, maps: list[Tensor], rgb: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b k r s"]:
        """Return logits on the grid of the second map (docs/decisions/0004-quick-head.md)."""
        fine, coarse = fine_and_coarse(self.head, maps, rgb)
        size = fine.columns.shape[2:]
        hidden = functional.conv2d(fine.columns, fine.weight[:, :, None, None], fine.offset)
        for projected in coarse:
            hidden = hidden + functional.interpolate(
                projected, size, mode="bilinear", align_corners=False
            )
        read = functional.dropout(functional.relu(hidden), DROPOUT, self.training)
        classify = self.head.classify
        return functional.conv2d(read, classify.weight[:, :, None, None], classify.bias)


@dataclass(frozen=True, slots=True)
class Fine:
    """The part of the hidden layer that is computed on the grid of the second map."""

    columns: Float[Tensor, "b c r s"]
    """Colour, the two finest maps, position."""
    weight: Float[Tensor, "f c"]
    offset: Float[Tensor, "f"]


def fine_and_coarse(
    head: Head, maps: list[Tensor], rgb: Float[Tensor, "b 3 h w"]
) -> tuple[Fine, list[Tensor]]:
    """Return the two parts of the hidden layer: what is fine, and the others at their own sizes.

    The hidden layer is linear in the hypercolumn: projected first and enlarged then, it is the same
    sum for a fraction of the work.
    """
    size = maps[1].shape[2:]
    colour = functional.interpolate(
        normalised(rgb), size, mode="bilinear", align_corners=False, antialias=True
    )
    finest = functional.interpolate(maps[0], size, mode="bilinear", align_corners=False)
    weight, offset = head.first()
    of_colour, of_finest, of_second, *of_coarse, of_position = split_columns(weight)
    columns = torch.cat((colour, finest, maps[1], positions(colour)), 1)
    of_columns = torch.cat((of_colour, of_finest, of_second, of_position), 1)
    coarse = [
        functional.conv2d(part, weights[:, :, None, None])
        for part, weights in zip(maps[2:], of_coarse, strict=True)
    ]
    return Fine(columns, of_columns, offset), coarse


def working_size(
    height: Length, width: Length, *, scale: float, longest: int
) -> tuple[Length, Length]:
    """Return the size at which the backbone sees a frame: enlarged, but not above `longest`.

    Both sides are multiples of CELL, so that every map's cells cover whole pixels of it. Whole
    numbers only: the exported graph computes the same from its input's size.
    """
    larger = torch.sym_max(height, width)
    wanted = torch.sym_min(larger * round(1000 * scale) // 1000, longest)
    rows = torch.sym_max((height * wanted + larger * CELL // 2) // (larger * CELL), FEWEST_CELLS)
    columns = torch.sym_max((width * wanted + larger * CELL // 2) // (larger * CELL), FEWEST_CELLS)
    return rows * CELL, columns * CELL


def normalised(rgb: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """Return colours 0 to 255 as the backbone was trained to see them."""
    return (rgb - _MEAN) / _SCALE


def positions(like: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 2 h w"]:
    """Return each cell centre's (x, y) in -1 to 1."""
    batch, _, height, width = like.shape
    x = (torch.arange(width, dtype=like.dtype, device=like.device) + 0.5) * (2 / width) - 1
    y = (torch.arange(height, dtype=like.dtype, device=like.device) + 0.5) * (2 / height) - 1
    return torch.stack(
        (
            x[None, None, :].expand(batch, height, width),
            y[None, :, None].expand(batch, height, width),
        ),
        dim=1,
    )


def split_columns(weight: Float[Tensor, "f d"]) -> list[Tensor]:
    """Return the weights of colour, of each map and of the position."""
    ends = [0]
    for channels in (RGB_CHANNELS, *MAP_CHANNELS, XY_CHANNELS):
        ends.append(ends[-1] + channels)
    return [weight[:, first:last] for first, last in pairwise(ends)]
