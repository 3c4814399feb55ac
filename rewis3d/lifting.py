"""Labels between images and the cells of a scene's grid, and which cell sees a point.

A view's depth lies on a grid that may be coarser or finer than its image. What is drawn on the
image is lifted to cells, a cell's point is a point of the world, and another view that sees the
point sees it in one of its own cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64, UInt8

from rewis3d.geometry import Camera, inverse, transform
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
    xy: Float64[np.ndarray, "n 2"]
    """Grid pixels; NaN behind the camera."""
    depth: Float64[np.ndarray, "n"]
    """z in the view's camera."""

    def take(self, chosen: Int64[np.ndarray, "m"]) -> Fallen:
        """Return some of them."""
        return Fallen(self.cells[chosen], self.xy[chosen], self.depth[chosen])


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
    xy = view.camera.project(points)
    return Fallen(_landed(xy, points, view.camera), xy, points[:, 2])


def see(xyz: Float64[np.ndarray, "n 3"], view: SceneView, surface: Surface | None = None) -> Seen:
    """Say which cell of a view sees which points of the world.

    A cell's surface is the plane through it and its neighbours; a point is seen where its depth is
    that of the plane where it falls, up to TOLERANCE of it. The neighbours on the nearer side of a
    depth edge do not count: steep ground is seen as far as the grid resolves it, and nothing is
    seen through an edge. Who asks often keeps the view's `surface_of`.
    """
    fallen = fall(xyz, view.geometry)
    return meet(fallen, view.geometry, surface or surface_of(view))


def meet(fallen: Fallen, view: ViewGeometry, surface: Surface) -> Seen:
    """Say which of the points that fell on a view's grid are what is seen there."""
    cells, agreement = np.full(len(fallen.cells), -1), np.zeros(len(fallen.cells), np.float32)
    inside = np.flatnonzero(fallen.cells >= 0)
    at = fallen.cells[inside]
    row, column = np.divmod(at, view.camera.width)
    beside = fallen.xy[inside] - np.stack([column + 0.5, row + 0.5], axis=1)
    expected = surface.near[at] + surface.slope_x[at] * beside[:, 0]
    expected += surface.slope_y[at] * beside[:, 1]
    # where a cell has no depth `near` is 0, and so is what is expected
    off = np.abs(1 / fallen.depth[inside] - expected)
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


def _landed(
    xy: Float64[np.ndarray, "n 2"], points: Float64[np.ndarray, "n 3"], camera: Camera
) -> Int64[np.ndarray, "n"]:
    """Return the flat index of the cell that each pixel lies in; -1 for none."""
    x, y = xy.T
    inside = (x >= 0) & (x < camera.width) & (y >= 0) & (y < camera.height)  # False for NaN
    if camera.distortion:
        inside = inside & _within_lens(points, camera)
    column, row = (np.where(inside, along, 0).astype(np.int64) for along in (x, y))
    return np.where(inside, row * camera.width + column, -1)


def _within_lens(points: Float64[np.ndarray, "n 3"], camera: Camera) -> Bool[np.ndarray, "n"]:
    """Say which points lie in the field of view: beyond it, a lens model folds back onto the image.

    The field is the box around the rays of the grid's border.
    """
    along = np.linspace(0, 1, 17)
    edge = [np.stack([along, np.full(17, end)], axis=1) for end in (0.0, 1.0)]
    border = np.concatenate([*edge, *(side[:, ::-1] for side in edge)])
    rays = camera.rays(border * [camera.width, camera.height])[:, :2]
    low, high = rays.min(axis=0), rays.max(axis=0)
    margin = _LENS_MARGIN * (high - low)
    z = np.where(points[:, 2] > 0, points[:, 2], np.nan)
    plane = points[:, :2] / z[:, None]
    return np.all((plane >= low - margin) & (plane <= high + margin), axis=1)


def _cells_along(view: ViewGeometry, *, axis: int, pieces: int) -> Int64[np.ndarray, "n"]:
    """Return the column (axis 0) or row (1) of the grid that each piece of a pixel lies in, or -1.

    `pieces` of one pixel follow each other.
    """
    pixels = (view.image_width, view.image_height)[axis]
    cells = (view.camera.width, view.camera.height)[axis]
    centres = (np.arange(pixels * pieces) + 0.5) / pieces
    at = np.floor(view.grid.to_grid(np.stack([centres, centres], axis=1))[:, axis])
    return np.where((at >= 0) & (at < cells), at, -1).astype(np.int64)
