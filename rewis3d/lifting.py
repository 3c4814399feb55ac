"""Labels between images and the cells of a scene's grid, and which cell sees a point.

A view's depth lies on a grid that may be coarser or finer than its image. What is drawn on the
image is lifted to cells, a cell's point is a point of the world, and another view that sees the
point sees it in one of its own cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64, UInt8

from rewis3d.geometry import Camera, inverse, transform, transform_sights
from rewis3d.scene import STRICT, SceneView, ViewGeometry
from rewis3d.types import UNLABELLED, Rewis3dError

TOLERANCE: Final = 0.03
"""A point is seen where its depth differs by less than this share from the surface of the cell."""
MOST_SLOPE: Final = 0.2
"""A surface whose depth changes by more than this share from cell to cell is an edge."""
_LENS_MARGIN: Final = 0.02
"""How far beyond the grid's border, in shares of its extent, a lens is believed."""


@dataclass(frozen=True, slots=True)
class Surface:
    """What a view's cells lie on, by flat index."""

    near: Float32[np.ndarray, "n"]
    """1 / depth; 0 where there is none."""
    slope_x: Float32[np.ndarray, "n"]
    """Change of 1 / depth per column; 0 where it is not known."""
    slope_y: Float32[np.ndarray, "n"]
    """Change of 1 / depth per row."""
    carries: Bool[np.ndarray, "n"]
    """Good enough to carry labels."""


@dataclass(frozen=True, slots=True)
class Fallen:
    """Where points fall on a view's grid, seen or hidden."""

    cells: Int64[np.ndarray, "n"]
    """Flat index of the cell that the point falls into; -1 where it is outside."""
    xy: Float64[np.ndarray, "2 n"]
    """Grid pixels; they mean nothing behind the camera."""
    near: Float64[np.ndarray, "n"]
    """1 / z in the view's camera; 0 behind it."""

    def take(self, chosen: Int64[np.ndarray, "m"]) -> Fallen:
        """Return some of them."""
        return Fallen(self.cells[chosen], self.xy.take(chosen, axis=1), self.near[chosen])


@dataclass(frozen=True, slots=True)
class Seen:
    """Which points are seen in a view."""

    cells: Int64[np.ndarray, "n"]
    """Flat index of the cell that sees the point; -1 where it is outside, hidden, or where the
    cell has no depth."""
    agreement: Float32[np.ndarray, "n"]
    """1 where the depths are equal, 0 at TOLERANCE and where the point is not seen."""


def lift(mask: UInt8[np.ndarray, "h w"], view: ViewGeometry) -> UInt8[np.ndarray, "r c"]:
    """Return what is drawn on an image as labels of the cells of its grid.

    A cell takes the label of most of the labelled pixels whose centres fall into it, UNLABELLED on
    a tie; unlabelled pixels have no vote (METHOD.md section 2). IGNORED counts as a class. Pixels
    larger than a cell vote in pieces. Rewis3dError where the mask has not the image's size.
    """
    size = (view.image_height, view.image_width)
    if mask.shape != size:
        raise Rewis3dError(f"frame {view.frame_id}: a mask of {mask.shape}, its image is {size}")
    pieces = [int(np.ceil(scale)) for scale in view.grid.scale]
    column = _cells_along(view, axis=0, pieces=pieces[0])
    row = _cells_along(view, axis=1, pieces=pieces[1])
    at_row, at_column = np.nonzero(mask != UNLABELLED)
    labels = mask[at_row, at_column]
    shape = (len(labels), pieces[1], pieces[0])
    rows = np.broadcast_to(row.reshape(-1, pieces[1])[at_row][:, :, None], shape).reshape(-1)
    columns = np.broadcast_to(column.reshape(-1, pieces[0])[at_column][:, None], shape).reshape(-1)
    voters = (rows >= 0) & (columns >= 0)
    cells = rows[voters] * view.camera.width + columns[voters]
    votes = np.repeat(labels, pieces[0] * pieces[1])[voters]
    grid = (view.camera.height, view.camera.width)
    return majority(cells, votes, grid[0] * grid[1]).reshape(grid)


def lower(cells: UInt8[np.ndarray, "r c"], view: ViewGeometry) -> UInt8[np.ndarray, "h w"]:
    """Return labels of cells as labels of the image: a pixel takes that of the cell it lies in.

    UNLABELLED outside the grid. Rewis3dError where the cells are not the grid's.
    """
    size = (view.camera.height, view.camera.width)
    if cells.shape != size:
        raise Rewis3dError(f"frame {view.frame_id}: cells of {cells.shape}, its grid is {size}")
    row, column = _cells_along(view, axis=1, pieces=1), _cells_along(view, axis=0, pieces=1)
    image = cells[np.ix_(row, column)]
    image[row < 0] = UNLABELLED
    image[:, column < 0] = UNLABELLED
    return image


def majority(
    cells: Int64[np.ndarray, "n"], labels: UInt8[np.ndarray, "n"], size: int
) -> UInt8[np.ndarray, "size"]:
    """Return for each of `size` cells the label with most votes; UNLABELLED for a tie or none."""
    winner = np.full(size, UNLABELLED, np.uint8)
    most = np.zeros(size, np.int64)
    for label in np.unique(labels):
        votes = np.bincount(cells[labels == label], minlength=size)
        winner[votes > most] = label
        winner[(votes == most) & (votes > 0)] = UNLABELLED
        np.maximum(most, votes, out=most)
    return winner


def surface_of(view: SceneView) -> Surface:
    """Return the surface that a view's cells lie on.

    The inverse depth of a plane is linear in the image. Of the differences to both neighbours the
    smaller one counts, and none where they have different signs: at an edge one of them leads to
    another surface, on a thin thing both do. Cells carry labels where their confidence is strict,
    the backend's own mask lets them pass, and they lie on a surface rather than on the ramp that a
    blurred depth makes of an edge.
    """
    depth = np.asarray(view.depth, np.float32)
    there = depth > 0
    near = np.where(there, 1 / np.where(there, depth, 1), np.float32(np.nan))
    along_x = np.pad(np.diff(near, axis=1), ((0, 0), (1, 1)), constant_values=np.nan)
    along_y = np.pad(np.diff(near, axis=0), ((1, 1), (0, 0)), constant_values=np.nan)
    slope_x = _smaller(along_x[:, :-1], along_x[:, 1:])
    slope_y = _smaller(along_y[:-1], along_y[1:])
    trusted = (np.asarray(view.confidence) > STRICT) & there
    if view.mask is not None:
        trusted &= np.asarray(view.mask)
    near = np.where(there, near, np.float32(0))
    trusted &= np.maximum(np.abs(slope_x), np.abs(slope_y)) <= MOST_SLOPE * near
    return Surface(*(values.reshape(-1) for values in (near, slope_x, slope_y, trusted)))


def carrying(view: SceneView, cells: Int64[np.ndarray, "n"]) -> Bool[np.ndarray, "n"]:
    """Say which cells have a depth that is good enough to carry labels (see `surface_of`)."""
    return surface_of(view).carries[cells]


def fall(xyz: Float64[np.ndarray, "n 3"], view: ViewGeometry) -> Fallen:
    """Return where points of the world fall on a view's grid."""
    points = transform(inverse(view.T_world_camera), xyz)
    near = 1 / np.where(points[:, 2] > 0, points[:, 2], np.inf)
    return _fallen(np.stack([points[:, 0] * near, points[:, 1] * near, near]), view.camera)


def sights_of(
    view: ViewGeometry, cells: Int64[np.ndarray, "n"], near: Float32[np.ndarray, "n"]
) -> Float64[np.ndarray, "3 n"]:
    """Return the points of cells as (x / z, y / z, 1 / z) in the view's camera; `near` is 1 / z."""
    camera = view.camera
    lens = (camera.width, camera.height, camera.distortion, camera.fisheye)
    x, y = _grid_rays(camera.K.tobytes(), *lens)
    return np.stack([x[cells], y[cells], near])


@lru_cache(maxsize=4)  # the views of a clip share a camera
def _grid_rays(
    K: bytes, width: int, height: int, distortion: tuple[float, ...], fisheye: bool
) -> Float64[np.ndarray, "2 n"]:
    """Return x / z and y / z of every cell's direction; the bytes of `K` can be a key."""
    camera = Camera(np.frombuffer(K).reshape(3, 3), width, height, distortion, fisheye)
    return np.ascontiguousarray(camera.grid_rays().reshape(-1, 3)[:, :2].T)


def fall_across(
    sights: Float64[np.ndarray, "3 n"], source: ViewGeometry, view: ViewGeometry
) -> Fallen:
    """Return where points that one view sights (see `sights_of`) fall on another view's grid."""
    T_view_source = inverse(view.T_world_camera) @ source.T_world_camera
    return _fallen(transform_sights(T_view_source, sights), view.camera)


def see(xyz: Float64[np.ndarray, "n 3"], view: SceneView, surface: Surface | None = None) -> Seen:
    """Say which cell of a view sees which points of the world.

    A cell's surface is the plane through it and its neighbours; a point is seen where its depth is
    that of the plane where it falls, up to TOLERANCE of it. The neighbours on the nearer side of a
    depth edge do not count: steep ground is seen as far as the grid resolves it, and nothing is
    seen through an edge. Who asks often keeps the view's `surface_of`.
    """
    fallen = fall(xyz, view.geometry)
    return meet(fallen, surface or surface_of(view))


def may_see(
    xyz: Float64[np.ndarray, "n 3"], radius: Float32[np.ndarray, "n"], view: ViewGeometry
) -> Bool[np.ndarray, "n"]:
    """Say which balls around points of the world reach into what a view's grid may show."""
    points = transform(inverse(view.T_world_camera), xyz)
    seen = points[:, 2] > -radius
    for axis, (low, high) in enumerate(zip(*_field(view.camera), strict=True)):
        across, depth = points[:, axis], points[:, 2]
        seen &= across - low * depth >= -radius * np.hypot(1, low)  # from the side's plane
        seen &= high * depth - across >= -radius * np.hypot(1, high)
    return seen


def meet(fallen: Fallen, surface: Surface) -> Seen:
    """Say which of the points that fell on a view's grid are what is seen there."""
    cells, agreement = np.full(len(fallen.cells), -1), np.zeros(len(fallen.cells), np.float32)
    inside = np.flatnonzero(fallen.cells >= 0)
    at = fallen.cells[inside]
    xy = fallen.xy.take(inside, axis=1)
    x, y = xy - np.floor(xy) - 0.5  # from the cell's centre
    expected = surface.near[at] + surface.slope_x[at] * x + surface.slope_y[at] * y
    # where a cell has no depth `near` is 0, and so is what is expected
    off = np.abs(fallen.near[inside] - expected)
    close = off < TOLERANCE * expected
    cells[inside[close]] = at[close]
    agreement[inside[close]] = 1 - off[close] / (TOLERANCE * expected[close])
    return Seen(cells, agreement)


def _smaller(
    one: Float32[np.ndarray, "r c"], other: Float32[np.ndarray, "r c"]
) -> Float32[np.ndarray, "r c"]:
    """Return the one nearer to 0, the known one of two, 0 where their signs differ."""
    one, other = np.where(np.isnan(one), other, one), np.where(np.isnan(other), one, other)
    smaller = np.where(np.abs(one) < np.abs(other), one, other)
    return np.where(one * other > 0, smaller, np.float32(0))


def _fallen(sights: Float64[np.ndarray, "3 n"], camera: Camera) -> Fallen:
    """Return where points (x / z, y / z, 1 / z in the camera's frame) fall."""
    front = sights[2] > 0
    xy = camera.pixels(sights[0], sights[1], front=front)
    x, y = xy
    inside = front & (x >= 0) & (x < camera.width) & (y >= 0) & (y < camera.height)
    if camera.distortion:
        inside &= _within_lens(sights[:2], camera)
    cells, at = np.full(len(inside), -1), np.flatnonzero(inside)
    cells[at] = y[at].astype(np.int64) * camera.width + x[at].astype(np.int64)
    return Fallen(cells, xy, sights[2])


def _within_lens(plane: Float64[np.ndarray, "2 n"], camera: Camera) -> Bool[np.ndarray, "n"]:
    """Say which directions lie in the field of view: beyond it, a lens folds onto the image."""
    low, high = (end[:, None] for end in _field(camera))
    return np.all((plane >= low) & (plane <= high), axis=0)


def _field(camera: Camera) -> tuple[Float64[np.ndarray, "2"], Float64[np.ndarray, "2"]]:
    """Return the box around the directions (x / z, y / z) of the grid's border, and a margin."""
    along = np.linspace(0, 1, 17)
    edge = [np.stack([along, np.full(17, end)], axis=1) for end in (0.0, 1.0)]
    border = np.concatenate([*edge, *(side[:, ::-1] for side in edge)])
    rays = camera.rays(border * [camera.width, camera.height])[:, :2]
    low, high = rays.min(axis=0), rays.max(axis=0)
    margin = _LENS_MARGIN * (high - low)
    return low - margin, high + margin


def _cells_along(view: ViewGeometry, *, axis: int, pieces: int) -> Int64[np.ndarray, "n"]:
    """Return the column (axis 0) or row (1) of the grid that each piece of a pixel lies in, or -1.

    `pieces` of one pixel follow each other.
    """
    pixels = (view.image_width, view.image_height)[axis]
    cells = (view.camera.width, view.camera.height)[axis]
    centres = (np.arange(pixels * pieces) + 0.5) / pieces
    at = np.floor(view.grid.to_grid(np.stack([centres, centres], axis=1))[:, axis])
    return np.where((at >= 0) & (at < cells), at, -1).astype(np.int64)
