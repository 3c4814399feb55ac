"""Semi-global matching (Hirschmueller, PAMI 2008): costs agree with those of their neighbours.

Along eight directions, a step to the next plane costs STEP and any larger one JUMP, which is
lowered where the image has an edge: depth breaks at object borders. Costs are whole numbers of 16
bits: a processor adds twice as many of them at a time as of floats.
"""

from __future__ import annotations

from typing import Final, no_type_check

import numpy as np
from jaxtyping import Float32, Int16, UInt8
from numba import njit

STEP: Final = 24
"""Of a cost of 255."""
JUMP: Final = 400
"""Of a cost of 255, on an even surface."""
EDGE: Final = 16.0
"""Grey levels between neighbours that halve JUMP."""
_HIGH: Final = np.int16(30000)
"""More than any path's cost, which is at most 255 + JUMP beyond the least."""


def aggregate(
    volume: UInt8[np.ndarray, "h w d"], grey: Float32[np.ndarray, "h w"]
) -> Int16[np.ndarray, "h w d"]:
    """Return the sum of the costs along eight paths that end in each pixel."""
    total = np.zeros(volume.shape, np.int16)
    guide = np.nan_to_num(grey)
    for forward in (True, False):
        _pass(volume, guide, np.int16(STEP), np.float32(JUMP), np.float32(EDGE), forward, total)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check  # a compiler reads it: nothing may wrap it
def _step(costs, before, least, step, jump, path, total):  # pragma: no cover
    """Go one pixel along a path; returns the least cost there. Planes start at index 1.

    Each sum is cut to 16 bits again: numba would go on with 64.
    """
    lowest = np.int16(_HIGH)
    most = np.int16(least + jump)
    for d in range(costs.shape[0]):
        one, other = before[d], before[d + 2]
        near = np.int16((one if one < other else other) + step)
        cost = before[d + 1]
        cost = near if near < cost else cost
        cost = cost if cost < most else most
        cost = np.int16(np.int16(cost - least) + np.int16(costs[d]))
        path[d + 1] = cost
        total[d] = np.int16(total[d] + cost)
        lowest = cost if cost < lowest else lowest
    return lowest


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check  # a compiler reads it: nothing may wrap it
def _fall(contrast, step, jump, edge):  # pragma: no cover
    """Return what a jump costs between two pixels whose grey levels differ by `contrast`."""
    return np.int16(max(jump / (np.float32(1) + contrast / edge), np.float32(step)) + 0.5)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check  # a compiler reads it: nothing may wrap it
def _pass(volume, grey, step, jump, edge, forward, total):  # pragma: no cover
    """Add the four paths that come from above and the left, or from below and the right."""
    height, width, count = volume.shape
    way = 1 if forward else -1
    # Of the row before and this one: by direction (-1, 0, 1), column and plane, with a rim.
    rows = np.full((2, 3, width + 2, count + 2), _HIGH, np.int16)
    least = np.zeros((2, 3, width + 2), np.int16)
    beside = np.full((2, count + 2), _HIGH, np.int16)
    rows[:, :, :, 1:-1] = 0
    for i in range(height):
        row = i if forward else height - 1 - i
        now, before = i % 2, (i + 1) % 2
        beside[:, 1:-1] = 0
        beside_least = np.int16(0)
        for j in range(width):
            column = j if forward else width - 1 - j
            costs, sums = volume[row, column], total[row, column]
            fall = step
            if j > 0:
                fall = _fall(abs(grey[row, column] - grey[row, column - way]), step, jump, edge)
            beside_least = _step(
                costs, beside[j % 2], beside_least, step, fall, beside[(j + 1) % 2], sums
            )
            for k in range(3):
                other = column + (k - 1)
                fall = step
                if i > 0 and 0 <= other < width:
                    fall = _fall(abs(grey[row, column] - grey[row - way, other]), step, jump, edge)
                least[now, k, column + 1] = _step(
                    costs,
                    rows[before, k, other + 1],
                    least[before, k, other + 1],
                    step,
                    fall,
                    rows[now, k, column + 1],
                    sums,
                )
