"""Clouds for tests of the 3D network: a wavy ground and a wall, as a drive sees them."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from rewis3d.models.points import PointBatch

GRID = 0.0625
"""Edge length of a voxel that float32 divides by exactly."""


def surface(voxels: int, *, side: int, seed: int) -> Int64[np.ndarray, "t 3"]:
    """Return so many occupied voxels at most, none twice, in random order."""
    rng = np.random.default_rng(seed)
    xy = rng.integers(0, side, (voxels, 2))
    height = side / 4 + side / 9 * (np.sin(9 * xy[:, 0] / side) + np.cos(7 * xy[:, 1] / side))
    wall = rng.integers(0, side, (voxels // 3, 3)) // [1, side, 2] + [0, side // 3, 0]
    occupied = np.unique(np.concatenate([np.c_[xy, height.astype(np.int64)], wall]), axis=0)
    chosen = rng.permutation(occupied)[:voxels]
    return chosen - chosen.min(0, initial=2 * side)


def cloud(grid: Int64[np.ndarray, "t 3"], *, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return xyz and features of a point in each voxel, at its lowest corner."""
    xyz = torch.from_numpy((grid * GRID).astype(np.float32))
    rgb = np.random.default_rng(seed).random((len(grid), 3), np.float32)
    return xyz, torch.cat([xyz, torch.from_numpy(rgb)], 1)


def street(*sizes: int, side: int = 24, seed: int = 0) -> PointBatch:
    """Return a batch of clouds of so many points at most."""
    clouds = [
        cloud(surface(size, side=side, seed=seed + index), seed=seed + index)
        for index, size in enumerate(sizes)
    ]
    return PointBatch.pack(clouds)
