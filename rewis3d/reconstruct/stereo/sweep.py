"""Plane-sweep matching: how alike a view and its sources are, hypothesis by hypothesis.

A hypothesis is an inverse depth: of a plane z = 1 / w before the view (Collins, CVPR 1996), or of
each pixel. Where a surface is hidden in some sources, the better half of them still agrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8

from rewis3d.geometry import inverse
from rewis3d.reconstruct.stereo.likeness import NO_SCORE, better_half, compare, moments, warp
from rewis3d.reconstruct.stereo.picture import Picture

WORST: Final = 255
"""Cost of windows that do not correlate, or that no source sees."""
_BATCH: Final = 16
"""Planes that go into the cost volume together: a cache line of it."""


class Matcher:
    """A view beside its sources. Holds the images that each comparison needs anew."""

    def __init__(self, view: Picture, sources: Sequence[Picture]) -> None:
        self._grey = view.grey
        self._moments = moments(view.grey)
        self._sources = [(source.grey, *motion(view, source)) for source in sources]
        height, width = view.grey.shape
        self._best = np.empty(((len(sources) + 1) // 2, height, width), np.float32)
        self._seen = np.empty((height, width), np.uint8)
        self._warped = np.empty((height, width), np.float32)

    def scores(
        self, inverse_depth: Float32[np.ndarray, "h w"], out: Float32[np.ndarray, "h w"]
    ) -> None:
        """Write how alike each window is to those of the sources at these depths, 0..1."""
        self._best.fill(NO_SCORE)
        self._seen.fill(0)
        for grey, still, moved in self._sources:
            warp(grey, still, moved, inverse_depth, self._warped)
            compare(self._grey, *self._moments, self._warped, self._best, self._seen)
        better_half(self._best, self._seen, out)


def look_up(
    image: Float32[np.ndarray, "h w"],
    x: Float32[np.ndarray, "r c"],
    y: Float32[np.ndarray, "r c"],
    how: int = cv2.INTER_LINEAR,
) -> Float32[np.ndarray, "r c"]:
    """Return an image's values at places in indices; NaN outside of it."""
    nowhere = (float("nan"),)
    return cv2.remap(image, x, y, how, borderMode=cv2.BORDER_CONSTANT, borderValue=nowhere)  # type: ignore[return-value]


def motion(
    view: Picture, source: Picture
) -> tuple[Float32[np.ndarray, "3 3"], Float32[np.ndarray, "3"]]:
    """Return what takes a pixel at infinity to the source, and what comes with inverse depth."""
    T_source_view = inverse(source.T_world_camera) @ view.T_world_camera
    still = source.camera.K @ T_source_view[:3, :3] @ np.linalg.inv(view.camera.K)
    moved = source.camera.K @ T_source_view[:3, 3]
    return still.astype(np.float32), moved.astype(np.float32)


def sweep(
    matcher: Matcher, shape: tuple[int, int], inverse_depths: Float64[np.ndarray, "d"]
) -> UInt8[np.ndarray, "h w d"]:
    """Return the cost of each plane at each pixel: 0 where windows are alike, WORST where not."""
    costs = np.empty((_BATCH, *shape), np.uint8)
    volume = np.empty((*shape, len(inverse_depths)), np.uint8)
    score = np.empty(shape, np.float32)
    for first in range(0, len(inverse_depths), _BATCH):
        planes = inverse_depths[first : first + _BATCH]
        for cost, plane in zip(costs, planes, strict=False):
            matcher.scores(np.full(shape, plane, np.float32), score)
            cv2.convertScaleAbs(1 - score, cost, WORST)
        volume[:, :, first : first + len(planes)] = costs[: len(planes)].transpose(1, 2, 0)
    return volume
