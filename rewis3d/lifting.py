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
class Seen:
    """Where points fall on a view's grid, and whether they are what is seen there."""

    cells: Int64[np.ndarray, "n"]
    """Flat index of the cell that sees the point; -1 where it is outside, hidden, or where the
    cell has no depth."""
    landed: Int64[np.ndarray, "n"]
    """Flat index of the cell that the point falls into, seen or hidden; -1 where it is outside."""
    depth: Float64[np.ndarray, "n"]
    """z of the point in the view's camera."""
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


def see(xyz: Float64[np.ndarray, "n 3"], view: SceneView) -> Seen:
    """Say which cell of a view sees which points of the world.

    A cell's surface is the plane through it and its neighbours; a point is seen where its depth is
    that of the plane where it falls, up to TOLERANCE of it. The neighbours on the nearer side of a
    depth edge do not count: steep ground is seen as far as the grid resolves it, and nothing is
    seen through an edge.
    """
    camera = view.geometry.camera
    points = transform(inverse(view.geometry.T_world_camera), xyz)
    xy = camera.project(points)
    landed = _landed(xy, points, camera)
    cells, agreement = np.full(len(xyz), -1), np.zeros(len(xyz), np.float32)
    inside = np.flatnonzero(landed >= 0)
    at = landed[inside]
    near, slope_x, slope_y = surface(view, at)
    row, column = np.divmod(at, camera.width)
    expected = near
    expected = expected + slope_x * (xy[inside, 0] - column - 0.5)
    expected = expected + slope_y * (xy[inside, 1] - row - 0.5)
    # where no cell has a depth `near` is 0, and so is what is expected
    off = np.abs(1 / points[inside, 2] - expected)
    close = off < TOLERANCE * expected
    cells[inside[close]] = at[close]
    agreement[inside[close]] = 1 - off[close] / (TOLERANCE * expected[close])
    return Seen(cells, landed, points[:, 2], agreement)


def surface(
    view: SceneView, cells: Int64[np.ndarray, "n"]
) -> tuple[Float64[np.ndarray, "n"], Float64[np.ndarray, "n"], Float64[np.ndarray, "n"]]:
    """Return 1 / depth of cells, and its change per column and per row; 0 where there is no depth.

    The inverse depth of a plane is linear in the image. Of the differences to both neighbours the
    smaller one counts, and none where they have different signs: at an edge one of them leads to
    another surface, on a thin thing both do.
    """
    near = _near(view, cells)
    height, width = view.geometry.camera.height, view.geometry.camera.width
    row, column = np.divmod(cells, width)
    slope_x = _smaller(
        near - _near(view, np.where(column > 0, cells - 1, -1)),
        _near(view, np.where(column < width - 1, cells + 1, -1)) - near,
    )
    slope_y = _smaller(
        near - _near(view, np.where(row > 0, cells - width, -1)),
        _near(view, np.where(row < height - 1, cells + width, -1)) - near,
    )
    return np.nan_to_num(near), np.nan_to_num(slope_x), np.nan_to_num(slope_y)


def carrying(view: SceneView, cells: Int64[np.ndarray, "n"]) -> Bool[np.ndarray, "n"]:
    """Say which cells have a depth that is good enough to carry labels.

    Their confidence is strict, the backend's own mask lets them pass, and they lie on a surface
    rather than on the ramp that a blurred depth makes of an edge.
    """
    trusted = np.asarray(view.confidence).reshape(-1)[cells] > STRICT
    if view.mask is not None:
        trusted &= np.asarray(view.mask).reshape(-1)[cells]
    near, slope_x, slope_y = surface(view, cells)
    smooth = np.maximum(np.abs(slope_x), np.abs(slope_y)) <= MOST_SLOPE * near
    return trusted & (near > 0) & smooth


def _near(view: SceneView, cells: Int64[np.ndarray, "n"]) -> Float64[np.ndarray, "n"]:
    """Return 1 / depth; NaN where there is none, and for cell -1."""
    depth = np.asarray(view.depth).reshape(-1)[cells].astype(np.float64)
    depth[(cells < 0) | (depth <= 0)] = np.nan
    return 1 / depth


def _smaller(
    one: Float64[np.ndarray, "n"], other: Float64[np.ndarray, "n"]
) -> Float64[np.ndarray, "n"]:
    """Return the one nearer to 0, the known one of two, 0 where their signs differ."""
    one, other = np.where(np.isnan(one), other, one), np.where(np.isnan(other), one, other)
    return np.where(one * other > 0, np.where(np.abs(one) < np.abs(other), one, other), 0)


def _landed(
    xy: Float64[np.ndarray, "n 2"], points: Float64[np.ndarray, "n 3"], camera: Camera
) -> Int64[np.ndarray, "n"]:
    """Return the flat index of the cell that each pixel lies in; -1 for none."""
    inside = np.all((xy >= 0) & (xy < [camera.width, camera.height]), axis=1)  # False for NaN
    if camera.distortion:
        inside = inside & _within_lens(points, camera)
    column, row = np.where(inside[:, None], xy, 0).astype(np.int64).T
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
