"""Places of the world that strokes give two classes: found view by view, then told as few.

A clash is a pair of stroke cells of two frames that fall together. What falls together by a cell
at two strokes' borders is the grid's doing: only what no shift by one cell could part is a clash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int32, Int64, UInt8
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from rewis3d.carry import Carried
from rewis3d.scene import ViewGeometry
from rewis3d.types import IGNORED, UNLABELLED

_OWN: Final = -1
"""Stands for the view's own strokes where others have their place in the list."""
_SHIFTS: Final = tuple(shift for shift in product((-1, 0, 1), repeat=2) if shift != (0, 0))
_NEIGHBOURS: Final = tuple((y, x) for y, x in product(range(3), range(-2, 3)) if (y, x) > (0, 0))
"""Half of the cells around one, up to two away: a stroke that is carried may have gaps of one."""


@dataclass(frozen=True, slots=True)
class Clashes:
    """Pairs of stroke cells that lie at one place of the world and have two classes."""

    frames: Int64[np.ndarray, "m 2"]
    """Whose strokes: the smaller id first."""
    cells: Int64[np.ndarray, "m 2"]
    """Flat indices into both frames' grids."""
    labels: UInt8[np.ndarray, "m 2"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """One place with two classes, for people."""

    labels: tuple[int, int]
    frames: tuple[int, int]
    """The frames whose strokes gave the labels."""
    xy: tuple[tuple[float, float], tuple[float, float]]
    """Image pixels of the place in both frames."""
    cells: int
    """Cells of the strokes that lie there, in the frame that has more of them."""


class Best:
    """A label for each cell, its confidence, and the place of its frame in the list; -1: none."""

    def __init__(self, size: int) -> None:
        self.labels: UInt8[np.ndarray, "size"] = np.full(size, UNLABELLED, np.uint8)
        self.confidence: Float32[np.ndarray, "size"] = np.zeros(size, np.float32)
        self.places: Int64[np.ndarray, "size"] = np.full(size, -1)

    def put(
        self,
        cells: Int32[np.ndarray, "n"],
        labels: UInt8[np.ndarray, "n"],
        confidence: Float32[np.ndarray, "n"],
        places: Int64[np.ndarray, "n"] | int,
    ) -> None:
        """Replace what cells hold."""
        self.labels[cells], self.confidence[cells] = labels, confidence
        self.places[cells] = places


def best_two(carried: Sequence[Carried], size: int) -> tuple[Best, Best]:
    """Return the most confident label of each of `size` cells, and the best of another class."""
    first, second = Best(size), Best(size)
    for place, one in enumerate(carried):
        same = one.labels == first.labels[one.cells]
        better = one.confidence > first.confidence[one.cells]
        beaten = one.cells[better & ~same]
        second.put(beaten, first.labels[beaten], first.confidence[beaten], first.places[beaten])
        first.put(one.cells[better], one.labels[better], one.confidence[better], place)
        runner = ~better & ~same & (one.confidence > second.confidence[one.cells])
        second.put(one.cells[runner], one.labels[runner], one.confidence[runner], place)
    return first, second


def clashes(
    carried: Sequence[Carried],
    frame_id: int,
    own: UInt8[np.ndarray, "r c"],
    best: tuple[Best, Best] | None = None,
) -> Clashes:
    """Return where strokes clash in one view: with its own labels, and with each other's.

    `own` are the labels of frame `frame_id` on its grid; `best` is the `best_two` of what is
    carried, where it is known.
    """
    pairs = _pairs(best or best_two(carried, own.size), own)
    found = list(_clashes(carried, frame_id, own, pairs))
    if not found:
        none = np.zeros((0, 2), np.int64)
        return Clashes(none, none, none.astype(np.uint8))
    frames, cells, labels = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(frames, axis=1, kind="stable")
    return Clashes(*(np.take_along_axis(rows, order, axis=1) for rows in (frames, cells, labels)))


def _clashes(
    carried: Sequence[Carried],
    frame_id: int,
    own: UInt8[np.ndarray, "r c"],
    pairs: Sequence[tuple[tuple[int, int], tuple[int, int]]],
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield frames, cells and labels (m 2) of each two parties that clash in a view."""
    maps = _Maps(carried, frame_id, own)
    for parties, labels in pairs:
        masks = [maps.mask(*side) for side in zip(parties, labels, strict=True)]
        at = np.flatnonzero(steady(*masks))
        if len(at):
            cells = np.stack([maps.cells_of(party)[at] for party in parties], axis=1)
            frames = np.array([maps.frame(party) for party in parties])
            both = np.array(labels, np.uint8)
            yield np.tile(frames, (len(at), 1)), cells, np.tile(both, (len(at), 1))


def _pairs(
    best: tuple[Best, Best], own: UInt8[np.ndarray, "r c"]
) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return which two parties clash anywhere, by their places in the list, and their labels."""
    flat = own.reshape(-1)
    rows = []
    for one in best:
        against = (flat < IGNORED) & (one.labels < IGNORED) & (one.labels != flat)
        mine = np.full(int(against.sum()), _OWN)
        rows.append([mine, one.places[against], flat[against], one.labels[against]])
    between = (flat == UNLABELLED) & (best[1].labels < IGNORED)
    rows.append([one.places[between] for one in best])
    rows[-1] += [one.labels[between] for one in best]
    keys = np.concatenate([np.stack(row, axis=1).astype(np.int64) for row in rows])
    return [((a, b), (one, other)) for a, b, one, other in np.unique(keys, axis=0).tolist()]


class _Maps:
    """What each party says about the cells of a view, as maps of its grid."""

    def __init__(
        self, carried: Sequence[Carried], frame_id: int, own: UInt8[np.ndarray, "r c"]
    ) -> None:
        self._carried, self._frame_id, self._own = carried, frame_id, own

    def frame(self, party: int) -> int:
        """Return whose strokes they are."""
        return self._frame_id if party == _OWN else self._carried[party].frame_id

    def mask(self, party: int, label: int) -> Bool[np.ndarray, "r c"]:
        """Return where a party says the label."""
        if party == _OWN:
            return self._own == label
        mask = np.zeros(self._own.shape, bool)
        one = self._carried[party]
        mask.reshape(-1)[one.cells[one.labels == label]] = True
        return mask

    def cells_of(self, party: int) -> Int64[np.ndarray, "n"]:
        """Return for each cell of the view the cell of the party's own grid."""
        if party == _OWN:
            return np.arange(self._own.size)
        cells = np.full(self._own.size, -1)
        cells[self._carried[party].cells] = self._carried[party].source_cells
        return cells


def steady(one: Bool[np.ndarray, "r c"], other: Bool[np.ndarray, "r c"]) -> Bool[np.ndarray, "r c"]:
    """Return where two masks overlap so that no shift of one by a cell would part them there.

    That is as well as one knows where a stroke lies that was carried. Strokes that cross stay;
    neighbours that touch along their borders go.
    """
    overlap = (one & other).astype(np.uint8)
    if not overlap.any():
        return overlap.astype(bool)
    x, y, width, height = cv2.boundingRect(overlap)
    window = (slice(y, y + height + 4), slice(x, x + width + 4))  # of maps with a border of 2
    first, second, both = (
        np.pad(mask.astype(np.uint8), 2)[window] for mask in (one, other, overlap)
    )
    count, found = cv2.connectedComponents(both)
    pieces = np.asarray(found, np.int64)
    keeps = np.ones(count, bool)
    keeps[0] = False
    for shift in _SHIFTS:
        # what comes round lies two cells from any piece, out of reach
        still = first & np.roll(second, shift, axis=(0, 1))
        around = np.asarray(cv2.dilate(still, np.ones((3, 3), np.uint8))) > 0
        kept = np.zeros(count, bool)
        kept[pieces[around]] = True
        keeps &= kept
    result = np.zeros(one.shape, bool)
    result[y : y + height, x : x + width] = keeps[pieces][2:-2, 2:-2]
    return result


def conflicts(found: Sequence[Clashes], views: Mapping[int, ViewGeometry]) -> list[Conflict]:
    """Return the places where the clashes of all views lie, the largest first.

    Clashes of the same two classes that are neighbours in some frame, or lie at one place, are one
    conflict. `views` are by frame id.
    """
    frames, cells, labels = (
        np.concatenate([getattr(one, name) for one in found] or [np.zeros((0, 2), np.int64)])
        for name in ("frames", "cells", "labels")
    )
    pair = np.sort(labels, axis=1)
    listed = []
    for classes in np.unique(pair, axis=0):
        rows = (pair == classes).all(axis=1)
        merged = np.unique(
            np.concatenate([frames[rows], cells[rows], labels[rows]], axis=1), axis=0
        )
        component = _components(merged, views)
        listed += [_told(merged[component == each], views) for each in np.unique(component)]
    return sorted(listed, key=lambda one: (-one.cells, one.labels, one.frames, one.xy))


def _components(
    rows: Int64[np.ndarray, "m 6"], views: Mapping[int, ViewGeometry]
) -> Int64[np.ndarray, "m"]:
    """Return the connected component of each clash (frames, cells, labels) of two classes."""
    nodes, place = np.unique(
        np.concatenate([rows[:, [0, 4, 2]], rows[:, [1, 5, 3]]]), axis=0, return_inverse=True
    )
    widths = np.array([views[frame].camera.width for frame in nodes[:, 0].tolist()])
    row, column = np.divmod(nodes[:, 2], widths)
    span = int(max(row.max(), column.max())) + 5
    ids = np.unique(nodes[:, :2], axis=0, return_inverse=True)[1].reshape(-1)
    keys = (ids * span + row + 2) * span + column + 2  # increasing, as the nodes are sorted
    starts, ends = [place.reshape(2, -1)[0]], [place.reshape(2, -1)[1]]
    for y, x in _NEIGHBOURS:
        wanted = keys + y * span + x
        at = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
        near = np.flatnonzero(keys[at] == wanted)
        starts.append(near)
        ends.append(at[near])
    start, end = np.concatenate(starts), np.concatenate(ends)
    graph = coo_array((np.ones(len(start), bool), (start, end)), shape=(len(nodes),) * 2)
    component = connected_components(graph, directed=False)[1]
    return component[place.reshape(2, -1)[0]].astype(np.int64)


def _told(rows: Int64[np.ndarray, "m 6"], views: Mapping[int, ViewGeometry]) -> Conflict:
    """Return a component as a conflict of the two frames that have most of it."""
    pairs, which, counts = np.unique(
        rows[:, [0, 1, 4, 5]], axis=0, return_inverse=True, return_counts=True
    )
    chosen = int(np.argmax(counts))
    mine = rows[which.reshape(-1) == chosen]
    one, other, label, other_label = pairs[chosen].tolist()
    places = [_image_xy(views[frame], mine[:, 2 + side]) for side, frame in enumerate((one, other))]
    away = sum(np.linalg.norm(xy - np.median(xy, axis=0), axis=1) for xy in places)
    middle = int(np.argmin(away))
    (x, y), (other_x, other_y) = (xy[middle].tolist() for xy in places)
    cells = max(len(np.unique(mine[:, 2])), len(np.unique(mine[:, 3])))
    return Conflict((label, other_label), (one, other), ((x, y), (other_x, other_y)), cells)


def _image_xy(view: ViewGeometry, cells: Int64[np.ndarray, "n"]) -> np.ndarray:
    row, column = np.divmod(cells, view.camera.width)
    xy = view.grid.to_image(np.stack([column + 0.5, row + 0.5], axis=1))
    return xy.clip(0, [view.image_width, view.image_height])
