"""Slow, obvious twins of what the project does cleverly: the tests compare the two."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import floor


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


def covered_pixels(
    xy: Sequence[tuple[float, float]], width: float, rows: int, cols: int
) -> list[list[bool]]:
    """Twin of annotations.rasterise.coverage: measure every pixel from every segment."""
    segments = list(pairwise(xy)) or [(xy[0], xy[0])]
    image = [
        [
            any(_squared_distance(j + 0.5, i + 0.5, *ends) <= width**2 / 4 for ends in segments)
            for j in range(cols)
        ]
        for i in range(rows)
    ]
    for x, y in xy if width <= 1 or len(xy) == 1 else ():
        if 0 <= floor(y) < rows and 0 <= floor(x) < cols:
            image[floor(y)][floor(x)] = True
    return image


def _squared_distance(x: float, y: float, a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the squared distance of a point from a segment."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    px, py = x - a[0], y - a[1]
    squared = dx * dx + dy * dy
    along = min(1.0, max(0.0, (px * dx + py * dy) / squared)) if squared else 0.0
    return (px - along * dx) ** 2 + (py - along * dy) ** 2
