"""A depth map made more exact: each pixel looks about its depth, along its surface.

Windows follow the surface instead of facing the camera, and the sources may lie farther away than
those of a sweep: what they show is nearly known.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from jaxtyping import Float32

from rewis3d.reconstruct.stereo.sweep import Matcher

REACH: Final = 4
"""Steps that are tried on either side."""
_SMOOTH: Final = (5, 5)
"""Pixels over which scores are averaged."""
_MEDIAN: Final = 5
"""Pixels of the median that takes single outliers out."""
_CLEAR: Final = 0.3
"""Score below which noise would move a depth more than what is seen: it stays."""


def polish(
    matcher: Matcher, inverse_depth: Float32[np.ndarray, "h w"], *, step: float
) -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """Return the best inverse depths within REACH steps, and the scores there, 0..1."""
    scores = np.empty((2 * REACH + 1, *inverse_depth.shape), np.float32)
    for index in range(2 * REACH + 1):
        scores[index] = rate(matcher, inverse_depth + np.float32((index - REACH) * step))
    best = scores.argmax(axis=0)
    inner = best.clip(1, 2 * REACH - 1)
    left, top, right = (
        np.take_along_axis(scores, (inner + shift)[None], axis=0)[0] for shift in (-1, 0, 1)
    )
    bend = 2 * top - left - right
    peak = (best == inner) & (bend > 1e-6)
    offset = np.where(peak, (right - left) / (2 * np.where(peak, bend, 1)), best - inner)
    moved = ((inner - REACH + offset) * step).astype(np.float32)
    return inverse_depth + np.where(top >= _CLEAR, moved, 0), top


def rate(matcher: Matcher, inverse_depth: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Return how alike what sources show at these depths is, 0..1, a little smoothed."""
    score = np.empty(inverse_depth.shape, np.float32)
    matcher.scores(inverse_depth, score)
    return np.asarray(cv2.boxFilter(score, -1, _SMOOTH), np.float32)


def without_outliers(inverse_depth: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Return depths of which single ones that stand out took that of their neighbours."""
    return np.asarray(cv2.medianBlur(inverse_depth, _MEDIAN), np.float32)
