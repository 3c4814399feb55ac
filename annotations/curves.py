"""Random second-degree curves through a region, and the arithmetic of paths."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float64

CANDIDATES: Final = 120
"""Curves drawn at random."""
SAMPLES: Final = 96
"""Points of each."""
STEP: Final = 4.0
"""Pixels between the vertices of a resampled path."""


def parabolas(
    core: Bool[np.ndarray, "h w"], rng: np.random.Generator
) -> Float64[np.ndarray, "n s 2"]:
    """Return parabolas from an edge point over a jittered centre to another edge point."""
    edge = core & ~cv2.erode(core.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    edge_xy = np.argwhere(edge)[:, ::-1] + 0.5
    core_xy = np.argwhere(core)[:, ::-1] + 0.5
    if len(edge_xy) == 0:
        return np.zeros((0, SAMPLES, 2))
    start, end = edge_xy[rng.integers(len(edge_xy), size=(2, CANDIDATES))]
    jitter = rng.normal(0.0, 0.15, (CANDIDATES, 2)) * np.ptp(core_xy, axis=0)
    centre = core_xy.mean(axis=0) + jitter
    # A centre of mass outside the region is no place to draw through: half go straight instead.
    centre[::2] = (start + end)[::2] / 2 + 0.5 * jitter[::2]
    t = np.linspace(0.0, 1.0, SAMPLES)[None, :, None]
    start, centre, end = start[:, None], centre[:, None], end[:, None]
    return (1 - t) * (1 - 2 * t) * start + 4 * t * (1 - t) * centre + t * (2 * t - 1) * end


def arc(path_xy: Float64[np.ndarray, "p 2"]) -> Float64[np.ndarray, "p"]:
    """Return the way from the path's start to each vertex, in pixels."""
    return np.append(0.0, np.linalg.norm(np.diff(path_xy, axis=0), axis=1).cumsum())


def at(
    path_xy: Float64[np.ndarray, "p 2"], places: Float64[np.ndarray, "q"]
) -> Float64[np.ndarray, "q 2"]:
    """Return the points of the path at these ways from its start."""
    ways = arc(path_xy)
    return np.stack([np.interp(places, ways, path_xy[:, axis]) for axis in (0, 1)], axis=1)


def resampled(path_xy: Float64[np.ndarray, "p 2"]) -> Float64[np.ndarray, "q 2"]:
    """Return the path with vertices about STEP pixels apart; one vertex where it has no length."""
    reach = arc(path_xy)[-1]
    if reach == 0:
        return path_xy[:1]
    return at(path_xy, np.linspace(0.0, reach, max(2, int(np.ceil(reach / STEP)) + 1)))


def middle(path_xy: Float64[np.ndarray, "p 2"], share: float) -> Float64[np.ndarray, "q 2"]:
    """Return the path shortened about its middle to this share of its length."""
    if share == 1 or len(path_xy) == 1:
        return path_xy
    ways = arc(path_xy)
    first, last = ways[-1] * (1 - share) / 2, ways[-1] * (1 + share) / 2
    kept = ways[(ways > first) & (ways < last)]
    return at(path_xy, np.concatenate([[first], kept, [last]]))
