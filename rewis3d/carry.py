"""One drawn frame's labels, as points of the world and on the cells of another view.

A cell of the other view looks up its own point in the view that was drawn on: the label there is
the cell's, if that view sees the point. So a stroke keeps its shape from nearer and from further
away, and never runs over a depth edge. Where the other view is coarser, a stroke may be thinner
than a cell and slip between the points; there a cell also takes what the stroke's own points say
that fall into it. Only strict confidence carries, on both sides.

What moved between two frames can't be told from what stands: its labels land where it was.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64, UInt8

from rewis3d.lifting import Seen, carrying, lift, majority, see, surface
from rewis3d.scene import SceneView
from rewis3d.types import IGNORED, UNLABELLED


@dataclass(frozen=True, slots=True)
class LiftedFrame:
    """A labelled frame's cells that carry their labels to other views, as points of the world."""

    view: SceneView
    scene: int
    """The scene's index: views of another one have no relation to these points."""
    cells: Int64[np.ndarray, "n"]
    """Flat indices into the view's grid."""
    xyz: Float64[np.ndarray, "n 3"]
    labels: UInt8[np.ndarray, "n"]
    """Values of the mask that was lifted; IGNORED too, which is carried nowhere."""
    confidence: Float32[np.ndarray, "n"]
    """Of the reconstruction."""
    reach: Float32[np.ndarray, "n"]
    """How far from its point a cell's surface goes, in the scene's unit."""
    grid: UInt8[np.ndarray, "r c"]
    """The labels in their places."""

    @property
    def frame_id(self) -> int:
        """The frame that was drawn on."""
        return self.view.frame_id


@dataclass(frozen=True, slots=True)
class Carried:
    """What one frame's labels are on the cells of another view."""

    frame_id: int
    """Whose labels they are."""
    cells: Int32[np.ndarray, "n"]
    """Of the view that they are carried to, each once."""
    labels: UInt8[np.ndarray, "n"]
    confidence: Float32[np.ndarray, "n"]
    source_cells: Int32[np.ndarray, "n"]
    """Where in the drawn frame's grid each one comes from."""


def lift_frame(
    mask: UInt8[np.ndarray, "h w"], scene: int, view: SceneView, *, without: Collection[int] = ()
) -> LiftedFrame:
    """Return the cells of a labelled frame that carry labels, by the index of the view's scene.

    `without` names the labels that never do: those of classes without geometry.
    """
    return lift_grid(lift(mask, view.geometry), scene, view, without=without)


def lift_grid(
    grid: UInt8[np.ndarray, "r c"], scene: int, view: SceneView, *, without: Collection[int] = ()
) -> LiftedFrame:
    """Do what `lift_frame` does with labels that lie on the view's grid already."""
    drawn = np.flatnonzero(grid != UNLABELLED)
    cells = drawn[~np.isin(grid.reshape(-1)[drawn], list(without))]
    cells = cells[carrying(view, cells)]
    kept = np.full_like(grid, UNLABELLED)
    kept.reshape(-1)[cells] = grid.reshape(-1)[cells]
    near, slope_x, slope_y = surface(view, cells)
    K = view.geometry.camera.K
    # a cell is depth / focal wide; what its surface falls back across it is depth * slope / near
    across = np.hypot(1 / K[0, 0], slope_x / near) ** 2 + np.hypot(1 / K[1, 1], slope_y / near) ** 2
    return LiftedFrame(
        view=view,
        scene=scene,
        cells=cells,
        xyz=view.points(cells),
        labels=kept.reshape(-1)[cells],
        confidence=_confidence(view, cells),
        reach=(np.sqrt(across) / 2 / near).astype(np.float32),
        grid=kept,
    )


def carry(source: LiftedFrame, view: SceneView) -> Carried:
    """Return a drawn frame's labels on the cells of a view of the same scene."""
    drawn = np.flatnonzero(source.labels < IGNORED)
    seen = see(source.xyz[drawn], view)
    looked_up = _look_up(source, view, _around(source.reach[drawn], seen, view))
    fallen = _fallen(source, drawn, seen, view)
    new = ~np.isin(fallen.cells, looked_up.cells)
    return Carried(
        source.frame_id,
        np.concatenate([looked_up.cells, fallen.cells[new]]),
        np.concatenate([looked_up.labels, fallen.labels[new]]),
        np.concatenate([looked_up.confidence, fallen.confidence[new]]),
        np.concatenate([looked_up.source_cells, fallen.source_cells[new]]),
    )


def _around(reach: Float32[np.ndarray, "n"], seen: Seen, view: SceneView) -> Int64[np.ndarray, "m"]:
    """Return the cells that the surfaces around points may cover, seen or hidden, and more.

    Each cell decides for itself afterwards: here too many cost time and nothing else.
    """
    inside = seen.landed >= 0
    camera = view.geometry.camera
    radius = 1 + reach[inside] * camera.K[[0, 1], [0, 1]].max() / seen.depth[inside]
    radius = np.minimum(radius, max(camera.width, camera.height))
    doublings = np.ceil(np.log2(radius)).astype(np.int64)
    covered = np.zeros((camera.height, camera.width), bool)
    for doubling in np.unique(doublings):
        marked = np.zeros(covered.shape, np.uint8)
        marked.reshape(-1)[seen.landed[inside][doublings == doubling]] = 1
        block = np.ones((2 * 2 ** int(doubling) + 1,) * 2, np.uint8)
        covered |= np.asarray(cv2.dilate(marked, block)) > 0
    cells = np.flatnonzero(covered)
    return cells[carrying(view, cells)]


def _look_up(source: LiftedFrame, view: SceneView, cells: Int64[np.ndarray, "n"]) -> Carried:
    """Return the labels that cells of a view find at their own points in the drawn frame."""
    seen = see(view.points(cells), source.view)
    labels = np.where(seen.cells < 0, UNLABELLED, source.grid.reshape(-1)[seen.cells])
    found = labels < IGNORED
    from_cells = seen.cells[found]
    confidence = _confidence(source.view, from_cells) * seen.agreement[found]
    confidence *= _confidence(view, cells[found])
    return Carried(
        source.frame_id,
        cells[found].astype(np.int32),
        labels[found],
        confidence,
        from_cells.astype(np.int32),
    )


def _fallen(
    source: LiftedFrame, drawn: Int64[np.ndarray, "n"], seen: Seen, view: SceneView
) -> Carried:
    """Return the labels of drawn points on the cells of a coarser view that they fall into."""
    shrunk = _shrinks(source, drawn, seen, view)
    fell = np.flatnonzero(shrunk & (seen.cells >= 0))
    fell = fell[carrying(view, seen.cells[fell])]
    cells, places = seen.cells[fell], drawn[fell]
    confidence = source.confidence[places] * seen.agreement[fell] * _confidence(view, cells)
    winner = majority(cells, source.labels[places], view.depth.size)
    of_winner = np.flatnonzero(winner[cells] == source.labels[places])
    of_winner = of_winner[np.argsort(confidence[of_winner], kind="stable")]
    best = np.full(view.depth.size, -1)
    best[cells[of_winner]] = of_winner  # the most confident one is written last
    best = best[best >= 0]
    return Carried(
        source.frame_id,
        cells[best].astype(np.int32),
        source.labels[places[best]],
        confidence[best],
        source.cells[places[best]].astype(np.int32),
    )


def _shrinks(
    source: LiftedFrame, drawn: Int64[np.ndarray, "n"], seen: Seen, view: SceneView
) -> Bool[np.ndarray, "n"]:
    """Say which drawn cells are smaller than a cell of the view, seen from the front."""
    depth = np.asarray(source.view.depth).reshape(-1)[source.cells[drawn]].astype(np.float64)
    size = depth / np.sqrt(np.prod(np.diag(source.view.geometry.camera.K)[:2]))
    return size < seen.depth / np.sqrt(np.prod(np.diag(view.geometry.camera.K)[:2]))


def _confidence(view: SceneView, cells: Int64[np.ndarray, "n"]) -> Float32[np.ndarray, "n"]:
    return np.asarray(view.confidence).reshape(-1)[cells].astype(np.float32)
