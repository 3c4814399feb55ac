"""Measured points onto the grids of the views that see them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float32

from rewis3d.reconstruct.formats import captures
from rewis3d.reconstruct.formats.types import GivenView, Measured, Piece
from rewis3d.reconstruct.visibility import depth_of
from rewis3d.scene import ViewGeometry

_LOOKED_AT: Final = 16
"""Views that say how far away a world of unknown unit is."""
_FEWEST: Final = 20
"""Points of a view that say it."""


class Tally:
    """Counts what is read, and what of it is no point."""

    def __init__(self) -> None:
        self.read = 0
        self.dropped = 0

    def points(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """Yield the pieces without the points that have no coordinates."""
        for xyz in pieces:
            kept = xyz[np.isfinite(xyz).all(axis=1)]
            self.read += len(xyz)
            self.dropped += len(xyz) - len(kept)
            yield kept

    def notes(self) -> tuple[str, ...]:
        """Return one line for people where points were left out."""
        if not self.dropped:
            return ()
        return (f"{self.dropped} of {self.read} points had no coordinates and were left out",)


def depths(
    measured: Measured,
    views: Iterable[ViewGeometry],
    *,
    given: Mapping[int, GivenView],
    tally: Tally,
    scratch: Path,
) -> Iterator[tuple[ViewGeometry, Float32[np.ndarray, "r c"]]]:
    """Yield each view with the depth of the points that it sees, 0 where there are none.

    `given` says by frame where the views stand in the world of the points; depths are in its unit.
    """
    by_name = {given[view.frame_id].name: view for view in views}
    for name, pieces in measured.seen_by(list(by_name), scratch=scratch):
        view = by_name[name]
        own = given[view.frame_id]
        there = replace(view, T_world_camera=own.T_world_camera)
        yield view, captures.masked(depth_of(tally.points(pieces), there), own)


def ranges(
    measured: Measured,
    views: Sequence[ViewGeometry],
    *,
    given: Mapping[int, GivenView],
    scratch: Path,
) -> dict[int, tuple[float, float]]:
    """Return by frame how near and how far the points are, of views spread over all."""
    some = views[:: -(-len(views) // _LOOKED_AT)]
    found = {}
    for view, depth in depths(measured, some, given=given, tally=Tally(), scratch=scratch):
        if (depth > 0).sum() >= _FEWEST:
            near, far = np.percentile(depth[depth > 0], [2, 98]).tolist()
            found[view.frame_id] = (near, far)
    return found
