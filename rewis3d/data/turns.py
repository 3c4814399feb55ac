"""Whose turn it is: which views a training step shows, as a pure function of seed and step."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Int64

Chances = Callable[[int, int], np.random.Generator]
"""Returns the random numbers of a queue's epoch, by queue and epoch."""
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Turn:
    """A view's turn."""

    epoch: int
    """Which pass over the views of its queue it is in."""
    view: int
    """Index into all views."""


@dataclass(frozen=True, slots=True)
class Turns:
    """Queues of views that are gone through again and again, each time in another order.

    Epoch follows epoch without a gap: a step may end one and begin the next, and every view of a
    queue comes equally often.
    """

    queues: tuple[Int64[np.ndarray, "_"], ...]
    """One of all views, or one of those with labels and one of the others."""
    share: float
    """Of the views of a step, so many come from the first of two queues."""
    chances: Chances

    @classmethod
    def of(cls, labelled: Sequence[bool], *, share: float, chances: Chances) -> Turns:
        """Return the turns of views of which these have labels.

        Where all have some or none has, or the share is 0, there is one queue.
        """
        known = np.array(labelled, np.bool_)
        if share == 0 or known.all() or not known.any():
            return cls((np.arange(len(known)),), 1.0, chances)
        return cls((np.flatnonzero(known), np.flatnonzero(~known)), share, chances)

    def order(self, queue: int, epoch: int) -> Int64[np.ndarray, "n"]:
        """Return the views of a queue in an epoch's order."""
        return self.chances(queue, epoch).permutation(self.queues[queue])

    def of_step(self, step: int, size: int) -> list[Turn]:
        """Return whose turn it is in a step of `size` views."""
        begin, end = self._before(step, size), self._before(step + 1, size)
        return [
            turn
            for queue, (first, last) in enumerate(zip(begin, end, strict=True))
            for turn in self._turns(queue, range(first, last))
        ]

    def _before(self, step: int, size: int) -> list[int]:
        """Return how many turns each queue had before a step: what is left over adds up."""
        first = math.floor(self.share * step * size + _ROUNDING)
        return [first, step * size - first][: len(self.queues)]

    def _turns(self, queue: int, turns: range) -> list[Turn]:
        length = len(self.queues[queue])
        orders = {epoch: self.order(queue, epoch) for epoch in {turn // length for turn in turns}}
        places = (divmod(turn, length) for turn in turns)
        return [Turn(epoch, int(orders[epoch][place])) for epoch, place in places]
