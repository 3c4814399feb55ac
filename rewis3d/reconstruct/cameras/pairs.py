"""Which frames are compared with which: a video's neighbours, and photos all with all."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import numpy as np

ALL: Final = 60
"""Frames up to which every pair is compared."""
PATIENCE: Final = 200
"""Frames up to which every pair of photos without an order is compared; takes minutes."""
WINDOW: Final = 10
"""Neighbours of a video frame on either side."""
KEYFRAMES: Final = 24
"""Frames spread over the project of which every pair is compared: places seen again."""

Pair = tuple[int, int]


def first_pairs(clips: Sequence[Sequence[int]]) -> list[Pair]:
    """Return the pairs to begin with; a clip is the places of its frames in their order."""
    places = sorted(place for clip in clips for place in clip)
    if len(places) <= ALL:
        return list(combinations(places, 2))
    pairs = set(combinations(_spread(places, KEYFRAMES), 2))
    for clip in clips:
        pairs.update(combinations(clip, 2) if len(clip) <= ALL else _neighbours(clip))
    return sorted(pairs)


def other_pairs(clip: Sequence[int]) -> list[Pair]:
    """Return the pairs of a clip whose neighbours have little in common: photos, not video."""
    return list(combinations(_spread(clip, PATIENCE), 2)) if len(clip) > ALL else []


def close_pairs(clip: Sequence[int]) -> list[Pair]:
    """Return the pairs that show where a clip shows something else: neighbours up to WINDOW."""
    return [pair for step in range(1, WINDOW + 1) for pair in zip(clip, clip[step:], strict=False)]


def _neighbours(clip: Sequence[int]) -> list[Pair]:
    steps = [2**power for power in range(4, 12)]
    far = [pair for step in steps for pair in zip(clip, clip[step:], strict=False)]
    return close_pairs(clip) + far


def _spread(places: Sequence[int], count: int) -> list[int]:
    if len(places) <= count:
        return list(places)
    return [places[round(at)] for at in np.linspace(0, len(places) - 1, count)]
