"""Clouds as the 3D network takes them: packed into one batch, one token per occupied voxel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from rewis3d.models.serialization import BITS, z_order

WIDEST: Final = (1 << BITS) - 4
"""Voxels along the longest side of a cloud, at most: coordinates have 16 bits, and a convolution
looks two voxels beyond either end."""


@dataclass(frozen=True, slots=True)
class PointBatch:
    """Points of b clouds, packed: cloud i are the rows offsets[i] up to offsets[i + 1]."""

    xyz: Float[Tensor, "n 3"]
    """The scene's unit (metres where it is metric), in a frame of each cloud's own."""
    features: Float[Tensor, "n f"]
    """What the network sees of a point: xyz, rgb in 0..1, and more where its config says so."""
    offsets: Int64[Tensor, "b_and_1"]
    """From 0 to n, never falling."""

    def __post_init__(self) -> None:
        """Refuse offsets of other clouds; ValueError says what they were."""
        points, offsets = len(self.xyz), self.offsets.tolist()
        if offsets[:1] != [0] or offsets[-1] != points or offsets != sorted(offsets):
            raise ValueError(f"got offsets {offsets}, wanted them to rise from 0 to {points}")

    @classmethod
    def pack(cls, clouds: Sequence[tuple[Tensor, Tensor]]) -> PointBatch:
        """Pack clouds, each given as its xyz (n, 3) and its features (n, f)."""
        xyz, features = zip(*clouds, strict=True)
        sizes = torch.tensor([0, *map(len, xyz)], device=xyz[0].device)
        return cls(torch.cat(xyz), torch.cat(features), sizes.cumsum(0))

    @property
    def clouds(self) -> int:
        """How many clouds there are."""
        return len(self.offsets) - 1

    @property
    def cloud(self) -> Int64[Tensor, "n"]:
        """The cloud that each point belongs to."""
        indices = torch.arange(self.clouds, device=self.xyz.device)
        return indices.repeat_interleave(self.offsets.diff(), output_size=len(self.xyz))

    def to(self, device: torch.device | str) -> PointBatch:
        """Return the batch on a device."""
        return PointBatch(*(part.to(device) for part in (self.xyz, self.features, self.offsets)))


@dataclass(frozen=True, slots=True)
class Voxels:
    """The occupied voxels of a batch: t tokens, cloud after cloud, each cloud in z-order."""

    grid: Int64[Tensor, "t 3"]
    """Voxels from the lowest corner of the cloud's bounding box."""
    cloud: Int64[Tensor, "t"]
    clouds: int
    of_point: Int64[Tensor, "n"]
    """The token that each point falls into."""

    def pooled(self, values: Float[Tensor, "n f"]) -> Float[Tensor, "t f"]:
        """Return the mean over each voxel's points."""
        sums = values.new_zeros(len(self.grid), values.shape[1])
        counts = self.of_point.bincount(minlength=len(self.grid))
        return sums.index_add(0, self.of_point, values) / counts[:, None]

    def gathered(self, tokens: Float[Tensor, "t k"]) -> Float[Tensor, "n k"]:
        """Return for each point what its voxel has."""
        return tokens.index_select(0, self.of_point)


@torch.no_grad()
def voxelise(batch: PointBatch, size: float) -> Voxels:
    """Return the voxels of edge length `size` that hold points; each cloud has a grid of its own.

    ValueError where there are no points, one isn't finite, or a cloud is wider than WIDEST voxels.
    """
    cloud = batch.cloud
    grid = _grid(batch, cloud, size)
    keys = cloud << 3 * BITS | z_order(grid)
    unique, of_point = keys.unique(return_inverse=True)
    cells = grid.new_empty(len(unique), 3).index_copy_(0, of_point, grid)
    return Voxels(cells, unique >> 3 * BITS, batch.clouds, of_point)


def _grid(batch: PointBatch, cloud: Int64[Tensor, "n"], size: float) -> Int64[Tensor, "n 3"]:
    if len(batch.xyz) == 0:
        raise ValueError("got a batch without points")
    if not batch.xyz.isfinite().all():
        raise ValueError("got points with coordinates that are not finite")
    lowest = torch.segment_reduce(batch.xyz, "min", lengths=batch.offsets.diff(), axis=0)
    cells = (batch.xyz - lowest[cloud]) / size
    widest = int(cells.max()) + 1
    if widest > WIDEST:
        raise ValueError(f"got a cloud {widest} voxels of {size} wide; {WIDEST} is the most")
    return cells.long()
