"""A filled shape as one stroke: the lossless way from a mask to a path of a one-pixel brush."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64, Int64


def walk(mask: Bool[np.ndarray, "h w"]) -> Float64[np.ndarray, "p 2"]:
    """Return a path that covers an 8-connected mask exactly with a brush of one pixel.

    It runs along every row of the mask and steps between rows straight or along the diagonal of
    two pixels, so that it comes no nearer than .7 pixels to the centre of a pixel outside; where
    the mask branches it goes back the way it came.
    """
    padded = np.pad(mask, ((0, 0), (1, 1))).astype(np.int8)
    rows, starts = np.nonzero(np.diff(padded, axis=1) == 1)
    stops = np.nonzero(np.diff(padded, axis=1) == -1)[1] - 1
    neighbours = _neighbours(rows, starts, stops)

    def step(run: int, other: int) -> list[tuple[int, int]]:
        """Return the two pixels, one of each run, between which the path changes the row."""
        door = max(starts[run], starts[other])
        return [(min(door, stops[at]), rows[at]) for at in (run, other)]

    seen = {0}
    path = [(starts[0], rows[0]), (stops[0], rows[0])]
    trail = [(0, iter(neighbours[0]))]
    while trail:
        run, ways = trail[-1]
        other = next((way for way in ways if way not in seen), None)
        if other is None:
            trail.pop()
            if trail and len(seen) < len(rows):
                path += step(run, trail[-1][0])
            continue
        seen.add(other)
        path += [*step(run, other), (starts[other], rows[other]), (stops[other], rows[other])]
        trail.append((other, iter(neighbours[other])))
    path_xy = np.array(path, np.float64) + 0.5
    moves = np.diff(path_xy, axis=0).any(axis=1)
    return path_xy[np.append(True, moves)]


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
