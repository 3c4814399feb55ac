"""Which points of a reconstruction are shown: a share of each view, spread evenly over space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, Int32, Int64

from rewis3d.scene import Scene, SceneView

MOST: Final = 1_000_000
"""Points that a browser draws smoothly."""
_SPARE: Final = 2
"""Candidates per point that is wanted: what lies close together makes way."""
_VOXELS: Final = 200
"""Voxels per median depth: what is this close together counts as one place, or what is further
apart where these are too many."""
_COARSER: Final = 1.5


@dataclass(frozen=True, slots=True)
class Chosen:
    """Points of a scene by where they come from."""

    view: Int32[np.ndarray, "n"]
    """Place among the scene's views, ascending."""
    cell: Int32[np.ndarray, "n"]
    """Flat index into the view's grid, ascending within a view."""
    xyz: Float32[np.ndarray, "n 3"]
    """World coordinates less the centre."""
    confidence: Float32[np.ndarray, "n"]
    depth: Float32[np.ndarray, "n"]
    """Along the axis of the point's own camera, in the scene's unit."""

    def take(self, rows: Int64[np.ndarray, "m"]) -> Chosen:
        """Return some of the points."""
        return Chosen(
            self.view[rows],
            self.cell[rows],
            self.xyz[rows],
            self.confidence[rows],
            self.depth[rows],
        )


def centre_of(scene: Scene) -> np.ndarray:
    """Return the place, float64 (3,), that float32 coordinates are relative to."""
    return np.mean([view.geometry.T_world_camera[:3, 3] for view in scene.views], axis=0)


def choose(scene: Scene, most: int = MOST) -> Chosen:
    """Return at most so many points with a depth, the same ones each time.

    Each view gives an equal share of candidates: of each block of its image the cell of highest
    confidence. Where these are too many, every occupied place in space keeps one before any keeps
    a second one.
    """
    centre = centre_of(scene)
    total = sum(int(np.count_nonzero(usable(view))) for view in scene.views)
    spare = 1 if total <= most else _SPARE
    parts = []
    left = min(total, spare * most)
    for index, view in enumerate(scene.views):
        cells = _best_of_blocks(view, max(1, left // (len(scene.views) - index)))
        left -= len(cells)  # what a view does not use is there for the others
        parts.append(_points(view, index, cells, centre))
    found = Chosen(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    if len(found.view) <= most:
        return found
    return found.take(np.sort(_spread(found, most)))


def usable(view: SceneView) -> np.ndarray:
    """Return where a view has a point, bool (r, c)."""
    found = (view.depth > 0) & (view.confidence > 0)
    return found if view.mask is None else found & view.mask


def _points(view: SceneView, index: int, cells: np.ndarray, centre: np.ndarray) -> tuple:
    return (
        np.full(len(cells), index, np.int32),
        cells.astype(np.int32),
        (view.points(cells) - centre).astype(np.float32),
        view.confidence.reshape(-1)[cells].astype(np.float32),
        view.depth.reshape(-1)[cells].astype(np.float32),
    )


def _best_of_blocks(view: SceneView, quota: int) -> Int64[np.ndarray, "n"]:
    """Return about `quota` cells, never more: in each square block that with most confidence."""
    cells = np.flatnonzero(usable(view))
    if len(cells) <= quota:
        return cells
    width = view.geometry.camera.width
    confidence = view.confidence.reshape(-1)[cells].astype(np.float32)
    side = np.sqrt(len(cells) / quota)
    while True:
        rows, columns = np.divmod(cells, width)
        block = (rows / side).astype(np.int64) * width + (columns / side).astype(np.int64)
        order = np.lexsort((cells, -confidence, block))
        first = order[np.flatnonzero(np.diff(block[order], prepend=-1))]
        if len(first) <= quota:
            return np.sort(cells[first])
        side *= 1.05  # blocks at the borders hold less


def _spread(found: Chosen, most: int) -> Int64[np.ndarray, "m"]:
    """Return `most` rows: by their rank of confidence within their voxel, the first ones first."""
    size = float(np.median(found.depth)) / _VOXELS
    key = _voxels(found.xyz, size)
    while len(np.unique(key)) > most:  # no place would get a second point, and some none
        size *= _COARSER
        key = _voxels(found.xyz, size)
    order = np.lexsort((-found.confidence, key))
    starts = np.flatnonzero(np.diff(key[order], prepend=key[order[0]] - 1))
    lengths = np.diff(starts, append=len(order))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - np.repeat(starts, lengths)
    drawn = np.random.default_rng(0).permutation(len(order))  # of the last rank not all are taken
    return np.lexsort((drawn, rank))[:most]


def _voxels(xyz: Float32[np.ndarray, "n 3"], size: float) -> Int64[np.ndarray, "n"]:
    """Return a number for the voxel that each point lies in."""
    voxel = np.floor(xyz / size).astype(np.int64)
    voxel -= voxel.min(axis=0)
    spans = voxel.max(axis=0) + 1
    if float(np.prod(spans.astype(np.float64))) < 2**62:
        return (voxel[:, 0] * spans[1] + voxel[:, 1]) * spans[2] + voxel[:, 2]
    return np.unique(voxel, axis=0, return_inverse=True)[1].reshape(-1)  # very far in all ways
