"""Semi-global matching (Hirschmueller, PAMI 2008): costs agree with those of their neighbours.

Along eight directions, a step to the next plane costs STEP and any larger one JUMP, which is
lowered where the image has an edge: depth breaks at object borders.
"""

from __future__ import annotations

from typing import Final, no_type_check

import numpy as np
from jaxtyping import Float32, UInt8
from numba import njit

STEP: Final = 24.0
"""Of a cost of 255."""
JUMP: Final = 400.0
"""Of a cost of 255, on an even surface."""
EDGE: Final = 16.0
"""Grey levels between neighbours that halve JUMP."""


def aggregate(
    volume: UInt8[np.ndarray, "h w d"], grey: Float32[np.ndarray, "h w"]
) -> Float32[np.ndarray, "h w d"]:
    """Return the sum of the costs along eight paths that end in each pixel."""
    total = np.zeros(volume.shape, np.float32)
    guide = np.nan_to_num(grey)
    for forward in (True, False):
        _pass(volume, guide, STEP, JUMP, EDGE, forward, total)
    return total


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
@no_type_check  # a compiler reads it: nothing may wrap it
def _step(costs, before, least, step, jump, path, total):  # pragma: no cover
    """Go one pixel along a path; returns the least cost there. Planes start at index 1."""
    count = costs.shape[0]
    lowest = np.float32(1e9)
    for d in range(count):
        near = min(before[d], before[d + 2]) + step
        cost = min(before[d + 1], near, least + jump) - least + np.float32(costs[d])
        path[d + 1] = cost
        total[d] += cost
        lowest = min(lowest, cost)
    return lowest


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
@no_type_check  # a compiler reads it: nothing may wrap it
def _pass(volume, grey, step, jump, edge, forward, total):  # pragma: no cover
    """Add the four paths that come from above and the left, or from below and the right."""
    height, width, count = volume.shape
    step = np.float32(step)
    way = 1 if forward else -1
    # Of the row before and this one: by direction (-1, 0, 1), column and plane, with a rim.
    rows = np.full((2, 3, width + 2, count + 2), np.float32(1e9))
    least = np.zeros((2, 3, width + 2), np.float32)
    beside = np.full((2, count + 2), np.float32(1e9))
    rows[:, :, :, 1:-1] = 0
    for i in range(height):
        row = i if forward else height - 1 - i
        now, before = i % 2, (i + 1) % 2
        beside[:, 1:-1] = 0
        beside_least = np.float32(0.0)
        for j in range(width):
            column = j if forward else width - 1 - j
            costs, sums = volume[row, column], total[row, column]
            if j > 0:
                contrast = abs(grey[row, column] - grey[row, column - way])
                fall = max(np.float32(jump / (1 + contrast / edge)), step)
            else:
                fall = step
            beside_least = _step(
                costs, beside[j % 2], beside_least, step, fall, beside[(j + 1) % 2], sums
            )
            for k in range(3):
                other = column + (k - 1)
                fall = step
                if i > 0 and 0 <= other < width:
                    contrast = abs(grey[row, column] - grey[row - way, other])
                    fall = max(np.float32(jump / (1 + contrast / edge)), step)
                least[now, k, column + 1] = _step(
                    costs,
                    rows[before, k, other + 1],
                    least[before, k, other + 1],
                    step,
                    fall,
                    rows[now, k, column + 1],
                    sums,
                )
