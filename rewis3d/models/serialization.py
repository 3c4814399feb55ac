"""Serialization: voxels in the order of a space-filling curve, so that neighbours are near.

Point Transformer V3 (arXiv:2312.10035, section 4.1) cuts this order into patches. Two curves, each
also with x and y swapped ("trans"). A code has three bits for each level, coarsest first: shifted
right by three it is the code of the cell of 2 x 2 x 2 voxels on the grid of half the resolution.
"""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Int64
from torch import Tensor

ORDERS: Final = ("z", "z-trans", "hilbert", "hilbert-trans")
BITS: Final = 16
"""Levels of the curves: grid coordinates are below 2 ** BITS, and the cloud's index stands above
the 3 * BITS bits of its codes."""
_SPREAD: Final = (
    (16, 0x00FF0000FF0000FF),
    (8, 0xF00F00F00F00F00F),
    (4, 0x30C30C30C30C30C3),
    (2, 0x9249249249249249),
)
"""Shifts and masks that put two zeros between the bits of a number, doubling their gaps."""


def serialized(
    grid: Int64[Tensor, "t 3"], cloud: Int64[Tensor, "t"], depth: Int64[Tensor, "t"], order: str
) -> Int64[Tensor, "t"]:
    """Return keys that sort voxels by cloud, then along one of ORDERS.

    `depth` says for each voxel how many levels the curve of its cloud has (`levels`).
    """
    if order.endswith("-trans"):
        grid = grid[:, [1, 0, 2]]
    code = hilbert(grid, depth) if order.startswith("hilbert") else z_order(grid)
    return cloud << 3 * BITS | code


def levels(largest: Int64[Tensor, "b"]) -> Int64[Tensor, "b"]:
    """Return the levels of each cloud's curve from its largest grid coordinate, 1 or more.

    They are the binary digits of largest + 1, as Pointcept has it.
    """
    powers = torch.ones_like(largest)[:, None] << torch.arange(BITS + 1, device=largest.device)
    return (powers <= largest[:, None] + 1).sum(1)


def z_order(grid: Int64[Tensor, "t 3"]) -> Int64[Tensor, "t"]:
    """Return Morton codes: the bits of x, y and z in turn, x first."""
    spread = grid
    for shift, mask in _SPREAD:
        spread = (spread | spread << shift) & _signed(mask)
    x, y, z = spread.unbind(1)
    return x << 2 | y << 1 | z


def hilbert(grid: Int64[Tensor, "t 3"], depth: Int64[Tensor, "t"]) -> Int64[Tensor, "t"]:
    """Return the places of voxels along a Hilbert curve of `depth` levels.

    J. Skilling, "Programming the Hilbert curve", AIP Conference Proceedings 707 (2004): the
    coordinates are turned, from the coarsest level to the finest, into those of a curve that
    starts in the first octant and heads along x; then their bits are read in turn as a Gray code.
    """
    axes = list(_turned_back(grid, BITS - depth).unbind(1))
    for level in reversed(range(1, BITS)):
        finer = (1 << level) - 1
        for axis in range(3):
            inverts = (axes[axis] >> level & 1).bool()
            swapped = (axes[0] ^ axes[axis]) & finer
            first = axes[0] ^ torch.where(inverts, finer, swapped)
            if axis:
                axes[axis] = torch.where(inverts, axes[axis], axes[axis] ^ swapped)
            axes[0] = first
    return _gray_decoded(z_order(torch.stack(axes, 1)))


def _turned_back(grid: Int64[Tensor, "t 3"], empty: Int64[Tensor, "t"]) -> Int64[Tensor, "t 3"]:
    """Return coordinates that are `grid` again after so many empty levels of a Hilbert curve.

    Each level above a cloud passes (x, y, z) on as (z, x, y). All clouds can then go through the
    same levels, and a cloud's order doesn't depend on how large the others of its batch are.
    """
    axes = torch.arange(3, device=grid.device) + empty[:, None]
    return grid.gather(1, axes % 3)


def _gray_decoded(code: Int64[Tensor, "t"]) -> Int64[Tensor, "t"]:
    """Return the numbers whose Gray codes these are: each bit is the parity of those above it."""
    for shift in (1, 2, 4, 8, 16, 32):
        code = code ^ code >> shift
    return code


def _signed(mask: int) -> int:
    """Return the 64 bits of a mask as the int64 that they are."""
    return mask - (1 << 64) if mask >> 63 else mask
