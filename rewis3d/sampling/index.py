"""What sampling must know of a scene's views: which cells are usable, and where they can lie.

Points are computed from depths as they are read, never stored (DESIGN.md section 2). The grid of a
view is cut into blocks; each one knows the box of the world that its usable cells lie in, so that a
sample looks only at blocks that can hold its points. That is all there is of an index: it comes
from one pass over the depths, and no order of the points is kept.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float16, Float32, Float64, Int64

from rewis3d.geometry import Camera
from rewis3d.scene import Scene, SceneView
from rewis3d.types import Rewis3dError

BLOCK: Final = 64
"""Cells along a block's side."""


@dataclass(frozen=True, slots=True)
class _Rays:
    """x / z and y / z of a camera's cells: of every column and row, or of every cell of a lens."""

    width: int
    across: Float64[np.ndarray, "w"]
    down: Float64[np.ndarray, "h"]
    lens: Float32[np.ndarray, "2 n"] | None

    @classmethod
    def of(cls, camera: Camera) -> _Rays:
        """Return them; undoing a lens is too slow to be done for every sample."""
        pinhole = camera.undistorted()
        columns, rows = np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5
        across = pinhole.rays(np.stack([columns, np.zeros_like(columns)], axis=1))[:, 0]
        down = pinhole.rays(np.stack([np.zeros_like(rows), rows], axis=1))[:, 1]
        lens = camera.grid_rays()[..., :2].reshape(-1, 2) if camera.distortion else None
        lens = None if lens is None else np.ascontiguousarray(lens.T, np.float32)
        return cls(camera.width, across, down, lens)

    def at(self, cells: Int64[np.ndarray, "m"]) -> np.ndarray:
        """Return them for cells (2 m)."""
        if self.lens is not None:
            return self.lens[:, cells]
        row = cells // self.width  # np.divmod takes three times as long
        return np.stack([self.across[cells - row * self.width], self.down[row]])


@dataclass(frozen=True, slots=True)
class IndexedView:
    """A view whose cells are read by flat index."""

    view: SceneView
    depth: Float16[np.ndarray, "n"]
    confidence: Float16[np.ndarray, "n"]
    mask: Bool[np.ndarray, "n"] | None
    rays: _Rays

    @property
    def frame_id(self) -> int:
        """The frame that it is a view of."""
        return self.view.frame_id

    def usable(self, cells: Int64[np.ndarray, "m"]) -> Bool[np.ndarray, "m"]:
        """Say which cells have a depth that the backend lets pass, and any confidence."""
        there = (self.depth[cells] > 0) & (self.confidence[cells] > 0)
        return there if self.mask is None else there & self.mask[cells]

    def usable_cells(self) -> Int64[np.ndarray, "m"]:
        """Return all usable cells."""
        there = (self.depth > 0) & (self.confidence > 0)
        return np.flatnonzero(there if self.mask is None else there & self.mask)

    def in_camera(self, cells: Int64[np.ndarray, "m"]) -> Float64[np.ndarray, "m 3"]:
        """Return the cells' points in the view's camera, columns contiguous (see `moved`)."""
        xyz = np.empty((3, len(cells)))
        xyz[:2] = self.rays.at(cells)
        xyz[2] = self.depth[cells]
        xyz[:2] *= xyz[2]
        return xyz.T


@dataclass(frozen=True, slots=True)
class Blocks:
    """Rectangles of the views' grids with a usable cell in them, in the order of the views."""

    place: Int64[np.ndarray, "k"]
    """Of the block's view among the index's views."""
    row: Int64[np.ndarray, "k"]
    """The upper left cell."""
    column: Int64[np.ndarray, "k"]
    height: Int64[np.ndarray, "k"]
    width: Int64[np.ndarray, "k"]
    low: Float64[np.ndarray, "k 3"]
    """The box of the world around the usable cells' points."""
    high: Float64[np.ndarray, "k 3"]

    def take(self, chosen: np.ndarray | slice) -> Blocks:
        """Return some of the blocks, as indexing an array chooses."""
        return Blocks(*(getattr(self, name)[chosen] for name in Blocks.__slots__))

    def distance(self, xyz: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, "k"]:
        """Return how far each box is from a point of the world; 0 for a point inside."""
        off = np.maximum(np.maximum(self.low - xyz, xyz - self.high), 0)
        return np.linalg.norm(off, axis=1)


@dataclass(frozen=True, slots=True)
class SceneIndex:
    """Views of one scene that points are drawn from."""

    views: tuple[IndexedView, ...]
    blocks: Blocks
    up: Float64[np.ndarray, "3"]
    """Unit vector of the world."""

    def place(self, frame_id: int) -> int:
        """Return a frame's place among the views; Rewis3dError where it has no geometry here."""
        for place, indexed in enumerate(self.views):
            if indexed.frame_id == frame_id:
                return place
        raise Rewis3dError(f"frame {frame_id} is not a view of the indexed scene")


def index_scene(scene: Scene, *, frames: Collection[int]) -> SceneIndex:
    """Return the index of a scene's views of these frames; reads every depth once."""
    rays: dict[bytes, _Rays] = {}
    views = tuple(
        _indexed(view, _shared(view.geometry.camera, rays))
        for view in scene.views
        if view.frame_id in frames
    )
    blocks = [
        _strip(indexed, place, top)
        for place, indexed in enumerate(views)
        for top in range(0, indexed.view.geometry.camera.height, BLOCK)
    ]
    return SceneIndex(views, _joined(blocks), scene.up)


def moved(
    T_b_a: Float64[np.ndarray, "4 4"], xyz: Float64[np.ndarray, "n 3"]
) -> Float64[np.ndarray, "n 3"]:
    """Take points of frame a to frame b; the columns of what comes back are contiguous.

    geometry.transform is a call of BLAS, which takes many times as long for three columns, and
    keeps a second thread spinning for nothing.
    """
    x, y, z = xyz.T
    R, t = T_b_a[:3, :3], T_b_a[:3, 3:]
    return (R[:, :1] * x + R[:, 1:2] * y + R[:, 2:] * z + t).T


def _indexed(view: SceneView, rays: _Rays) -> IndexedView:
    # plain arrays over the maps: indexing a np.memmap takes twice as long
    depth, confidence = (np.asarray(part).reshape(-1) for part in (view.depth, view.confidence))
    mask = None if view.mask is None else np.asarray(view.mask).reshape(-1)
    return IndexedView(view, depth, confidence, mask, rays)


def _shared(camera: Camera, rays: dict[bytes, _Rays]) -> _Rays:
    """Return a camera's rays, those of another view if it has the same camera."""
    numbers = [camera.width, camera.height, camera.fisheye, *camera.distortion]
    key = camera.K.tobytes() + np.array(numbers, np.float64).tobytes()
    if key not in rays:
        rays[key] = _Rays.of(camera)
    return rays[key]


def _strip(indexed: IndexedView, place: int, top: int) -> Blocks:
    """Return the blocks of a view that start in row `top` and have usable cells.

    One strip at a time stays in the processor's cache: a view at a time takes five times as long.
    """
    camera = indexed.view.geometry.camera
    height = min(BLOCK, camera.height - top)
    column = np.arange(0, camera.width, BLOCK)
    cells = np.arange(top * camera.width, (top + height) * camera.width)
    xyz = moved(indexed.view.geometry.T_world_camera, indexed.in_camera(cells)).T
    usable = indexed.usable(cells)
    shape = (3, height, camera.width)
    low = np.where(usable, xyz, np.inf).reshape(shape).min(axis=1)
    high = np.where(usable, xyz, -np.inf).reshape(shape).max(axis=1)
    every = Blocks(
        np.full_like(column, place),
        np.full_like(column, top),
        column,
        np.full_like(column, height),
        np.minimum(BLOCK, camera.width - column),
        np.minimum.reduceat(low, column, axis=1).T,
        np.maximum.reduceat(high, column, axis=1).T,
    )
    return every.take(np.isfinite(every.low[:, 0]))


def _joined(blocks: list[Blocks]) -> Blocks:
    if not blocks:
        none, nowhere = np.zeros(0, np.int64), np.zeros((0, 3))
        return Blocks(none, none, none, none, none, nowhere, nowhere)
    return Blocks(
        *(np.concatenate([getattr(part, name) for part in blocks]) for name in Blocks.__slots__)
    )
