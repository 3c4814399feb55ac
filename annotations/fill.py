"""A filled shape as one stroke: the lossless way from a mask to a path of a one-pixel brush."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64, Int64


def walk(mask: Bool[np.ndarray, "h w"]) -> Float64[np.ndarray, "p 2"]:
    """Return a path that covers an 8-connected mask exactly with a brush of one pixel.

    The mask has at least one pixel; the path's vertices are pixel centres (x, y).

    It runs along every row of the mask and steps between rows straight or along the diagonal of
    two pixels, so that it comes no nearer than .7 pixels to the centre of a pixel outside; where
    the mask branches it goes back the way it came.
    """
    padded = np.pad(mask, ((0, 0), (1, 1))).astype(np.int8)
    rows, starts = np.nonzero(np.diff(padded, axis=1) == 1)
    stops = np.nonzero(np.diff(padded, axis=1) == -1)[1] - 1
    neighbours = _neighbours(rows, starts, stops)
    runs = list(zip(rows.tolist(), starts.tolist(), stops.tolist(), strict=True))
    row, start, stop = runs[0]
    seen = {0}
    path = [(start, row), (stop, row)]
    trail = [(0, iter(neighbours[0]))]
    while trail:
        run, ways = trail[-1]
        other = next((way for way in ways if way not in seen), None)
        if other is None:
            trail.pop()
            if trail and len(seen) < len(runs):
                path += _door(runs[run], runs[trail[-1][0]])
            continue
        seen.add(other)
        row, start, stop = runs[other]
        path += [*_door(runs[run], runs[other]), (start, row), (stop, row)]
        trail.append((other, iter(neighbours[other])))
    path_xy = np.array(path, np.float64) + 0.5
    moves = np.diff(path_xy, axis=0).any(axis=1)
    return path_xy[np.append(True, moves)]


def _door(
    run: tuple[int, int, int], other: tuple[int, int, int]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the pixels (x, y) between which the path goes from one run into another."""
    x = max(run[1], other[1])
    return (min(x, run[2]), run[0]), (min(x, other[2]), other[0])


def _neighbours(
    rows: Int64[np.ndarray, "n"], starts: Int64[np.ndarray, "n"], stops: Int64[np.ndarray, "n"]
) -> list[list[int]]:
    """Return for each run the runs of the rows above and below that touch it, corners included."""
    first, after = np.searchsorted(rows, (rows - 1, rows + 2), side="left")
    near = []
    for run, (low, high) in enumerate(zip(first, after, strict=True)):
        others = np.arange(low, high)
        meets = (starts[others] <= stops[run] + 1) & (stops[others] >= starts[run] - 1)
        near.append(others[meets & (rows[others] != rows[run])].tolist())
    return near
