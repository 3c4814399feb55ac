"""A filled shape as one stroke: the lossless way from a mask to a path of a one-pixel brush."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64, Int64


def walk(mask: Bool[np.ndarray, "h w"]) -> Float64[np.ndarray, "p 2"]:
    """Return a path that covers a 4-connected mask exactly with a brush of one pixel.

    It runs along every row of the mask and steps between rows where both are inside, so that it
    leaves no pixel's centre; where the mask branches it goes back the way it came.
    """
    padded = np.pad(mask, ((0, 0), (1, 1))).astype(np.int8)
    rows, starts = np.nonzero(np.diff(padded, axis=1) == 1)
    stops = np.nonzero(np.diff(padded, axis=1) == -1)[1] - 1
    neighbours = _neighbours(rows, starts, stops)
    seen = {0}
    path = [(starts[0], rows[0]), (stops[0], rows[0])]
    trail = [(0, iter(neighbours[0]))]
    while trail:
        run, ways = trail[-1]
        step = next((way for way in ways if way not in seen), None)
        if step is None:
            trail.pop()
            if trail and len(seen) < len(rows):
                door = max(starts[run], starts[trail[-1][0]])
                path += [(door, rows[run]), (door, rows[trail[-1][0]])]
            continue
        seen.add(step)
        door = max(starts[run], starts[step])
        path += [(door, rows[run]), (door, rows[step])]
        path += [(starts[step], rows[step]), (stops[step], rows[step])]
        trail.append((step, iter(neighbours[step])))
    return np.array(path, np.float64) + 0.5


def _neighbours(
    rows: Int64[np.ndarray, "n"], starts: Int64[np.ndarray, "n"], stops: Int64[np.ndarray, "n"]
) -> list[list[int]]:
    """Return for each run the runs of the rows above and below that share a column with it."""
    first, after = np.searchsorted(rows, (rows - 1, rows + 2), side="left")
    near = []
    for run, (low, high) in enumerate(zip(first, after, strict=True)):
        others = np.arange(low, high)
        meets = (starts[others] <= stops[run]) & (stops[others] >= starts[run])
        near.append(others[meets & (rows[others] != rows[run])].tolist())
    return near
