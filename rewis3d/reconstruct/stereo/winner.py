"""Which plane wins at each pixel, how far between two planes, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, no_type_check

import numpy as np
from jaxtyping import Float32, Int16, UInt8
from numba import njit

APART: Final = 3
"""Planes between a winner and what counts as its rival."""


@dataclass(frozen=True, slots=True)
class Winner:
    """The least aggregated cost of each pixel."""

    plane: Float32[np.ndarray, "h w"]
    """Index of the winning plane, to a fraction."""
    score: Float32[np.ndarray, "h w"]
    """Correlation of the windows there, 0..1, before aggregation."""
    margin: Float32[np.ndarray, "h w"]
    """How much worse the best rival is, as a share of WORST per path; 0 at the outermost planes."""


def win(volume: UInt8[np.ndarray, "h w d"], total: Int16[np.ndarray, "h w d"]) -> Winner:
    """Return the planes of least cost. A winner between two planes is where a parabola is least."""
    shape = volume.shape[:2]
    plane, score, margin = (np.zeros(shape, np.float32) for _ in range(3))
    _win(volume, total, APART, plane, score, margin)
    return Winner(plane, score, margin)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check  # a compiler reads it: nothing may wrap it
def _win(volume, total, apart, plane, score, margin):  # pragma: no cover
    height, width, count = total.shape
    for row in range(height):
        for column in range(width):
            sums = total[row, column]
            first = 0
            for d in range(1, count):
                if sums[d] < sums[first]:
                    first = d
            rival = 32767
            for d in range(count):
                if abs(d - first) > apart:
                    rival = min(rival, np.int64(sums[d]))
            offset = np.float32(0.0)
            if 0 < first < count - 1:
                left, right = sums[first - 1] - sums[first], sums[first + 1] - sums[first]
                if left + right > 0:
                    offset = np.float32(0.5) * (left - right) / (left + right)
                margin[row, column] = (rival - sums[first]) / np.float32(8 * 255)
            plane[row, column] = first + offset
            score[row, column] = 1 - np.float32(volume[row, column, first]) / np.float32(255)
