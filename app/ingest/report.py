"""What an import took in, and what it left out and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

OnProgress = Callable[[int, int], None]
"""Told how many of how many files or frames are through."""
SHOWN: Final = 20
"""Skipped files that are named to people; more are counted."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The outcome of an import."""

    frame_ids: tuple[int, ...]
    """The new frames in order."""
    skipped: tuple[tuple[str, str], ...] = ()
    """Name and reason of every file that was left out, in natural order."""
    notes: tuple[str, ...] = ()
    """What else the user should know, one line each."""

    @property
    def added(self) -> int:
        """Number of new frames."""
        return len(self.frame_ids)

    def lines(self) -> list[str]:
        """Return the report for people: one line per note and per skipped file, to a limit."""
        shown = [f"skipped {name}: {reason}" for name, reason in self.skipped[:SHOWN]]
        more = len(self.skipped) - SHOWN
        if more > 0:
            shown.append(f"skipped {more} more file{'s' if more > 1 else ''}")
        return [*self.notes, *shown]


def nothing(frames: int, total: int) -> None:
    """The OnProgress of a caller who does not want to know."""
