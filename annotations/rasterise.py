"""Strokes as pixels, exactly: a pixel belongs to a stroke when its centre is within width / 2.

OpenCV's thick lines are up to 62 % too wide at a brush of 3 pixels, hence this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64, UInt8

from annotations.types import ERASER, IGNORE, IGNORED, UNLABELLED, ClassMap, Stroke

_UNSURE: Final = 1e-3
"""Pixels: centres this close to a stroke's border are measured one by one."""
_CHUNK: Final = 1_000_000
"""Rows of segments worked on at once: bounds the memory of a long path with a wide brush."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Segments from a to b, each once for every image row that it may touch."""

    ax: Float64[np.ndarray, "n"]
    ay: Float64[np.ndarray, "n"]
    dx: Float64[np.ndarray, "n"]
    """b - a"""
    dy: Float64[np.ndarray, "n"]
    row: Int64[np.ndarray, "n"]

    def take(self, chosen: Int64[np.ndarray, "m"]) -> _Rows:
        """Return some of them, also repeated."""
        fields = (self.ax, self.ay, self.dx, self.dy, self.row)
        return _Rows(*(values[chosen] for values in fields))


def rasterise(
    strokes: Sequence[Stroke], class_map: ClassMap, height: int, width: int
) -> UInt8[np.ndarray, "h w"]:
    """Return the train id of each pixel, UNLABELLED or IGNORED: strokes painted in their order.

    The eraser leaves UNLABELLED, the ignore brush IGNORED; strokes of classes that are not in
    `class_map` paint nothing.
    """
    values = painted_values(class_map)
    labels = np.full((height, width), UNLABELLED, np.uint8)
    for stroke in strokes:
        value = values.get(stroke.class_id)
        if value is not None:
            rows, cols, covered = coverage(stroke.xy, stroke.width, height, width)
            labels[rows, cols][covered] = value
    return labels


def painted_values(class_map: ClassMap) -> dict[int, int]:
    """Return what strokes leave in a mask, by `Stroke.class_id`."""
    train_ids = {class_id: index for index, class_id in enumerate(class_map.class_ids)}
    return {ERASER: UNLABELLED, IGNORE: IGNORED, **train_ids}


def coverage(
    xy: Float32[np.ndarray, "p 2"], width: float, height: int, image_width: int
) -> tuple[slice, slice, Bool[np.ndarray, "r c"]]:
    """Return the pixels of one stroke as the rows and columns of a tile and a mask of that tile.

    A pixel is covered when its centre is within width / 2 of the path (round ends). A brush of a
    pixel or less, and a point, cover the pixels that their vertices lie in too: no stroke of
    theirs is lost between the centres.
    """
    path_xy = xy.astype(np.float64)
    radius = width / 2
    rows, cols = _tile(path_xy, radius, height, image_width)
    tile = (rows.stop - rows.start, cols.stop - cols.start)
    if 0 in tile:
        return rows, cols, np.zeros(tile, bool)
    path_xy -= (cols.start, rows.start)
    steps = np.zeros((tile[0], tile[1] + 1), np.int32)
    covered = np.zeros(tile, bool)
    for segments in _segment_rows(path_xy, radius, tile[0]):
        _paint(segments, radius, steps, covered)
    covered |= steps.cumsum(axis=1)[:, :-1] > 0
    if width <= 1 or len(path_xy) == 1:
        at_col, at_row = np.floor(path_xy).astype(np.int64).T
        seen = (at_col >= 0) & (at_col < tile[1]) & (at_row >= 0) & (at_row < tile[0])
        covered[at_row[seen], at_col[seen]] = True
    return rows, cols, covered


def _tile(
    path_xy: Float64[np.ndarray, "p 2"], radius: float, height: int, width: int
) -> tuple[slice, slice]:
    """Return the rows and columns of the image that a path may cover."""
    low = np.floor(path_xy.min(axis=0) - radius - 1).astype(np.int64)
    high = np.ceil(path_xy.max(axis=0) + radius + 1).astype(np.int64)
    (left, top), (right, bottom) = low.clip(0, (width, height)), high.clip(0, (width, height))
    return slice(int(top), int(bottom)), slice(int(left), int(right))


def _segment_rows(
    path_xy: Float64[np.ndarray, "p 2"], radius: float, height: int
) -> Iterator[_Rows]:
    """Yield the path's segments with the rows that they may touch, a bounded number at a time."""
    start = path_xy[:-1] if len(path_xy) > 1 else path_xy
    end = path_xy[1:] if len(path_xy) > 1 else path_xy
    y_low, y_high = np.minimum(start[:, 1], end[:, 1]), np.maximum(start[:, 1], end[:, 1])
    first = np.floor(y_low - radius - 1).clip(0, height).astype(np.int64)
    rows = np.ceil(y_high + radius + 1).clip(0, height).astype(np.int64) - first
    chunks = np.cumsum(rows) // _CHUNK
    for chunk in range(int(chunks[-1]) + 1):
        chosen = np.flatnonzero(chunks == chunk)
        each = np.repeat(chosen, rows[chosen])
        row = first[each] + _counted(rows[chosen])
        way = end[each] - start[each]
        yield _Rows(start[each, 0], start[each, 1], way[:, 0], way[:, 1], row)


def _counted(lengths: Int64[np.ndarray, "n"]) -> Int64[np.ndarray, "m"]:
    """Return 0 .. length - 1 for each length, one after the other."""
    total = int(lengths.sum())
    return np.arange(total) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def _paint(
    segments: _Rows,
    radius: float,
    steps: Int32[np.ndarray, "r c1"],
    covered: Bool[np.ndarray, "r c"],
) -> None:
    """Add what segments cover: whole spans as +1 / -1 in `steps`, doubtful pixels in `covered`."""
    columns = covered.shape[1]
    inner_low, inner_high = _span(segments, radius - _UNSURE, columns)
    outer_low, outer_high = _span(segments, radius + _UNSURE, columns)
    empty = inner_high <= inner_low
    inner_low, inner_high = np.where(empty, (outer_high, outer_high), (inner_low, inner_high))
    flat, one = steps.reshape(-1), np.int32(1)  # of the same type: a plain 1 takes 40 times as long
    np.add.at(flat, segments.row * (columns + 1) + inner_low, one)
    np.add.at(flat, segments.row * (columns + 1) + inner_high, -one)
    for low, high in ((outer_low, inner_low), (inner_high, outer_high)):
        lengths = (high - low).clip(0)
        doubtful = segments.take(np.repeat(np.arange(len(low)), lengths))
        col = np.repeat(low, lengths) + _counted(lengths)
        hit = _within(doubtful, col, radius)
        covered[doubtful.row[hit], col[hit]] = True


def _within(segments: _Rows, col: Int64[np.ndarray, "n"], radius: float) -> Bool[np.ndarray, "n"]:
    """Say for each segment whether the centre of its row's pixel `col` is within the radius."""
    px, py = col + 0.5 - segments.ax, segments.row + 0.5 - segments.ay
    squared = segments.dx * segments.dx + segments.dy * segments.dy
    along = (px * segments.dx + py * segments.dy) / np.where(squared > 0, squared, 1.0)
    along = along.clip(0.0, 1.0)
    away_x, away_y = px - along * segments.dx, py - along * segments.dy
    return away_x * away_x + away_y * away_y <= radius * radius


def _span(
    segments: _Rows, radius: float, columns: int
) -> tuple[Int64[np.ndarray, "n"], Int64[np.ndarray, "n"]]:
    """Return the first column and the one after the last whose centres a segment covers.

    Both are kept inside the tile; where a row is not touched the second is not above the first.
    A segment with its round ends is convex: what it cuts out of a row is one interval, the hull
    of what its two end discs and the rectangle between them cut out.
    """
    py = segments.row + 0.5 - segments.ay
    length = np.hypot(segments.dx, segments.dy)
    low, high = _disc(py, radius)
    low_b, high_b = _disc(py - segments.dy, radius)
    low_r, high_r = _rectangle(segments, py, length, radius)
    low = np.minimum(np.minimum(low, low_b + segments.dx), low_r) + segments.ax
    high = np.maximum(np.maximum(high, high_b + segments.dx), high_r) + segments.ax
    first = np.ceil(low - 0.5).clip(0, columns)
    after = (np.floor(high - 0.5) + 1).clip(0, columns)
    return first.astype(np.int64), after.astype(np.int64)


def _disc(
    py: Float64[np.ndarray, "n"], radius: float
) -> tuple[Float64[np.ndarray, "n"], Float64[np.ndarray, "n"]]:
    """Return where a disc about x = 0 begins and ends in a row at `py`; (inf, -inf) for nowhere."""
    room = radius * radius - py * py
    touched = (room >= 0) & (radius > 0)
    half = np.where(touched, np.sqrt(room.clip(0)), -np.inf)
    return -half, half


def _rectangle(
    segments: _Rows, py: Float64[np.ndarray, "n"], length: Float64[np.ndarray, "n"], radius: float
) -> tuple[Float64[np.ndarray, "n"], Float64[np.ndarray, "n"]]:
    """Return where the rectangle along a segment begins and ends in its row, from the segment's a.

    Points (x, py) with |dx py - dy x| <= radius length and 0 <= dx x + dy py <= length^2.
    """
    dx, dy = segments.dx, segments.dy
    reach = radius * length
    across_low, across_high = _interval(dy, dx * py - reach, dx * py + reach)
    along_low, along_high = _interval(dx, -dy * py, length * length - dy * py)
    low, high = np.maximum(across_low, along_low), np.minimum(across_high, along_high)
    nowhere = (high < low) | (length == 0) | (radius <= 0)
    return np.where(nowhere, np.inf, low), np.where(nowhere, -np.inf, high)


def _interval(
    factor: Float64[np.ndarray, "n"], low: Float64[np.ndarray, "n"], high: Float64[np.ndarray, "n"]
) -> tuple[Float64[np.ndarray, "n"], Float64[np.ndarray, "n"]]:
    """Return the x with low <= factor x <= high, as (inf, -inf) where there is none."""
    flat = factor == 0
    divisor = np.where(flat, 1.0, factor)
    one, other = low / divisor, high / divisor
    holds = (low <= 0) & (high >= 0)
    begin = np.where(flat, np.where(holds, -np.inf, np.inf), np.minimum(one, other))
    end = np.where(flat, np.where(holds, np.inf, -np.inf), np.maximum(one, other))
    return begin, end
