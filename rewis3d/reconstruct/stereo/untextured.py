"""Where an image shows nothing that could be matched: sky, bare walls, burnt-out light.

Such windows are like no other: their correlations stay low at every depth, whatever depth the
aggregation gives them. Windows at the edge of a textured surface are not, although what lies
beside the edge is bare; so bare areas, and those at infinity, are followed up to the next edge.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from rewis3d.reconstruct.stereo.likeness import NOISE

LEAST: Final = 0.15
"""Median correlation of an area below which it shows nothing: between that of noise (0.03 to 0.12,
with the best depth and the best sources chosen) and that of faint texture (about 0.2)."""
AREA: Final = 9
"""Pixels along the side of such an area."""
HALO: Final = 4
"""Pixels that a textured surface's windows reach beyond its edge."""
FLAT: Final = 2.0
"""A pixel whose neighbours differ by less than this many times the noise lies beside no edge."""
_SEED: Final = np.ones((5, 5), np.uint8)
"""Bare areas that this does not fit into are holes of a surface, and stay as they are."""
_AROUND: Final = np.ones((3, 3), np.uint8)


def untextured(
    grey: Float32[np.ndarray, "h w"],
    score: Float32[np.ndarray, "h w"],
    endless: Bool[np.ndarray, "h w"],
) -> Bool[np.ndarray, "h w"]:
    """Return where a view's image says nothing about depth, or that there is no end to it.

    `score` is that of the best depth, `endless` says where that is as good as infinite: clouds.
    """
    levels = (np.nan_to_num(score).clip(0, 1) * 255).astype(np.uint8)
    bare = np.asarray(cv2.medianBlur(levels, AREA)) < LEAST * 255
    nothing = bare | endless
    seeds = cv2.morphologyEx(nothing.astype(np.uint8), cv2.MORPH_OPEN, _SEED)
    contrast = _contrast(grey)
    inside = contrast[bare & (seeds > 0) & np.isfinite(contrast)]
    noise = float(np.median(inside)) if len(inside) else NOISE
    flat = contrast < FLAT * max(noise, NOISE / 2)
    grown = seeds
    for _ in range(HALO):
        reached = (cv2.dilate(grown, _AROUND) > 0) & flat
        grown = np.maximum(grown, reached).astype(np.uint8)
    return nothing | (grown > 0) | np.isnan(grey)


def _contrast(grey: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Return the deviation of each pixel's nine; NaN beside what the lens does not reach."""
    centred = grey - np.float32(128)
    mean = np.asarray(cv2.blur(np.nan_to_num(centred), (3, 3)))
    squares = np.asarray(cv2.blur(np.nan_to_num(centred) ** 2, (3, 3)))
    reached = cv2.erode(np.isfinite(grey).astype(np.uint8), _AROUND) > 0
    return np.where(reached, np.sqrt(np.maximum(squares - mean**2, 0)), np.float32(np.nan))
