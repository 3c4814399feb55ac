"""Views held against each other: a depth counts that other views' depths confirm.

A pixel's point is looked up in another view's depth and taken back (as in Schoenberger et al.,
ECCV 2016): a depth agrees where that ends near the pixel, at nearly the same depth. What moves,
what has no texture and what only one view sees finds nobody to agree with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64

from rewis3d.geometry import Camera, inverse, pixel_centres
from rewis3d.reconstruct.stereo.sweep import look_up

PIXELS: Final = 1.0
"""Most that a pixel may miss itself by, there and back."""
CLOSE: Final = 0.03
"""Most that depths may differ by, as a share."""


@dataclass(frozen=True, slots=True)
class DepthMap:
    """A view's depths on its pinhole camera."""

    depth: Float32[np.ndarray, "h w"]
    """0 where there is none."""
    camera: Camera
    T_world_camera: Float64[np.ndarray, "4 4"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """What other views say of a view's depths."""

    count: Float32[np.ndarray, "h w"]
    """Views that agree."""
    asked: Float32[np.ndarray, "h w"]
    """Views that see the place and have a depth there."""
    against: Float32[np.ndarray, "h w"]
    """Of these, views that see something farther there, where this depth would have hidden it."""
    depth: Float32[np.ndarray, "h w"]
    """Median of the view's own depth and of those that agree; 0 where it has none."""
    spread: Float32[np.ndarray, "h w"]
    """Mean difference of those that agree from that median, as a share of it."""


def agreement(view: DepthMap, others: Iterable[DepthMap]) -> Agreement:
    """Hold a view's depths against those of others."""
    present = view.depth > 0
    asked, against = (np.zeros(view.depth.shape, np.float32) for _ in range(2))
    said = [np.where(present, view.depth, np.nan)]
    for other in others:
        seen, through, depth = _ask(view, other)
        asked += seen
        against += through
        said.append(depth)
    stack = np.sort(np.stack(said), axis=0)  # NaN last
    count = np.isfinite(stack).sum(axis=0)
    lower, upper = (
        np.take_along_axis(stack, np.maximum(middle, 0)[None], axis=0)[0]
        for middle in ((count - 1) // 2, count // 2)
    )
    median = np.where(present, (lower + upper) / 2, 0).astype(np.float32)
    away = np.where(np.isfinite(stack), np.abs(stack - median), 0).sum(axis=0)
    spread = away / np.maximum(count, 1) / np.where(present, median, 1)
    agreeing = np.where(present, count - 1, 0).astype(np.float32)
    return Agreement(agreeing, asked, against, median, spread.astype(np.float32))


def _ask(
    view: DepthMap, other: DepthMap
) -> tuple[Bool[np.ndarray, "h w"], Bool[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """Return where another view has a depth of this one's points, and where it sees through them.

    Last comes what depth that makes here; NaN where it does not agree.
    """
    T_other_view = inverse(other.T_world_camera) @ view.T_world_camera
    there = other.camera.K @ T_other_view[:3, :3] @ np.linalg.inv(view.camera.K)
    shift = other.camera.K @ T_other_view[:3, 3]
    own_xy = pixel_centres(*view.depth.shape).astype(np.float32)
    own_x, own_y = np.moveaxis(own_xy, -1, 0)
    x, y, z = _moved(there, shift, (own_x, own_y), view.depth)
    ahead = (z > 0) & (view.depth > 0)
    over = np.where(ahead, 1 / np.where(ahead, z, 1), 0)
    xy = np.where(ahead, x * over, -9), np.where(ahead, y * over, -9)
    back = (np.linalg.inv(there), -np.linalg.inv(there) @ shift)
    seen, through = (np.zeros(view.depth.shape, np.bool_) for _ in range(2))
    said = np.full(view.depth.shape, np.nan, np.float32)
    for found in _look_up(other.depth, xy):
        u, v, depth = _moved(*back, xy, found)
        hit = ahead & (found > 0)
        seen |= hit
        through = hit & (found > (1 + CLOSE) * z)  # in the end by the nearest pixel
        depth = np.where(hit, depth, 1)
        miss = np.hypot(u / depth - own_x, v / depth - own_y)
        differs = np.abs(depth - view.depth)
        agrees = hit & (miss < PIXELS) & (differs < CLOSE * view.depth)
        said = np.where(np.isnan(said) & agrees, depth, said)
    return seen, through & np.isnan(said), said


def _moved(
    A: Float64[np.ndarray, "3 3"],
    b: Float64[np.ndarray, "3"],
    xy: tuple[np.ndarray, np.ndarray],
    depth: Float32[np.ndarray, "h w"],
) -> list[Float32[np.ndarray, "h w"]]:
    """Return A (x, y, 1) depth + b."""
    A, b = A.astype(np.float32), b.astype(np.float32)
    return [
        (row[0] * xy[0] + row[1] * xy[1] + row[2]) * depth + c for row, c in zip(A, b, strict=True)
    ]


def _look_up(
    depth: Float32[np.ndarray, "h w"], xy: tuple[np.ndarray, np.ndarray]
) -> Iterable[Float32[np.ndarray, "h w"]]:
    """Yield the depths at places (0 where there is none): between pixels, then of the nearest one.

    Inverse depth is linear on a plane; across an edge in depth it means nothing, and the nearest
    pixel may still agree.
    """
    x, y = ((along - 0.5).astype(np.float32) for along in xy)
    with np.errstate(divide="ignore"):
        nearness = np.where(depth > 0, 1 / depth, np.nan).astype(np.float32)
    for how in (cv2.INTER_LINEAR, cv2.INTER_NEAREST):
        found = look_up(nearness, x, y, how)
        yield np.where(found > 0, 1 / np.where(found > 0, found, 1), 0).astype(np.float32)
