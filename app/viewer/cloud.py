"""The points that are shown of one piece of a reconstruction, with the colours of their images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float64, Int32, UInt8

from app.viewer.choice import Chosen, centre_of, choose
from rewis3d.scene import Scene, ViewGeometry

_REDUCED: Final = {
    8: cv2.IMREAD_REDUCED_COLOR_8,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    2: cv2.IMREAD_REDUCED_COLOR_2,
}
_NO_IMAGE: Final = 128
"""Grey of points whose image can't be read."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """Points in the order of their views; all arrays have a row for each."""

    points: Chosen
    rgb: UInt8[np.ndarray, "n 3"]
    centre: Float64[np.ndarray, "3"]
    """World coordinates of the cloud's origin."""
    starts: Int32[np.ndarray, "v_plus_1"]
    """Rows of view i are starts[i] to starts[i + 1]."""
    spacing: float
    """Typical distance of neighbouring points, in the scene's unit."""

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.points.view)

    @property
    def world(self) -> Float64[np.ndarray, "n 3"]:
        """World coordinates."""
        return self.points.xyz.astype(np.float64) + self.centre

    def rows(self, view: int) -> slice:
        """Return the rows of a view's points."""
        return slice(int(self.starts[view]), int(self.starts[view + 1]))

    def visible(self, *, confidence: float, reach: float) -> Bool[np.ndarray, "n"]:
        """Return which points have this confidence and are no further from their camera.

        `reach` is a share of the depths in ascending order: 1 shows all points.
        """
        seen = self.points.confidence >= confidence
        if reach < 1 and len(self):
            seen &= self.points.depth <= np.quantile(self.points.depth, reach)
        return seen


def make_cloud(scene: Scene, image_of: Callable[[int], Path | None], *, most: int) -> Cloud:
    """Choose at most so many points and colour them; `image_of` gives a frame's image file."""
    points = choose(scene, most)
    starts = np.searchsorted(points.view, np.arange(len(scene.views) + 1)).astype(np.int32)
    rgb = np.full((len(points.view), 3), _NO_IMAGE, np.uint8)
    for index, view in enumerate(scene.views):
        rows = slice(int(starts[index]), int(starts[index + 1]))
        path = image_of(view.frame_id)
        if path is not None and rows.stop > rows.start:
            rgb[rows] = _colours(path, view.geometry, points.cell[rows], rgb[rows])
    return Cloud(points, rgb, centre_of(scene), starts, _spacing(scene, points))


def image_xy(view: ViewGeometry, cells: Int32[np.ndarray, "n"]) -> Float64[np.ndarray, "n 2"]:
    """Return where the centres of cells lie in the view's image."""
    row, column = np.divmod(cells, view.camera.width)
    return view.grid.to_image(np.stack([column + 0.5, row + 0.5], axis=1))


def pixel_rows(
    view: ViewGeometry, cells: Int32[np.ndarray, "n"], height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of the cells in an array that spans the image."""
    xy = image_xy(view, cells) * [width / view.image_width, height / view.image_height]
    column, row = np.floor(xy).astype(np.int64).T
    return np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)


def _colours(
    path: Path, view: ViewGeometry, cells: np.ndarray, otherwise: np.ndarray
) -> UInt8[np.ndarray, "n 3"]:
    finer = view.image_width / view.camera.width
    step = next((step for step in _REDUCED if finer >= step), 1)
    image = cv2.imread(str(path), _REDUCED.get(step, cv2.IMREAD_COLOR))
    if image is None:  # gone or cut off: its points are there all the same
        return otherwise
    row, column = pixel_rows(view, cells, *image.shape[:2])
    return np.ascontiguousarray(image[row, column, ::-1])


def _spacing(scene: Scene, points: Chosen) -> float:
    """Return the median over views of a cell's size at its median depth, for as many as shown."""
    found = []
    for index, view in enumerate(scene.views):
        depth = points.depth[points.view == index]
        if len(depth):
            cells = view.geometry.camera.width * view.geometry.camera.height
            share = np.sqrt(cells / len(depth))
            found.append(float(np.median(depth)) / float(view.geometry.camera.K[0, 0]) * share)
    return float(np.median(found)) if found else 0.01
