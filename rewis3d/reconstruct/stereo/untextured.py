"""Where an image shows nothing that could be matched: sky, bare walls, burnt-out light.

Such windows are like no other: their correlations stay low at every depth, whatever depth the
aggregation gives them. Windows at the edge of a textured surface are not, although what lies
beside the edge is bare; so bare areas are followed up to the next edge.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from rewis3d.reconstruct.stereo.likeness import NOISE

LEAST: Final = 0.3
"""Correlation below which windows show nothing: between that of noise (at most 0.2, with the best
depth and the best sources chosen) and that of faint texture."""
HALO: Final = 4
"""Pixels that a textured surface's windows reach beyond its edge."""
FLAT: Final = 2.0
"""A pixel whose neighbours differ by less than this many times the noise lies beside no edge."""
_SEED: Final = np.ones((5, 5), np.uint8)
"""Bare areas that this does not fit into are holes of a surface, and stay as they are."""
_AROUND: Final = np.ones((3, 3), np.uint8)


def untextured(
    grey: Float32[np.ndarray, "h w"], score: Float32[np.ndarray, "h w"]
) -> Bool[np.ndarray, "h w"]:
    """Return where a view's image says nothing about depth; `score` is that of its best depth."""
    bare = ~(score >= LEAST)
    seeds = cv2.morphologyEx(bare.astype(np.uint8), cv2.MORPH_OPEN, _SEED)
    contrast = _contrast(grey)
    inside = contrast[(seeds > 0) & np.isfinite(contrast)]
    noise = float(np.median(inside)) if len(inside) else NOISE
    flat = contrast < FLAT * max(noise, NOISE / 2)
    grown = seeds
    for _ in range(HALO):
        reached = (cv2.dilate(grown, _AROUND) > 0) & flat
        grown = np.maximum(grown, reached).astype(np.uint8)
    return bare | (grown > 0)


def _contrast(grey: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Return the deviation of each pixel's nine; NaN beside what the lens does not reach."""
    centred = grey - np.float32(128)
    mean = np.asarray(cv2.blur(np.nan_to_num(centred), (3, 3)))
    squares = np.asarray(cv2.blur(np.nan_to_num(centred) ** 2, (3, 3)))
    reached = cv2.erode(np.isfinite(grey).astype(np.uint8), _AROUND) > 0
    return np.where(reached, np.sqrt(np.maximum(squares - mean**2, 0)), np.float32(np.nan))
