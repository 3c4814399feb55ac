"""Sparse strokes made from dense labels: an annotator to test and measure with.

The recipe follows Scribbles4All: one curve inside each connected region of each class.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

from annotations.curves import arc, middle, parabolas, resampled
from annotations.fill import walk
from annotations.rasterise import coverage
from annotations.types import AnnotationError, Stroke

KINDS: Final = ("scribbles", "points", "coarse")
MIN_REGION: Final = 80
"""Pixels: an annotator passes over what is smaller."""
KEPT: Final = 0.9
"""A curve found is shortened to this share, so that it ends before the region's border."""
EROSIONS: Final = (0.2, 0.4, 0.6, 0.8)
"""Tried in turn: how far from the border a curve stays, in shares of the region's depth."""
SLACK: Final = 0.01
"""Pixels of brush added when a curve is tested: it is moved and shortened afterwards."""
LONG_ENOUGH: Final = 0.6
"""A curve of this share of its region's diagonal ends the search for a better one."""


@dataclass(frozen=True, slots=True)
class SimulatedStroke:
    """A stroke before it belongs to a frame of a project."""

    class_id: int
    xy: Float32[np.ndarray, "p 2"]
    """Path in image pixels; the centre of pixel i is i + 0.5."""
    width: float
    """Brush diameter in image pixels."""

    def on(self, frame_id: int, *, author: str, uuid: UUID) -> Stroke:
        """Return it as a stroke of a frame."""
        return Stroke(str(uuid), frame_id, self.class_id, self.xy, self.width, author)


@dataclass(frozen=True, slots=True)
class _Region:
    """A connected region of one class, cut out of the image with a border of one pixel."""

    inside: Bool[np.ndarray, "h w"]
    depth: Float32[np.ndarray, "h w"]
    """Distance of a pixel's centre to the nearest centre outside, in pixels; outside: 0."""
    corner_xy: tuple[int, int]
    """Image position of the cut's first pixel."""


def spread(frames: int, chosen: int) -> list[int]:
    """Return `chosen` frame indices spread evenly over a clip: (i + 0.5) n / k, rounded down."""
    if not 0 < chosen <= frames:
        raise AnnotationError(f"can't choose {chosen} of {frames} frames")
    return [(2 * i + 1) * frames // (2 * chosen) for i in range(chosen)]


def frame_rng(seed: int, index: int) -> np.random.Generator:
    """Return the generator of one frame: the same whatever other frames are simulated."""
    if seed < 0:
        raise AnnotationError(f"seed {seed} is negative")
    return np.random.default_rng([seed, index])


def simulate(
    labels: UInt8[np.ndarray, "h w"],
    classes: Sequence[int],
    *,
    kind: str = "scribbles",
    length: float = 1.0,
    width: float = 3.0,
    rng: np.random.Generator,
    per_instance: bool = False,
) -> list[SimulatedStroke]:
    """Return strokes for the `classes` that a dense label map shows; other values are left alone.

    No stroke covers a pixel of another class. `length` is the share of a scribble that is drawn;
    `width` (pixels) is its brush, narrower where a region has no room for it. `per_instance` gives
    one point per region, not per class. AnnotationError for an unknown kind and for a length or a
    width that makes no sense.
    """
    if kind not in KINDS:
        raise AnnotationError(f"unknown kind of strokes {kind!r}; known: {', '.join(KINDS)}")
    if not 0 < length <= 1:
        raise AnnotationError(f"length {length:.0%} is not a share of a scribble")
    if width < 1:
        raise AnnotationError(f"a brush of {width} pixels is narrower than one pixel")
    strokes = []
    for class_id in classes:
        mask = labels == class_id
        if kind == "points" and not per_instance:
            regions = [_whole(mask)] if mask.any() else []
        else:
            regions = list(_regions(mask))
        for region in regions:
            found = _draw(region, kind, length=length, width=width, rng=rng)
            if found is not None:
                path_xy, brush = found
                path_xy = (path_xy + region.corner_xy).astype(np.float32)
                strokes.append(SimulatedStroke(int(class_id), path_xy, brush))
    return strokes


def _draw(
    region: _Region, kind: str, *, length: float, width: float, rng: np.random.Generator
) -> tuple[Float64[np.ndarray, "p 2"], float] | None:
    """Return a path in the region's own pixels and its brush; None where nothing fits."""
    if kind == "points":
        return _point(region, rng), 1.0
    if kind == "coarse":
        polygon = _coarse(region)
        return None if polygon is None else (walk(polygon), 1.0)
    found = _scribble(region, width, rng)
    if found is None:
        return None
    path_xy, brush = found
    return middle(path_xy, length), brush


def _regions(mask: Bool[np.ndarray, "h w"]) -> Iterator[_Region]:
    """Yield the 8-connected regions that an annotator would not pass over, top left first."""
    count, ids, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    for index in range(1, count):
        x, y, width, height, area = (int(value) for value in stats[index])
        if area >= MIN_REGION:
            cut = ids[y : y + height, x : x + width] == index
            yield _region(cut, (x - 1, y - 1))


def _whole(mask: Bool[np.ndarray, "h w"]) -> _Region:
    return _region(mask, (-1, -1))


def _region(cut: Bool[np.ndarray, "h w"], corner_xy: tuple[int, int]) -> _Region:
    inside = np.pad(cut, 1)
    depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return _Region(inside, np.asarray(depth, np.float32), corner_xy)


def _point(region: _Region, rng: np.random.Generator) -> Float64[np.ndarray, "1 2"]:
    """Return the centre of a pixel of the region, each as likely."""
    rows, cols = np.nonzero(region.inside)
    index = rng.integers(len(rows))
    return np.array([[cols[index] + 0.5, rows[index] + 0.5]])


# --- scribbles


def _scribble(
    region: _Region, width: float, rng: np.random.Generator
) -> tuple[Float64[np.ndarray, "p 2"], float] | None:
    """Return the best curve found and its brush: first the full width, then narrower ones."""
    rows, cols = np.nonzero(region.inside)
    wanted = LONG_ENOUGH * np.hypot(np.ptp(rows) + 1, np.ptp(cols) + 1)
    best: tuple[float, Float64[np.ndarray, "p 2"], float] | None = None
    for brush in dict.fromkeys((width, max(1.0, width * 2 / 3), 1.0)):
        room = float(region.depth.max()) - brush / 2
        for erosion in EROSIONS:
            core = region.depth > brush / 2 + erosion * room
            path_xy = _widest_curve(core, region.inside, brush, rng) if room > 0 else None
            if path_xy is None:
                continue
            reach = float(arc(path_xy)[-1])
            if best is None or (reach + 1) * brush > best[0]:
                best = ((reach + 1) * brush, path_xy, brush)
            if reach >= wanted * KEPT:
                return best[1], best[2]
            break
    return None if best is None else best[1:]


def _widest_curve(
    core: Bool[np.ndarray, "h w"],
    inside: Bool[np.ndarray, "h w"],
    brush: float,
    rng: np.random.Generator,
) -> Float64[np.ndarray, "p 2"] | None:
    """Return the widest of random curves through `core`, shortened, whose pixels are `inside`."""
    curves = parabolas(core, rng)
    cols, rows = np.floor(curves).astype(np.int64).transpose(2, 0, 1)
    height, width = core.shape
    in_image = (cols >= 0) & (cols < width) & (rows >= 0) & (rows < height)
    in_core = in_image & core[rows.clip(0, height - 1), cols.clip(0, width - 1)]
    spans = np.linalg.norm(curves[:, -1] - curves[:, 0], axis=1)
    for index in np.argsort(-spans, kind="stable"):
        if not in_core[index].all():
            continue
        path_xy = middle(resampled(curves[index]), KEPT)
        if _fits(path_xy, brush, inside):
            return path_xy
    return None


def _fits(
    path_xy: Float64[np.ndarray, "p 2"], brush: float, inside: Bool[np.ndarray, "h w"]
) -> bool:
    """Say whether every pixel that the stroke covers, wherever float32 rounds it, is inside."""
    rows, cols, covered = coverage(path_xy.astype(np.float32), brush + SLACK, *inside.shape)
    return bool(inside[rows, cols][covered].all())


# --- coarse polygons


def _coarse(region: _Region) -> Bool[np.ndarray, "h w"] | None:
    """Return the largest piece of the eroded region's simplified polygon; None where it is thin."""
    margin = max(1.5, 0.2 * float(region.depth.max()))
    eroded = (region.depth > margin).astype(np.uint8)
    contours, _ = cv2.findContours(eroded, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    contour = max(contours, key=cv2.contourArea)
    simple = cv2.approxPolyDP(contour, margin, closed=True)
    filled = cv2.fillPoly(np.zeros_like(eroded), [simple], (1,))
    kept = (filled > 0) & (region.depth > 1)  # the polygon's chords may leave a hollow region
    _, ids, stats, _ = cv2.connectedComponentsWithStats(kept.astype(np.uint8), connectivity=4)
    if len(stats) == 1:
        return None
    return ids == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
