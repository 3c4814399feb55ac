"""The network of a quick round: a frozen backbone, read at every pixel by a small head.

Everything between the frame as stored and its logits is in here (resizing, normalisation,
positions), so that what is exported is what predicts.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from rewis3d.models.lite import STAGE_CHANNELS, Length, Lite0, folded

READ_STAGES: Final = (0, 1, 2, 4, 6)
"""The backbone's stages whose maps are read: the last one of each resolution."""
MAP_CHANNELS: Final = tuple(STAGE_CHANNELS[stage] for stage in READ_STAGES)
RGB_CHANNELS: Final = 3
XY_CHANNELS: Final = 2
HYPERCOLUMN: Final = RGB_CHANNELS + sum(MAP_CHANNELS) + XY_CHANNELS
"""What the head sees of a pixel: colour, the maps finest first, position."""
_MEAN: Final = 127.0
_SCALE: Final = 128.0
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
        return self.classify(functional.relu(self.hidden(columns)))


class Segmenter(nn.Module):
    """Frames in, logits out, at any size and batch."""

    def __init__(self, backbone: Lite0, head: Head, *, scale: float, longest: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.scale = scale
        self.longest = longest

    def forward(self, rgb: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b k h w"]:
        """Return logits at the frames' own size; colours are 0 to 255."""
        logits = self.decode(self.maps(rgb), rgb)
        return functional.interpolate(logits, rgb.shape[2:], mode="bilinear", align_corners=False)

    def maps(self, rgb: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        """Return the backbone's maps that are read, finest first."""
        size = working_size(rgb.shape[2], rgb.shape[3], scale=self.scale, longest=self.longest)
        small = functional.interpolate(
            normalised(rgb), size, mode="bilinear", align_corners=False, antialias=True
        )
        stages = self.backbone(small)
        return [stages[stage] for stage in READ_STAGES]

    def decode(self, maps: list[Tensor], rgb: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b k r s"]:
        """Return logits on the grid of the second map (docs/decisions/0004-quick-head.md).

        The hidden layer is linear in the hypercolumn, so each part of it is projected at its own
        resolution and the projections are enlarged: the same sum for a fraction of the work.
        """
        size = maps[1].shape[2:]
        colour = functional.interpolate(
            normalised(rgb), size, mode="bilinear", align_corners=False, antialias=True
        )
        finest = functional.interpolate(maps[0], size, mode="bilinear", align_corners=False)
        weights = split_columns(self.head.hidden.weight)
        position = functional.conv2d(positions(colour), weights[-1][:, :, None, None])
        hidden = position + self.head.hidden.bias[:, None, None]
        for part, weight in zip((colour, finest, *maps[1:]), weights[:-1], strict=True):
            projected = functional.conv2d(part, weight[:, :, None, None])
            if projected.shape[2:] != size:
                projected = functional.interpolate(
                    projected, size, mode="bilinear", align_corners=False
                )
            hidden = hidden + projected
        classify = self.head.classify
        return functional.conv2d(
            functional.relu(hidden), classify.weight[:, :, None, None], classify.bias
        )


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


def ready(network: Segmenter, *, channels_last: bool = True) -> Segmenter:
    """Return a copy that predicts, norms folded; `channels_last` halves its time on CPU.

    For the file of an export weights lie as usual: torch.export.save copes with nothing else.
    """
    copied = Segmenter(
        folded(network.backbone), network.head, scale=network.scale, longest=network.longest
    )
    if channels_last:
        for layer in copied.backbone.modules():
            if isinstance(layer, nn.Conv2d):
                layer.weight.data = layer.weight.contiguous(memory_format=torch.channels_last)
    return copied.eval().requires_grad_(False)
