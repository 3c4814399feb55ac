"""How alike a view and warped sources are: kernels, compiled at first use and kept.

Windows are compared by zero-mean normalised cross-correlation. A NaN in a window makes its score
NaN: such a source does not see it.
"""

from __future__ import annotations

from typing import Final, no_type_check

import numpy as np
from numba import njit

RADIUS: Final = 2
"""Of the windows, in pixels."""
NOISE: Final = 1.0
"""Grey levels: a window that varies less correlates with nothing."""
NO_SCORE: Final = -2.0
"""Less than any correlation."""
_AHEAD: Final = np.float32(0.05)
"""A point is looked for in a source where it lies farther before it than this share of its depth in
the view: nearer, it is seen many times as large."""
_BEFORE: Final = np.float32(0.001)
"""Pixels before the last one, at which that and the one before it are mixed."""
_AREA: Final = np.float32((2 * RADIUS + 1) ** 2)
_FLOOR: Final = np.float32(NOISE**2)
_ZERO: Final = np.float32(0)
_ONE: Final = np.float32(1)
_HALF: Final = np.float32(0.5)
_FAST: Final = {"reassoc", "contract", "arcp", "nsz"}
"""What a compiler may do that keeps NaN what it is."""


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
@no_type_check  # a compiler reads it: nothing may wrap it
def warp(grey, still, moved, inverse_depth, out):  # pragma: no cover
    """Write what a source shows where pixels of these inverse depths lie in it; NaN outside of it.

    Pixel (x, y) goes to still (x, y, 1) + inverse depth * moved. Between the source's pixels values
    are mixed, up to its outermost pixels' borders. What is behind it or hardly before it, it does
    not see.
    """
    last_x, last_y = np.float32(grey.shape[1] - 1), np.float32(grey.shape[0] - 1)
    height, width = inverse_depth.shape
    at_x, at_y = np.empty(width, np.float32), np.empty(width, np.float32)
    for row in range(height):
        y = np.float32(row + 0.5)
        x0 = still[0, 1] * y + still[0, 2]
        y0 = still[1, 1] * y + still[1, 2]
        z0 = still[2, 1] * y + still[2, 2]
        near, shown = inverse_depth[row], out[row]
        for column in range(width):
            x = np.float32(column) + _HALF
            w = near[column]
            z = z0 + x * still[2, 0] + w * moved[2]
            over = _ONE / (z if z > _AHEAD else _ONE)
            px = (x0 + x * still[0, 0] + w * moved[0]) * over - _HALF
            py = (y0 + x * still[1, 0] + w * moved[1]) * over - _HALF
            inside = z > _AHEAD and -_HALF < px < last_x + _HALF and -_HALF < py < last_y + _HALF
            # numbers that are none, and those at the last pixels, have to find four pixels
            at_x[column] = min(max(px, _ZERO), last_x - _BEFORE) if inside else -_ONE
            at_y[column] = min(max(py, _ZERO), last_y - _BEFORE) if inside else -_ONE
        for column in range(width):
            px, py = at_x[column], at_y[column]
            shown[column] = np.nan
            if px >= _ZERO and py >= _ZERO:
                i, j = int(py), int(px)
                right, down = px - np.float32(j), py - np.float32(i)
                upper = grey[i, j] + (grey[i, j + 1] - grey[i, j]) * right
                lower = grey[i + 1, j] + (grey[i + 1, j + 1] - grey[i + 1, j]) * right
                shown[column] = upper + (lower - upper) * down


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
@no_type_check  # a compiler reads it: nothing may wrap it
def moments(grey):  # pragma: no cover
    """Return mean and 1 / deviation of the window around each pixel; NaN along the borders."""
    height, width = grey.shape
    mean = np.full((height, width), np.nan, np.float32)
    scale = np.full((height, width), np.nan, np.float32)
    for row in range(RADIUS, height - RADIUS):
        for column in range(RADIUS, width - RADIUS):
            total, squares = _ZERO, _ZERO
            for i in range(-RADIUS, RADIUS + 1):
                for j in range(-RADIUS, RADIUS + 1):
                    value = grey[row + i, column + j]
                    total += value
                    squares += value * value
            variance = squares / _AREA - (total / _AREA) ** 2
            variance = variance if variance > _ZERO else variance * _ZERO  # NaN stays
            mean[row, column] = total / _AREA
            scale[row, column] = _ONE / np.sqrt(variance + _FLOOR)
    return mean, scale


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
@no_type_check  # a compiler reads it: nothing may wrap it
def compare(grey, mean, scale, warped, best, seen):  # pragma: no cover
    """Correlate with one more source: `best` keeps each pixel's highest scores in falling order."""
    height, width = grey.shape
    sums, squares = np.empty(width, np.float32), np.empty(width, np.float32)
    products, scores = np.empty(width, np.float32), np.empty(width, np.float32)
    for row in range(RADIUS, height - RADIUS):
        for column in range(width):
            a, b, c = _ZERO, _ZERO, _ZERO
            for i in range(-RADIUS, RADIUS + 1):
                value = warped[row + i, column]
                a += value
                b += value * value
                c += value * grey[row + i, column]
            sums[column], squares[column], products[column] = a, b, c
        means, scales = mean[row], scale[row]
        for column in range(RADIUS, width - RADIUS):
            a, b, c = _ZERO, _ZERO, _ZERO
            for j in range(-RADIUS, RADIUS + 1):
                a += sums[column + j]
                b += squares[column + j]
                c += products[column + j]
            a /= _AREA
            variance = b / _AREA - a * a
            variance = (variance if variance > _ZERO else _ZERO) + _FLOOR
            covariance = c / _AREA - a * means[column]
            scores[column] = covariance * scales[column] / np.sqrt(variance)
        counts = seen[row]
        for column in range(RADIUS, width - RADIUS):
            counts[column] += np.uint8(scores[column] == scores[column])
        for rank in range(best.shape[0]):
            kept = best[rank, row]
            for column in range(RADIUS, width - RADIUS):
                score, other = scores[column], kept[column]
                kept[column] = score if score > other else other
                scores[column] = other if score > other else score


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check  # a compiler reads it: nothing may wrap it
def better_half(best, seen, score):  # pragma: no cover
    """Write the mean of the better half of the scores, 0 where there are none or they are below.

    Pixels at the borders take the score of the next whole window.
    """
    height, width = seen.shape
    for row in range(height):
        r = min(max(row, RADIUS), height - 1 - RADIUS)
        for column in range(width):
            c = min(max(column, RADIUS), width - 1 - RADIUS)
            half = (seen[r, c] + 1) // 2
            total = _ZERO
            for rank in range(half):
                total += best[rank, r, c]
            score[row, column] = max(total / np.float32(max(half, 1)), _ZERO)
