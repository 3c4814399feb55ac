"""What the 3D network needs to know of where points are, at each of its resolutions.

None of it depends on features or weights: networks of one config that see the same points share it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import torch
from jaxtyping import Int64
from torch import Tensor

from rewis3d.models.point_attention import Patches, cut
from rewis3d.models.point_pooling import Cells
from rewis3d.models.points import PointBatch, Voxels, voxelise
from rewis3d.models.serialization import BITS, levels, serialized, z_order
from rewis3d.models.sparse_conv import Neighbours, neighbours

STEM_KERNEL: Final = 5
BLOCK_KERNEL: Final = 3
"""Edge lengths of the convolutions' kernels, in voxels."""


@dataclass(frozen=True, slots=True)
class Level:
    """The tokens of one resolution."""

    cells: Cells | None
    """How they come from those of the level before; None at the finest."""
    near: Neighbours
    """Under the 3 x 3 x 3 kernel of the blocks."""
    patches: tuple[Patches, ...]
    """Along each order."""


@dataclass(frozen=True, slots=True)
class PointGeometry:
    """The voxels of a batch, and each resolution's tables, finest first."""

    voxels: Voxels
    stem: Neighbours
    """Of the finest tokens, under the 5 x 5 x 5 kernel of the embedding."""
    levels: tuple[Level, ...]

    def shuffled(self, generator: torch.Generator) -> PointGeometry:
        """Return the geometry with the orders of each level in random turn ("shuffle order")."""
        return replace(self, levels=tuple(_shuffled(level, generator) for level in self.levels))


@torch.no_grad()
def build_geometry(
    batch: PointBatch,
    *,
    grid_size: float,
    orders: Sequence[str],
    strides: Sequence[int],
    patch: int,
) -> PointGeometry:
    """Build the tables of a batch on its device: a level for the voxels and one for each stride.

    A stride is a power of two; patches have `patch` tokens. ValueError as from `voxelise`.
    """
    voxels = voxelise(batch, grid_size)
    stem = neighbours(voxels.grid, voxels.cloud, STEM_KERNEL)
    return PointGeometry(voxels, stem, tuple(_levels(voxels, orders, strides, patch)))


def _levels(
    voxels: Voxels, orders: Sequence[str], strides: Sequence[int], patch: int
) -> Iterator[Level]:
    grid, cloud = voxels.grid, voxels.cloud
    depth = _depth(voxels)
    keys = [serialized(grid, cloud, depth, order) for order in orders]
    yield _level(None, grid, cloud, keys, clouds=voxels.clouds, patch=patch)
    for stride in strides:
        halvings = stride.bit_length() - 1
        cells = _cells(grid >> halvings, cloud)
        first = cells.sizes.cumsum(0) - cells.sizes
        grid, cloud = grid[first] >> halvings, cloud[first]
        keys = [key[first] >> 3 * halvings for key in keys]
        yield _level(cells, grid, cloud, keys, clouds=voxels.clouds, patch=patch)


def _level(
    cells: Cells | None,
    grid: Int64[Tensor, "t 3"],
    cloud: Int64[Tensor, "t"],
    keys: Sequence[Int64[Tensor, "t"]],
    *,
    clouds: int,
    patch: int,
) -> Level:
    patches = cut(cloud.bincount(minlength=clouds), patch)
    near = neighbours(grid, cloud, BLOCK_KERNEL)
    return Level(cells, near, tuple(patches.along(key.argsort()) for key in keys))


def _depth(voxels: Voxels) -> Int64[Tensor, "t"]:
    """Return for each voxel how many levels the curves of its cloud have."""
    largest = voxels.grid.new_zeros(voxels.clouds)
    largest = largest.scatter_reduce(0, voxels.cloud, voxels.grid.amax(1), "amax")
    return levels(largest)[voxels.cloud]


def _cells(coarse: Int64[Tensor, "t 3"], cloud: Int64[Tensor, "t"]) -> Cells:
    """Group tokens by the cell of a coarser grid that they fall into."""
    keys = cloud << 3 * BITS | z_order(coarse)
    _, of_token, sizes = keys.unique_consecutive(return_inverse=True, return_counts=True)
    return Cells(of_token, sizes)


def _shuffled(level: Level, generator: torch.Generator) -> Level:
    turn = torch.randperm(len(level.patches), generator=generator, device=generator.device)
    return replace(level, patches=tuple(level.patches[index] for index in turn.tolist()))
