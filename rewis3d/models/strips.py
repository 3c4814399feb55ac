"""The head over a frame by strips of rows: the same logits, for a fraction of the time on a CPU.

The hidden layer of a whole frame is tens of megabytes, written and read again for each map that is
added to it. That of a few rows stays in the cache.
"""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from rewis3d.models.segmenter import Segmenter, fine_and_coarse

ROWS: Final = 8
"""Rows of a strip: 4 to 16 take about the same time."""


@torch.inference_mode()
def decode(
    network: Segmenter, maps: list[Tensor], rgb: Float[Tensor, "1 3 h w"]
) -> Float[Tensor, "1 k r s"]:
    """Return what `network.decode` returns, without gradients. On a GPU it is that."""
    if rgb.device.type != "cpu":
        return network.decode(maps, rgb)
    fine, coarse = fine_and_coarse(network.head, maps, rgb)
    classify = network.head.classify
    height, width = fine.columns.shape[2:]
    wide = [
        functional.interpolate(each, (each.shape[2], width), mode="bilinear", align_corners=False)[
            0
        ]
        for each in coarse
    ]
    logits = fine.columns.new_empty(1, classify.out_features, height, width)
    for first in range(0, height, ROWS):
        rows = range(first, min(first + ROWS, height))
        part = fine.columns[0, :, rows.start : rows.stop].flatten(1)
        hidden = torch.addmm(fine.offset[:, None], fine.weight, part)
        hidden = hidden.unflatten(1, (len(rows), width))
        for each in wide:
            needed, mixing = mixed(each.shape[1], height, rows)
            of_each = mixing.to(hidden).expand(len(hidden), -1, -1)
            hidden = torch.baddbmm(hidden, of_each, each[:, needed.start : needed.stop])
        read = hidden.relu_().flatten(1)
        found = torch.addmm(classify.bias[:, None], classify.weight, read)
        logits[0, :, rows.start : rows.stop] = found.unflatten(1, (len(rows), width))
    return logits


def mixed(cells: int, height: int, rows: range) -> tuple[range, Float[Tensor, "n m"]]:
    """Return which of `cells` rows make some rows of a map enlarged to a height, and in which mix.

    Bilinear, with half-pixel centres.
    """
    wanted = torch.arange(rows.start, rows.stop)
    place = ((wanted + 0.5) * (cells / height) - 0.5).clamp(0, cells - 1)
    above = place.long()
    below = (above + 1).clamp(max=cells - 1)
    needed = range(int(above[0]), int(below[-1]) + 1)
    mixing = torch.zeros(len(rows), len(needed))
    each = torch.arange(len(rows))
    mixing[each, above - needed.start] += 1 - (place - above)
    mixing[each, below - needed.start] += place - above
    return needed, mixing


def enlarged(
    maps: Float[Tensor, "1 c r s"], size: tuple[int, int], rows: range
) -> Float[Tensor, "1 c n w"]:
    """Return some rows of maps enlarged to a size (bilinear, half-pixel centres)."""
    needed, mixing = mixed(maps.shape[2], size[0], rows)
    found = mixing.to(maps) @ maps[:, :, needed.start : needed.stop]
    wide = (len(rows), size[1])
    return functional.interpolate(found, wide, mode="bilinear", align_corners=False)
