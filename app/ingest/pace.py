"""Which frames of a video are taken: every n-th, or those nearest to an even beat."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

Item = TypeVar("Item")
_ROUNDING: Final = 1e-6
"""Beats by which a time may miss one and still count as on it."""


def every(items: Iterable[Item], stride: int) -> Iterator[Item]:
    """Yield the first item and each `stride`-th after it."""
    for index, item in enumerate(items):
        if index % stride == 0:
            yield item


def nearest(timed: Iterable[tuple[float, Item]], fps: float) -> Iterator[tuple[float, Item]]:
    """Yield for each beat 0, 1/fps, 2/fps ... the item nearest in time, the earlier one on a tie.

    Times (seconds) must not fall. An item comes once even where it is the nearest to several
    beats, and the first one alone of those with the same time; beats after the last item are
    left out. Holds two items at a time.
    """
    before: tuple[float, Item] | None = None
    given = False  # whether `before` was yielded
    beat = 0  # the next one to serve
    for item in timed:
        if before is not None and item[0] == before[0]:
            continue
        place = item[0] * fps  # in beats
        last = math.floor(place + _ROUNDING)  # beats up to here lie before the item or on it
        take = False
        if last >= beat:
            # Beats up to the middle between the two are nearer to the earlier one.
            middle = -math.inf if before is None else (before[0] * fps + place) / 2 + _ROUNDING
            if before is not None and beat <= middle and not given:
                yield before
            take = last > middle
            beat = last + 1
        if take:
            yield item
        before, given = item, take
