"""Depths made smooth along surfaces: each pixel takes part in the plane of what lies around it.

The inverse depth of a plane is linear in the image. Neighbours count that lie at about the pixel's
depth, the more the more alike their colours are, and those that the plane does not fit hardly do.
Nothing is carried over a jump in depth.
"""

from __future__ import annotations

from typing import Final, no_type_check

import numpy as np
from jaxtyping import Float32, UInt8
from numba import njit

REACH: Final = 8
"""Pixels around that take part, every other one."""
CLOSE: Final = np.float32(0.08)
"""Share of a pixel's inverse depth by which a neighbour's may differ, and ..."""
CLOSE_STEP: Final = 0.4
"""... the share of a sweep's step that comes to it: far away, less can't be told apart."""
FITS: Final = np.float32(0.5)
"""Share of such a difference by which a neighbour may miss the plane."""
COLOUR: Final = 40.0
"""Difference of colours, summed over red, green and blue, at which a neighbour counts 1 / e."""
_STIFF: Final = np.float32(0.05)
"""Square pixels that the neighbours' spread is taken to be larger: a line of them has no slope
across."""
_LEAST: Final = np.float32(1e-6)
_BY_COLOUR: Final = np.exp(-np.arange(3 * 255 + 1) / COLOUR).astype(np.float32)
_FAST: Final = {"reassoc", "contract", "arcp", "nsz"}
"""What a compiler may do that keeps NaN what it is."""


def fit_planes(
    nearness: Float32[np.ndarray, "h w"], rgb: UInt8[np.ndarray, "h w 3"], *, step: float
) -> Float32[np.ndarray, "h w"]:
    """Return inverse depths as the planes around them have it; `step` is that of the sweep."""
    fitted = np.empty_like(nearness)
    _fit(nearness, rgb, np.float32(CLOSE_STEP * step), fitted)
    return fitted


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
@no_type_check  # a compiler reads it: nothing may wrap it
def _fit(nearness, rgb, blurred, fitted):  # pragma: no cover
    height, width = nearness.shape
    # Of the neighbours: what they count, and where they lie from the pixel on.
    counts, right, down, higher = np.empty((4, (REACH + 1) ** 2), np.float32)
    for row in range(height):
        for column in range(width):
            within = CLOSE * nearness[row, column] + blurred
            found = _gather(nearness, rgb, row, column, within, counts, right, down, higher)
            rise = _plane(found, counts, right, down, higher, FITS * within)
            fitted[row, column] = nearness[row, column] + rise


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
@no_type_check  # a compiler reads it: nothing may wrap it
def _gather(nearness, rgb, row, column, within, counts, right, down, higher):  # pragma: no cover
    """Write the neighbours at about a pixel's depth, itself too; returns how many there are."""
    height, width = nearness.shape
    own, found = nearness[row, column], 0
    for i in range(row - REACH, row + REACH + 1, 2):
        for j in range(column - REACH, column + REACH + 1, 2):
            if not (0 <= i < height and 0 <= j < width):
                continue
            rise = nearness[i, j] - own
            if abs(rise) > within:
                continue
            differs = 0
            for k in range(3):
                differs += abs(np.int64(rgb[row, column, k]) - np.int64(rgb[i, j, k]))
            counts[found] = _BY_COLOUR[differs]
            right[found], down[found], higher[found] = j - column, i - row, rise
            found += 1
    return found


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
@no_type_check  # a compiler reads it: nothing may wrap it
def _plane(found, counts, right, down, higher, misses):  # pragma: no cover
    """Return how high the plane of the neighbours is at the pixel: fitted, then without misfits."""
    base, along, across = np.float32(0), np.float32(0), np.float32(0)
    for again in range(2):
        n = x = y = z = xx = xy = yy = xz = yz = np.float32(0)
        for at in range(found):
            count = counts[at]
            if again:
                off = (higher[at] - base - along * right[at] - across * down[at]) / misses
                count *= max(np.float32(0), np.float32(1) - off * off)
            n += count
            x += count * right[at]
            y += count * down[at]
            z += count * higher[at]
            xx += count * right[at] * right[at]
            xy += count * right[at] * down[at]
            yy += count * down[at] * down[at]
            xz += count * right[at] * higher[at]
            yz += count * down[at] * higher[at]
        if n > _LEAST:
            x, y, z = x / n, y / n, z / n
            xx, yy, xy = xx / n - x * x + _STIFF, yy / n - y * y + _STIFF, xy / n - x * y
            xz, yz = xz / n - x * z, yz / n - y * z
            size = xx * yy - xy * xy
            along, across = (xz * yy - yz * xy) / size, (yz * xx - xz * xy) / size
            base = z - along * x - across * y
    return base
