"""Which plane wins at each pixel, and how far between two planes."""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from jaxtyping import Float32, Int16
from numba import njit


def win(total: Int16[np.ndarray, "h w d"]) -> Float32[np.ndarray, "h w"]:
    """Return the index of the plane of least cost, to a fraction: where a parabola is least."""
    plane = np.empty(total.shape[:2], np.float32)
    _win(total, plane)
    return plane


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check  # a compiler reads it: nothing may wrap it
def _win(total, plane):  # pragma: no cover
    height, width, count = total.shape
    for row in range(height):
        for column in range(width):
            sums = total[row, column]
            first = 0
            for d in range(1, count):
                if sums[d] < sums[first]:
                    first = d
            offset = np.float32(0.0)
            if 0 < first < count - 1:
                left, right = sums[first - 1] - sums[first], sums[first + 1] - sums[first]
                if left + right > 0:
                    offset = np.float32(0.5) * (left - right) / (left + right)
            plane[row, column] = first + offset
