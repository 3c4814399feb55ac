"""What strokes say about the points that are shown: those of a point's own frame, and of others."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from app.viewer.cloud import Cloud
from rewis3d.geometry import inverse, transform
from rewis3d.lifting import carrying, lift, see
from rewis3d.propagate import SIMILAR
from rewis3d.scene import Scene, SceneView
from rewis3d.types import IGNORED, UNLABELLED

MOST_INK: Final = 200_000
"""Points of strokes that are drawn larger than the others; of more, evenly chosen ones."""

_BOX_MARGIN: Final = 2.0
"""Cells around the box of a frame's strokes: for rounding, and for the bend of a lens."""


@dataclass(frozen=True, slots=True)
class Accumulated:
    """A label for each shown point."""

    labels: UInt8[np.ndarray, "n"]
    """Train ids; UNLABELLED where nothing is known and where frames disagree."""
    confidence: Float32[np.ndarray, "n"]
    """1 for labels of a point's own frame, that of the reconstruction for ghosts; 0 for none."""


@dataclass(frozen=True, slots=True)
class Ink:
    """The points under the strokes themselves, all of them."""

    xyz: Float32[np.ndarray, "n 3"]
    """Less the cloud's centre."""
    labels: UInt8[np.ndarray, "n"]


@dataclass(frozen=True, slots=True)
class _Said:
    """What one frame's strokes say."""

    own: Int64[np.ndarray, "m"]
    """Rows of the cloud that are the frame's own points."""
    own_labels: UInt8[np.ndarray, "m"]
    ghosts: Int64[np.ndarray, "k"]
    """Rows of other frames' points that the frame sees under its strokes."""
    ghost_labels: UInt8[np.ndarray, "k"]
    ghost_confidence: Float32[np.ndarray, "k"]
    ink: Ink


class Strokes:
    """The labels of all labelled frames on one cloud, renewed frame by frame."""

    def __init__(self, scene: Scene, cloud: Cloud) -> None:
        self._scene = scene
        self._cloud = cloud
        self._said: dict[int, _Said] = {}
        self._places = {view.frame_id: index for index, view in enumerate(scene.views)}

    def put(
        self, frame_id: int, mask: UInt8[np.ndarray, "h w"] | None, *, without: Collection[int]
    ) -> bool:
        """Take a frame's mask of train ids, None for no strokes; say whether the cloud has it.

        Labels `without` geometry stay with their own frame.
        """
        index = self._places.get(frame_id)
        if index is None:
            return False
        self._said.pop(frame_id, None)
        if mask is not None and (mask < IGNORED).any():
            self._said[frame_id] = self._say(index, mask, without)
        return True

    def clear(self) -> None:
        """Forget everything: the classes are others."""
        self._said.clear()

    def accumulated(self) -> Accumulated:
        """Return the labels of all points."""
        first, confidence, second = (
            np.full(len(self._cloud), UNLABELLED, np.uint8),
            np.zeros(len(self._cloud), np.float32),
            np.zeros(len(self._cloud), np.float32),
        )
        frames = sorted(self._said.items())
        for _, said in frames:
            rows, labels, new = said.ghosts, said.ghost_labels, said.ghost_confidence
            other = labels != first[rows]
            better = new > confidence[rows]
            beaten = rows[better & other]
            second[beaten] = confidence[beaten]
            first[rows[better]], confidence[rows[better]] = labels[better], new[better]
            runner = rows[~better & other]
            second[runner] = np.maximum(second[runner], new[~better & other])
        clashing = (second >= SIMILAR * confidence) & (second > 0)
        first[clashing], confidence[clashing] = UNLABELLED, 0
        for _, said in frames:
            first[said.own], confidence[said.own] = said.own_labels, 1
        return Accumulated(first, confidence)

    def ink(self) -> Ink:
        """Return the points under strokes, at most MOST_INK."""
        parts = [said.ink for _, said in sorted(self._said.items())]
        xyz = np.concatenate([np.empty((0, 3), np.float32), *(part.xyz for part in parts)])
        labels = np.concatenate([np.empty(0, np.uint8), *(part.labels for part in parts)])
        if len(labels) > MOST_INK:
            kept = np.linspace(0, len(labels) - 1, MOST_INK).astype(np.int64)
            xyz, labels = xyz[kept], labels[kept]
        return Ink(xyz, labels)

    def _say(self, index: int, mask: np.ndarray, without: Collection[int]) -> _Said:
        view = self._scene.views[index]
        labels = lift(mask, view.geometry).reshape(-1)
        labels[labels == IGNORED] = UNLABELLED
        cells = self._cloud.points.cell[self._cloud.rows(index)]
        start = int(self._cloud.starts[index])
        own = np.flatnonzero(labels[cells] != UNLABELLED)
        drawn = np.flatnonzero((labels != UNLABELLED) & (np.asarray(view.depth).reshape(-1) > 0))
        ink = Ink((view.points(drawn) - self._cloud.centre).astype(np.float32), labels[drawn])
        carried = labels.copy()
        carried[np.isin(labels, list(without))] = UNLABELLED
        return _Said(start + own, labels[cells[own]], *self._ghosts(index, view, carried), ink=ink)

    def _ghosts(
        self, index: int, view: SceneView, labels: UInt8[np.ndarray, "c"]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the rows that fall on labelled cells and are seen there, labels, confidence."""
        wanted = np.flatnonzero(labels != UNLABELLED)
        rows = _within_box(self._cloud, view, wanted) if len(wanted) else wanted
        own = self._cloud.rows(index)
        rows = rows[(rows < own.start) | (rows >= own.stop)]
        seen = see(self._cloud.points.xyz[rows] + self._cloud.centre, view)
        found = np.flatnonzero((seen.cells >= 0) & (labels[seen.cells] != UNLABELLED))
        found = found[carrying(view, seen.cells[found])]
        rows, cells = rows[found], seen.cells[found]
        trust = np.asarray(view.confidence).reshape(-1)[cells].astype(np.float32)
        trust = trust * seen.agreement[found] * self._cloud.points.confidence[rows]
        return rows, labels[cells], trust


def _within_box(
    cloud: Cloud, view: SceneView, cells: Int64[np.ndarray, "m"]
) -> Int64[np.ndarray, "k"]:
    """Return the rows of points that may fall on cells: those within the box around them.

    In the numbers that the points are kept in, and without any that lie behind the camera: this is
    all that is asked of most points when a stroke comes.
    """
    camera = view.geometry.camera
    row, column = np.divmod(cells, camera.width)
    low = np.array([column.min(), row.min()]) - _BOX_MARGIN
    high = np.array([column.max(), row.max()]) + 1 + _BOX_MARGIN
    along = np.linspace(0, 1, 33)
    sides = [np.stack([along, np.full(33, end)], axis=1) for end in (0.0, 1.0)]
    border = np.concatenate([*sides, *(side[:, ::-1] for side in sides)])
    rays = camera.rays(low + border * (high - low))[:, :2].astype(np.float32)
    (left, top), (right, bottom) = rays.min(axis=0), rays.max(axis=0)
    T_camera_world = inverse(view.geometry.T_world_camera)
    offset = transform(T_camera_world, cloud.centre[None]).astype(np.float32)
    x, y, z = (cloud.points.xyz @ T_camera_world[:3, :3].T.astype(np.float32) + offset).T
    inside = (z > 0) & (x >= left * z) & (x <= right * z) & (y >= top * z) & (y <= bottom * z)
    return np.flatnonzero(inside)
