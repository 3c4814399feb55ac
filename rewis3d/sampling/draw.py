"""Cells drawn from blocks of a scene's views, every set of them as likely as any other.

Cells are drawn with equal chance, what comes twice counts once, and what is not wanted is
rejected. When that ends, and whether the blocks are read through instead, depends on counts alone:
of the wanted cells, all sets of one size are equally likely. Reading through is cheaper where few
of the cells are wanted, or most of those that there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Int64

from rewis3d.sampling.index import Blocks, IndexedView, SceneIndex

_SPARE: Final = 1.1
"""So many times the draws that are expected to do are made."""
_FEWEST: Final = 1024
"""Draws of one go."""
_READ_THROUGH: Final = 4
"""What drawing a cell costs, in cells that are read in their turn."""

Wanted = Callable[[IndexedView, Int64[np.ndarray, "m"]], Bool[np.ndarray, "m"]]
"""Says which cells of a view may be drawn."""


@dataclass(frozen=True, slots=True)
class Picked:
    """Cells of a scene's views, those of a view together."""

    place: Int64[np.ndarray, "n"]
    """Of the cell's view in the index."""
    cell: Int64[np.ndarray, "n"]
    """Flat index into the view's grid."""

    def by_view(self) -> Iterator[tuple[int, slice]]:
        """Yield the places of the views that cells come from, and where theirs stand."""
        yield from _runs(self.place)

    def take(self, chosen: np.ndarray) -> Picked:
        """Return some of the cells, as indexing an array chooses."""
        return Picked(self.place[chosen], self.cell[chosen])


def draw(
    blocks: Blocks, index: SceneIndex, wanted: Wanted, *, most: int, rng: np.random.Generator
) -> Picked:
    """Return `most` of the wanted cells of blocks without replacement; all, where there are fewer.

    `blocks` are some of the index's, in its order.
    """
    total = int((blocks.height * blocks.width).sum())
    drawn = np.zeros(0, np.int64)
    found: list[Picked] = []
    count, tries = 0, 2 * most
    while count < most:
        tries = max(tries, _FEWEST)
        if _READ_THROUGH * (len(drawn) + tries) > total:
            found = [_kept(cells, index, wanted) for cells in _all(blocks, index)]
            break
        fresh = _new(rng.integers(0, total, tries), drawn)
        drawn = np.concatenate([drawn, fresh])
        found.append(_kept(_cells(blocks, fresh, index), index, wanted))
        count += len(found[-1].cell)
        tries = round(_SPARE * (most - count) * len(drawn) / max(count, 1))
    return some(joined(found), most, rng)


def some(picked: Picked, most: int, rng: np.random.Generator) -> Picked:
    """Return `most` of the cells without replacement; all, where there are fewer."""
    count = len(picked.cell)
    if count <= most:
        return picked
    return picked.take(np.sort(rng.choice(count, most, replace=False, shuffle=False)))


def joined(parts: list[Picked]) -> Picked:
    """Return the cells of all parts in the order of the views, and of the cells of each."""
    place = np.concatenate([np.zeros(0, np.int64), *(part.place for part in parts)])
    cell = np.concatenate([np.zeros(0, np.int64), *(part.cell for part in parts)])
    # one number for both: numpy sorts numbers far faster than pairs
    numbers = np.sort((place << 40) | cell)
    return Picked(numbers >> 40, numbers & ((1 << 40) - 1))


def _new(tries: Int64[np.ndarray, "m"], drawn: Int64[np.ndarray, "n"]) -> Int64[np.ndarray, "k"]:
    """Return the values that were never drawn before, each once, in order."""
    tries.sort()  # np.unique takes fifty times as long
    once = tries[np.diff(tries, prepend=-1) > 0]
    if not len(drawn):
        return once
    known = np.sort(drawn)
    at = np.minimum(np.searchsorted(known, once), len(known) - 1)
    return once[known[at] != once]


def _all(blocks: Blocks, index: SceneIndex) -> Iterator[Picked]:
    """Yield all cells of the blocks, view by view."""
    for _, run in _runs(blocks.place):
        some = blocks.take(run)
        yield _cells(some, np.arange((some.height * some.width).sum()), index)


def _cells(blocks: Blocks, numbers: Int64[np.ndarray, "m"], index: SceneIndex) -> Picked:
    """Return the cells that numbers count off, block after block."""
    sizes = blocks.height * blocks.width
    ends = np.cumsum(sizes)
    block = np.searchsorted(ends, numbers, side="right")
    row, column = np.divmod(numbers - (ends - sizes)[block], blocks.width[block])
    widths = np.array([view.view.geometry.camera.width for view in index.views], np.int64)
    row, column = blocks.row[block] + row, blocks.column[block] + column
    place = blocks.place[block]
    return Picked(place, row * widths[place] + column)


def _kept(cells: Picked, index: SceneIndex, wanted: Wanted) -> Picked:
    """Return those that are wanted."""
    kept = [wanted(index.views[place], cells.cell[run]) for place, run in cells.by_view()]
    return cells.take(np.concatenate([np.zeros(0, np.bool_), *kept]))


def _runs(place: Int64[np.ndarray, "n"]) -> Iterator[tuple[int, slice]]:
    """Yield each value of a sequence that never falls, and where it stands."""
    ends = (np.flatnonzero(np.diff(place, append=-1)) + 1).tolist()
    for start, end in zip([0, *ends], ends, strict=False):
        yield int(place[start]), slice(start, end)
