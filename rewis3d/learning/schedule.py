"""Learning rates as functions of how far a training is: nothing to save, nothing to restore."""

from __future__ import annotations

import math
from typing import Final

from rewis3d.method import Optimiser, Schedule

USUAL_BETA: Final = 0.9
"""AdamW's first beta where nothing moves it."""
CYCLED_BETA: Final = (0.85, 0.95)
"""Between these one cycle moves it, as torch does by default."""


def rate(kind: Schedule, done: float, settings: Optimiser) -> float:
    """Return a learning rate as a share of its highest, where a share `done` of the steps is done.

    linear falls from 1 to 0. one-cycle rises along a cosine from 1 / cycle_start to 1 in the first
    `cycle_rise` of the steps, then falls along one to 1 / (cycle_start * cycle_end), as
    torch.optim.lr_scheduler.OneCycleLR does. ValueError outside 0..1.
    """
    if not 0 <= done <= 1:
        raise ValueError(f"got a share {done} of the steps, wanted 0 to 1")
    if kind == "linear":
        return 1 - done
    first = 1 / settings.cycle_start
    return _cycle(done, settings, low=first, high=1.0, end=first / settings.cycle_end)


def first_beta(kind: Schedule, done: float, settings: Optimiser) -> float:
    """Return AdamW's first beta there: one cycle moves it against the rate."""
    if kind == "linear":
        return USUAL_BETA
    high, low = reversed(CYCLED_BETA)
    return _cycle(done, settings, low=high, high=low, end=high)


def _cycle(done: float, settings: Optimiser, *, low: float, high: float, end: float) -> float:
    """Go along one cosine from `low` to `high`, then along another one to `end`."""
    rise = settings.cycle_rise
    if done < rise:
        return _cosine(low, high, done / rise)
    return _cosine(high, end, (done - rise) / (1 - rise))


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
