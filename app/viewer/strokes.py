"""What strokes say about the points that are shown: those of a point's own frame, and of others."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8

from app.viewer.cloud import Cloud
from rewis3d.geometry import inverse, transform
from rewis3d.lifting import carrying, lift, see
from rewis3d.propagate import SIMILAR
from rewis3d.scene import Scene, SceneView
from rewis3d.types import IGNORED, UNLABELLED

MOST_INK: Final = 200_000
"""Points of strokes that are drawn larger than the others; of more, evenly chosen ones."""


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
        world = self._cloud.world
        rows = np.flatnonzero(_lands_on(world, view, labels != UNLABELLED))
        own = self._cloud.rows(index)
        rows = rows[(rows < own.start) | (rows >= own.stop)]
        seen = see(world[rows], view)
        found = np.flatnonzero(seen.cells >= 0)
        found = found[carrying(view, seen.cells[found])]
        rows, cells = rows[found], seen.cells[found]
        trust = np.asarray(view.confidence).reshape(-1)[cells].astype(np.float32)
        trust = trust * seen.agreement[found] * self._cloud.points.confidence[rows]
        return rows, labels[cells], trust


def _lands_on(
    world: np.ndarray, view: SceneView, wanted: Bool[np.ndarray, "c"]
) -> Bool[np.ndarray, "n"]:
    """Say which points fall on wanted cells, whether they are seen there or not."""
    camera = view.geometry.camera
    xy = camera.project(transform(inverse(view.geometry.T_world_camera), world))
    inside = ((xy >= 0) & (xy < [camera.width, camera.height])).all(axis=1)  # False for NaN
    landed = np.zeros(len(world), np.bool_)
    column, row = xy[inside].astype(np.int64).T
    landed[inside] = wanted[row * camera.width + column]
    return landed
