"""Slow, obvious twins of what the project does cleverly: the tests compare the two."""

from __future__ import annotations

from collections.abc import Sequence


def nearest_to_beats(times: Sequence[float], fps: float) -> list[int]:
    """Twin of app.ingest.pace.nearest: look at every time for each beat, the first on a tie."""
    taken: list[int] = []
    beat = 0
    while times and beat / fps <= times[-1] + 1e-6 / fps:
        index = min(range(len(times)), key=lambda each: abs(times[each] * fps - beat))
        if index not in taken:
            taken.append(index)
        beat += 1
    return taken
