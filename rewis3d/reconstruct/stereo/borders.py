"""Depth at borders decided anew: matching by windows carries a near surface beyond its outline.

A pixel close to a jump in depth chooses among its own depth and those that lie a little further on
every side. Two witnesses speak. The images: how alike the pixel's surroundings and a source are at
a depth, where pixels of the pixel's own colour count most (adaptive support weights: K.-J. Yoon
and I. S. Kweon, PAMI 2006). And the surface: which share of the pixels around, again by colour, lie
at that depth; those on the near side of a jump, which may be wrong themselves, count less.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, no_type_check

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8
from numba import njit

from rewis3d.reconstruct.stereo.likeness import warp
from rewis3d.reconstruct.stereo.picture import Picture
from rewis3d.reconstruct.stereo.sweep import motion

JUMP: Final = 1.08
"""Ratio of neighbours' depths from which on there is a border."""
REACH: Final = 4
"""Pixels on either side of a border that choose, and how far away they find what to choose from."""
ROUNDS: Final = 2
"""A border that is off by more than REACH moves in steps."""
SIDE: Final = 3
"""Pixels on each side of a pixel that witness: so many by so many neighbours, to compare with the
sources; and as many with a gap between each two, to ask for their depths."""
COLOUR: Final = 20.0
"""Difference of colours, summed over red, green and blue, at which a neighbour counts 1 / e."""
AWAY: Final = 4.0
"""Pixels away at which a neighbour counts 1 / e."""
UNLIKE: Final = np.float32(12.0)
"""Grey levels by which a pixel can be unlike at most: something else may lie before it."""
SAME: Final = np.float32(0.04)
"""Two depths that differ by less than this share are of one surface."""
RIM: Final = 1
"""Pixels on the near side of a jump that are easily wrong, and ..."""
RIM_COUNTS: Final = np.float32(0.2)
"""... what each of them counts."""
SURFACE: Final = np.float32(0.3)
"""What the whole surface around counts beside the likeness of images, 0..1."""
STAY: Final = np.float32(0.02)
"""By how much another depth has to be better than a pixel's own."""
_FAST: Final = {"reassoc", "contract", "arcp", "nsz"}
"""What a compiler may do that keeps NaN what it is."""
_BY_COLOUR: Final = np.exp(-np.arange(3 * 255 + 1) / COLOUR).astype(np.float32)
_BY_DISTANCE: Final = np.exp(-np.sqrt(np.arange(8 * SIDE**2 + 1)) / AWAY).astype(np.float32)
"""What a neighbour counts by the square of its distance."""


def settle(
    view: Picture,
    sources: Sequence[Picture],
    nearness: Float32[np.ndarray, "h w"],
    *,
    step: float,
) -> Float32[np.ndarray, "h w"]:
    """Return a view's inverse depths with those at borders chosen anew; `step` is the sweep's.

    No depth is made up: each is its pixel's own or that of a pixel not far away.
    """
    motions = [(source.grey, *motion(view, source)) for source in sources]
    unlike = np.empty((5, *nearness.shape, len(sources)), np.float32)
    asked = beside_borders(nearness, step=step)
    for _ in range(ROUNDS):
        choices = _choices(nearness)
        for choice, levels in zip(choices, unlike, strict=True):
            _differ(view.grey, motions, choice, levels)
        counts = np.where(_near_side(nearness), RIM_COUNTS, np.float32(1))
        chosen = nearness.copy()
        _choose(view.rgb, choices, unlike, asked, counts, chosen)
        changed = (chosen != nearness).astype(np.uint8)
        asked = beside_borders(chosen, step=step) & (cv2.dilate(changed, _square(REACH)) > 0)
        nearness = chosen
    return nearness


def _differ(
    grey: Float32[np.ndarray, "h w"],
    motions: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    nearness: Float32[np.ndarray, "h w"],
    levels: Float32[np.ndarray, "h w s"],
) -> None:
    """Write by how many grey levels sources differ from each pixel, UNLIKE at most; -1: unseen."""
    warped = np.empty_like(grey)
    for index, (source, still, moved) in enumerate(motions):
        warp(source, still, moved, nearness, warped)
        _levels(grey, warped, levels[:, :, index])


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
@no_type_check  # a compiler reads it: nothing may wrap it
def _levels(grey, warped, levels):  # pragma: no cover
    height, width = grey.shape
    for row in range(height):
        for column in range(width):
            differs = abs(grey[row, column] - warped[row, column])
            known = differs == differs
            levels[row, column] = min(differs, UNLIKE) if known else np.float32(-1)


def beside_borders(nearness: Float32[np.ndarray, "h w"], *, step: float) -> Bool[np.ndarray, "h w"]:
    """Say which pixels lie within REACH of a jump in depth; less than half a step is none."""
    low, high = cv2.erode(nearness, _square(1)), cv2.dilate(nearness, _square(1))
    border = high > JUMP * low + step / 2
    return np.asarray(cv2.dilate(border.astype(np.uint8), _square(REACH))) > 0


def _near_side(nearness: Float32[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Say which pixels have something farther within RIM pixels."""
    return nearness > JUMP * np.asarray(cv2.erode(nearness, _square(RIM)))


def _square(radius: int) -> UInt8[np.ndarray, "k k"]:
    return np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)


def _choices(nearness: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "5 h w"]:
    """Return each pixel's own inverse depth and those REACH away to the four sides."""
    around = np.pad(nearness, REACH, mode="edge")
    height, width = nearness.shape
    steps = [(0, 0), (0, -REACH), (0, REACH), (-REACH, 0), (REACH, 0)]
    starts = [(REACH + down, REACH + right) for down, right in steps]
    return np.stack([around[i : i + height, j : j + width] for i, j in starts])


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
@no_type_check  # a compiler reads it: nothing may wrap it
def _choose(rgb, choices, unlike, asked, counts, chosen):  # pragma: no cover
    """Write the inverse depths that the two witnesses prefer."""
    height, width = asked.shape
    close, around = np.empty((2, 2 * SIDE + 1, 2 * SIDE + 1), np.float32)
    likeness = np.empty(unlike.shape[3], np.float32)
    seen = np.empty_like(likeness)
    for row in range(height):
        for column in range(width):
            if not asked[row, column]:
                continue
            own = choices[0, row, column]
            best = np.float32(-9)
            for which in range(1, len(choices)):
                near = choices[which, row, column]
                if _same(near, own):
                    continue
                if best < np.float32(-8):  # there is something to choose
                    _support(rgb, row, column, 1, close)
                    _support(rgb, row, column, 2, around)
                    _compare(unlike[0], row, column, close, seen, likeness)
                    best = _better_half(likeness) + STAY
                    best += SURFACE * _surface(choices[0], counts, row, column, around, own)
                _compare(unlike[which], row, column, close, seen, likeness)
                worth = _better_half(likeness)
                worth += SURFACE * _surface(choices[0], counts, row, column, around, near)
                if worth > best:
                    best = worth
                    chosen[row, column] = near


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
@no_type_check  # a compiler reads it: nothing may wrap it
def _same(one, other):  # pragma: no cover
    return abs(one - other) <= SAME * other


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
@no_type_check  # a compiler reads it: nothing may wrap it
def _support(rgb, row, column, step, support):  # pragma: no cover
    """Write what neighbours count, every `step` pixels: less for another colour, and far away."""
    height, width = rgb.shape[:2]
    for a in range(2 * SIDE + 1):
        for b in range(2 * SIDE + 1):
            down, right = step * (a - SIDE), step * (b - SIDE)
            i, j = row + down, column + right
            support[a, b] = np.float32(0)
            if 0 <= i < height and 0 <= j < width:
                differs = 0
                for k in range(3):
                    differs += abs(np.int64(rgb[row, column, k]) - np.int64(rgb[i, j, k]))
                support[a, b] = _BY_COLOUR[differs] * _BY_DISTANCE[down * down + right * right]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
@no_type_check  # a compiler reads it: nothing may wrap it
def _compare(unlike, row, column, support, seen, likeness):  # pragma: no cover
    """Write how alike what each source shows around a pixel is, 0..1; -1: it shows too little."""
    height, width, sources = unlike.shape
    everything = np.float32(0)
    seen[:], likeness[:] = np.float32(0), np.float32(0)
    for i in range(max(row - SIDE, 0), min(row + SIDE + 1, height)):
        for j in range(max(column - SIDE, 0), min(column + SIDE + 1, width)):
            count = support[i - row + SIDE, j - column + SIDE]
            everything += count
            for source in range(sources):
                level = unlike[i, j, source]
                seen[source] += count if level >= np.float32(0) else np.float32(0)
                likeness[source] += count * max(level, np.float32(0))
    for source in range(sources):
        alike = np.float32(1) - likeness[source] / (seen[source] * UNLIKE)
        enough = seen[source] > np.float32(0.5) * everything
        likeness[source] = alike if enough else np.float32(-1)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
@no_type_check  # a compiler reads it: nothing may wrap it
def _better_half(likeness):  # pragma: no cover
    """Return the mean of the better half of what is known; -1 where nothing is. Sorts it."""
    likeness.sort()
    known = 0
    for value in likeness:
        known += value >= 0
    half, total = (known + 1) // 2, np.float32(0)
    for rank in range(half):
        total += likeness[len(likeness) - 1 - rank]
    return total / np.float32(half) if half > 0 else np.float32(-1)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
@no_type_check  # a compiler reads it: nothing may wrap it
def _surface(nearness, counts, row, column, support, near):  # pragma: no cover
    """Return which share of the pixels around, by what they count, lie at an inverse depth."""
    height, width = nearness.shape
    everything, there = np.float32(1e-9), np.float32(0)
    for a in range(2 * SIDE + 1):
        for b in range(2 * SIDE + 1):
            i, j = row + 2 * (a - SIDE), column + 2 * (b - SIDE)
            if 0 <= i < height and 0 <= j < width:
                count = support[a, b] * counts[i, j]
                everything += count
                there += count if _same(nearness[i, j], near) else np.float32(0)
    return there / everything
