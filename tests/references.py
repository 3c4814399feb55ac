"""Slow, obvious twins of what the project does cleverly: the tests compare the two."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor


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


def lifted_cell(
    mask: Sequence[Sequence[int]],
    cell: tuple[int, int],
    scale: tuple[float, float],
    offset: tuple[float, float],
) -> int:
    """Twin of rewis3d.lifting.lift: count the votes of every piece of every pixel for one cell."""
    pieces_x, pieces_y = (ceil(each) for each in scale)
    votes: dict[int, int] = {}
    for i, row in enumerate(mask):
        for j, label in enumerate(row):
            for piece_y in range(pieces_y):
                for piece_x in range(pieces_x):
                    x = (j + (piece_x + 0.5) / pieces_x) * scale[0] + offset[0]
                    y = (i + (piece_y + 0.5) / pieces_y) * scale[1] + offset[1]
                    if label != 255 and (floor(y), floor(x)) == cell:
                        votes[label] = votes.get(label, 0) + 1
    best = [label for label, count in votes.items() if count == max(votes.values())]
    return best[0] if len(best) == 1 else 255


def best_of_cell(
    said: Sequence[tuple[int, float]], similar: float
) -> tuple[int, tuple[int, int] | None]:
    """Twin of rewis3d.propagate.fuse for one cell: (label, confidence) of each frame in turn.

    Return the label, 255 where two classes are similar, and the best two labels if there are two.
    """
    best: dict[int, float] = {}
    for label, confidence in said:
        best[label] = max(best.get(label, 0.0), confidence)
    ranked = sorted(best, key=lambda label: -best[label])
    if not ranked:
        return 255, None
    if len(ranked) == 1:
        return ranked[0], None
    two = (ranked[0], ranked[1])
    return (255 if best[two[1]] >= similar * best[two[0]] else two[0]), two
