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
from dataclasses import dataclass, fields
from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64, UInt8

from rewis3d.lifting import (
    TOLERANCE,
    Fallen,
    Seen,
    Surface,
    fall_across,
    lift,
    majority,
    may_see,
    meet,
    sights_of,
    surface_of,
)
from rewis3d.scene import SceneView, ViewGeometry
from rewis3d.types import IGNORED, UNLABELLED


@dataclass(frozen=True, slots=True)
class LiftedFrame:
    """A labelled frame's cells that carry their labels to other views, as points of the world."""

    view: SceneView
    scene: int
    """The scene's index: views of another one have no relation to these points."""
    cells: Int64[np.ndarray, "n"]
    """Flat indices into the view's grid."""
    sights: Float64[np.ndarray, "3 n"]
    """Their points: (x / z, y / z, 1 / z) in the view's camera."""
    labels: UInt8[np.ndarray, "n"]
    """Values of the mask that was lifted; IGNORED too, which is carried nowhere."""
    confidence: Float32[np.ndarray, "n"]
    """Of the reconstruction."""
    reach: Float32[np.ndarray, "n"]
    """How far from its point a cell's surface goes, in the scene's unit."""
    grid: UInt8[np.ndarray, "r c"]
    """The labels in their places."""
    surface: Surface
    """Of the whole view."""

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

    def equals(self, other: Carried) -> bool:
        """Say whether all of it is the same."""
        names = [field.name for field in fields(self)]
        return all(np.array_equal(getattr(self, name), getattr(other, name)) for name in names)


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
    surface = surface_of(view)
    cells = cells[surface.carries[cells]]
    kept = np.full_like(grid, UNLABELLED)
    kept.reshape(-1)[cells] = grid.reshape(-1)[cells]
    return LiftedFrame(
        view=view,
        scene=scene,
        cells=cells,
        sights=sights_of(view.geometry, cells, surface.near[cells]),
        labels=kept.reshape(-1)[cells],
        confidence=_confidence(view, cells),
        reach=_reach(view.geometry, surface, cells),
        grid=kept,
        surface=surface,
    )


def may_change(before: LiftedFrame, after: LiftedFrame, view: ViewGeometry) -> bool:
    """Say whether a drawn frame may carry something else to a view since its labels changed."""
    cells = np.flatnonzero(before.grid != after.grid)
    radius = _reach(after.view.geometry, after.surface, cells)
    radius += TOLERANCE / after.surface.near[cells]  # a label is found by what lies that near
    return bool(may_see(after.view.points(cells), radius, view).any())


def carry(source: LiftedFrame, view: SceneView, surface: Surface | None = None) -> Carried:
    """Return a drawn frame's labels on the cells of a view of the same scene.

    Who carries many frames to one view gives its `surface_of`.
    """
    surface = surface or surface_of(view)
    drawn = np.flatnonzero(source.labels < IGNORED)
    fallen = fall_across(source.sights.take(drawn, axis=1), source.view.geometry, view.geometry)
    cells = _around(source.reach[drawn], fallen, view)
    looked_up = _look_up(source, view, cells[surface.carries[cells]], surface)
    wanted = surface.carries.copy()
    wanted[looked_up.cells] = False
    wanted = np.append(wanted, False)  # for cell -1
    small = np.flatnonzero(wanted[fallen.cells] & _shrinks(source, drawn, fallen, view))
    added = _fallen_in(source, drawn[small], meet(fallen.take(small), surface), view)
    return Carried(
        source.frame_id,
        np.concatenate([looked_up.cells, added.cells]),
        np.concatenate([looked_up.labels, added.labels]),
        np.concatenate([looked_up.confidence, added.confidence]),
        np.concatenate([looked_up.source_cells, added.source_cells]),
    )


def _reach(
    view: ViewGeometry, surface: Surface, cells: Int64[np.ndarray, "n"]
) -> Float32[np.ndarray, "n"]:
    """Return how far the surfaces of cells go from their points."""
    near = surface.near[cells]
    # a cell is depth / focal wide; what its surface falls back across it is depth * slope / near
    along_x = np.hypot(1 / view.camera.K[0, 0], surface.slope_x[cells] / near)
    along_y = np.hypot(1 / view.camera.K[1, 1], surface.slope_y[cells] / near)
    return (np.hypot(along_x, along_y) / 2 / near).astype(np.float32)


def _around(
    reach: Float32[np.ndarray, "n"], fallen: Fallen, view: SceneView
) -> Int64[np.ndarray, "m"]:
    """Return the cells that the surfaces around points may cover, seen or hidden, and more.

    Each cell decides for itself afterwards: here too many cost time and nothing else.
    """
    inside = np.flatnonzero(fallen.cells >= 0)
    cells = fallen.cells[inside]
    camera = view.geometry.camera
    radius = 1 + reach[inside] * camera.K[[0, 1], [0, 1]].max() * fallen.near[inside]
    radius = np.minimum(radius, max(camera.width, camera.height))
    radius = 2 ** np.ceil(np.log2(radius)).astype(np.int64)
    covered = np.zeros((camera.height, camera.width), np.uint8)
    sizes = [*np.flatnonzero(np.bincount(radius))[::-1].tolist(), 0]
    for size, smaller in pairwise(sizes):
        covered.reshape(-1)[cells[radius == size]] = 1
        block = np.ones((2 * (size - smaller) + 1,) * 2, np.uint8)
        covered = np.asarray(cv2.dilate(covered, block))  # the rest of it comes with the smaller
    return np.flatnonzero(covered)


def _look_up(
    source: LiftedFrame, view: SceneView, cells: Int64[np.ndarray, "n"], surface: Surface
) -> Carried:
    """Return the labels that cells of a view find at their own points in the drawn frame."""
    sights = sights_of(view.geometry, cells, surface.near[cells])
    fallen = fall_across(sights, view.geometry, source.view.geometry)
    drawn = np.append(source.grid.reshape(-1), np.uint8(UNLABELLED))  # the last for cell -1
    labels = drawn[fallen.cells]
    marked = np.flatnonzero(labels < IGNORED)
    seen = meet(fallen.take(marked), source.surface)
    found = seen.cells >= 0
    chosen = marked[found]
    confidence = _confidence(source.view, seen.cells[found]) * seen.agreement[found]
    confidence *= _confidence(view, cells[chosen])
    return Carried(
        source.frame_id,
        cells[chosen].astype(np.int32),
        labels[chosen],
        confidence,
        seen.cells[found].astype(np.int32),
    )


def _fallen_in(
    source: LiftedFrame, places: Int64[np.ndarray, "n"], seen: Seen, view: SceneView
) -> Carried:
    """Return the labels of drawn points (`places` in the source) on the cells that see them."""
    fell = np.flatnonzero(seen.cells >= 0)
    places = places[fell]
    cells, at = np.unique(seen.cells[fell], return_inverse=True)
    labels = source.labels[places]
    confidence = source.confidence[places] * seen.agreement[fell]
    confidence *= _confidence(view, cells[at])
    of_winner = np.flatnonzero(majority(at, labels, len(cells))[at] == labels)
    of_winner = of_winner[np.argsort(confidence[of_winner], kind="stable")]
    best = np.full(len(cells), -1)
    best[at[of_winner]] = of_winner  # the most confident one is written last
    cells, best = cells[best >= 0], best[best >= 0]
    return Carried(
        source.frame_id,
        cells.astype(np.int32),
        labels[best],
        confidence[best],
        source.cells[places[best]].astype(np.int32),
    )


def _shrinks(
    source: LiftedFrame, drawn: Int64[np.ndarray, "n"], fallen: Fallen, view: SceneView
) -> Bool[np.ndarray, "n"]:
    """Say which drawn cells are smaller than a cell of the view, seen from the front."""
    focal, other = (
        np.sqrt(each.geometry.camera.K[0, 0] * each.geometry.camera.K[1, 1])
        for each in (source.view, view)
    )
    return source.sights[2, drawn] * focal > fallen.near * other


def _confidence(view: SceneView, cells: Int64[np.ndarray, "n"]) -> Float32[np.ndarray, "n"]:
    return np.asarray(view.confidence).reshape(-1)[cells].astype(np.float32)
