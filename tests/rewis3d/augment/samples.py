"""Views to change: each pixel says where it is, and each pair what it is."""

from __future__ import annotations

import numpy as np

from rewis3d.material import CloudAugment, ImageAugment
from rewis3d.types import UNLABELLED, PointCloud, ViewSample

PLAIN = ImageAugment(
    crop_height=40,
    crop_width=56,
    flip=0.0,
    blur=0.0,
    augmix=0.0,
    cutout=0.0,
    cutout_again=0.0,
)
"""Resized and cropped only."""
STILL = CloudAugment(rotate=0.0, point_scale=0.0, point_flip=0.0, jitter=0.0)


def cloud_of(count: int, *, seed: int = 0, tilt: float = 0.2) -> PointCloud:
    """Return points ahead of a camera that looks down by `tilt`."""
    rng = np.random.default_rng(seed)
    return PointCloud(
        xyz=(rng.normal(size=(count, 3)) * 5 + [0, 8, 0]).astype(np.float32),
        rgb=rng.integers(0, 256, (count, 3), np.uint8),
        confidence=rng.random(count, np.float32),
        labels=rng.choice(np.array([0, 1, UNLABELLED], np.uint8), count),
        frame=rng.integers(0, 3, count),
        rc=rng.integers(0, 9, (count, 2), np.int32),
        optical_axis=np.array([0, np.cos(tilt), -np.sin(tilt)], np.float32),
    )


def sample_of(
    height: int, width: int, *, pairs: int = 50, seed: int = 0, cloud: bool = True
) -> ViewSample:
    """Return a view whose red is 2 x column, whose green is 2 x row, and whose label is a block's.

    Sides are 120 pixels at most. Pairs lie anywhere.
    """
    rng = np.random.default_rng(seed)
    column, row = np.meshgrid(np.arange(width), np.arange(height))
    image = np.stack([2 * column, 2 * row, np.zeros_like(row)], axis=-1).astype(np.uint8)
    labels = ((row // 8) * 16 + column // 8).astype(np.uint8)
    count = pairs if cloud else 0
    xy = rng.uniform(0, 1, (count, 2)) * [width, height]
    return ViewSample(
        frame_id=7,
        image=image,
        labels=labels,
        cloud=cloud_of(2 * pairs, seed=seed) if cloud else None,
        pair_point=rng.permutation(2 * pairs)[:count],
        pair_xy=xy.astype(np.float32),
    )
