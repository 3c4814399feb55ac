"""Logits of a whole frame: at once, or from overlapping windows of the size that was trained."""

from __future__ import annotations

from itertools import product
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional


@runtime_checkable
class Predicts(Protocol):
    """What is asked of a network here: rewis3d/models/network.py, or a graph of one."""

    @property
    def window(self) -> tuple[int, int] | None:
        """Height and width of a window; None: frames are seen whole."""
        ...

    @property
    def classes(self) -> int:
        """How many classes the logits are of."""
        ...

    def coarse(self, rgb: Float[Tensor, "1 3 h w"]) -> Float[Tensor, "1 k r s"]:
        """Return logits on the decoder's own grid."""
        ...


def logits(
    network: Predicts, rgb: Float[Tensor, "1 3 h w"], *, flip: bool = False
) -> Float[Tensor, "1 k r s"]:
    """Return a frame's logits on a grid that covers it: the decoder's, or the frame's own.

    `flip`: the mean with those of the mirrored frame. Where windows overlap it is their mean.
    """
    found = _once(network, rgb)
    return (found + _once(network, rgb.flip(3)).flip(3)) / 2 if flip else found


def _once(network: Predicts, rgb: Float[Tensor, "1 3 h w"]) -> Float[Tensor, "1 k r s"]:
    height, width = rgb.shape[2:]
    window = network.window
    if window is None or (window[0] >= height and window[1] >= width):
        return network.coarse(rgb)
    total = rgb.new_zeros((1, network.classes, height, width))
    seen = rgb.new_zeros((height, width))
    for rows, columns in product(spans(height, window[0]), spans(width, window[1])):
        part = rgb[:, :, rows, columns]
        total[:, :, rows, columns] += functional.interpolate(
            network.coarse(part), part.shape[2:], mode="bilinear", align_corners=False
        )
        seen[rows, columns] += 1
    return total.div_(seen)


def spans(size: int, window: int) -> list[slice]:
    """Return evenly spread windows that cover an axis, each half over its neighbour or more.

    As few as that takes: 5 of 512 pixels over the 1408 of KITTI-360.
    """
    left = size - window
    if left <= 0:
        return [slice(0, size)]
    steps = -(-2 * left // window)
    starts = [round(left * step / steps) for step in range(steps + 1)]
    return [slice(start, start + window) for start in starts]
