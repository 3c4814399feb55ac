"""What the cells of views show: the image's colour and the strokes' label."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from rewis3d.lifting import lift
from rewis3d.scene import ViewGeometry
from rewis3d.types import UNLABELLED

Paint = Callable[[int], UInt8[np.ndarray, "n 4"]]
"""Returns red, green, blue and label of a frame's cells by flat index."""


class PaintFile:
    """What the cells of many views show, made once each and kept in a file without a name.

    The points around a view come from many others, whose images can't all be decoded for every
    sample. Four bytes a cell, read through the system's cache rather than held in memory; the
    file goes with the object. Several threads may ask at once.
    """

    def __init__(self, cells: Mapping[int, int], paint: Paint, *, folder: Path) -> None:
        """Make room for frames of so many cells each; `paint` is asked once for each of them."""
        self._paint = paint
        self._start: dict[int, int] = {}
        self._cells = cells
        total = 0
        for frame, count in cells.items():
            self._start[frame], total = total, total + count
        self._made: set[int] = set()
        self._lock = Lock()
        with tempfile.TemporaryFile(dir=folder) as file:  # the map keeps it open for itself
            self._values = np.memmap(file, np.uint8, "w+", shape=(max(total, 1), 4))

    def __call__(self, frame_id: int) -> UInt8[np.ndarray, "n 4"]:
        """Return what a frame's cells show; ValueError where there is no room for the frame."""
        if frame_id not in self._start:
            raise ValueError(f"frame {frame_id} is none of {sorted(self._start)}")
        start = self._start[frame_id]
        room = np.asarray(self._values)[start : start + self._cells[frame_id]]
        with self._lock:
            if frame_id not in self._made:
                room[:] = self._paint(frame_id)
                self._made.add(frame_id)
        return room


def painted(
    image: UInt8[np.ndarray, "h w 3"],
    labels: UInt8[np.ndarray, "h w"] | None,
    view: ViewGeometry,
) -> UInt8[np.ndarray, "n 4"]:
    """Return red, green, blue and label of a view's cells by flat index.

    Labels are lifted (rewis3d/lifting.py), UNLABELLED where there are none. Rewis3dError where they
    have not the image's size.
    """
    cells = np.full((view.camera.height, view.camera.width, 4), UNLABELLED, np.uint8)
    cells[..., :3] = cell_colours(image, view)
    if labels is not None:
        cells[..., 3] = lift(labels, view)
    return cells.reshape(-1, 4)


def cell_colours(
    image: UInt8[np.ndarray, "h w 3"], view: ViewGeometry
) -> UInt8[np.ndarray, "r c 3"]:
    """Return the mean colour of the image under each cell; black where a cell is outside of it.

    The integral of an image is linear within a pixel: its values at the cells' corners give exact
    means, however the grid lies on the image.
    """
    total = cv2.integral(image, sdepth=cv2.CV_64F)  # at pixels' corners; sums below 2^53 are exact
    areas = []
    for axis, cells in enumerate((view.camera.height, view.camera.width)):
        corners = np.arange(cells + 1.0)
        places = view.grid.to_image(np.stack([corners, corners], axis=1))[:, 1 - axis]
        places = np.clip(places, 0, image.shape[axis])
        total = np.diff(_between(total, places, axis=axis), axis=axis)
        areas.append(np.diff(places))
    area = areas[0][:, None, None] * areas[1][:, None]
    return np.round(total / np.where(area > 0, area, 1)).astype(np.uint8)


def _between(
    values: Float64[np.ndarray, "a b c"], at: Float64[np.ndarray, "n"], *, axis: int
) -> np.ndarray:
    """Return values along an axis at places between whole numbers."""
    below = np.minimum(at.astype(np.int64), values.shape[axis] - 2)
    part = (at - below).reshape(-1, *[1] * (2 - axis))
    low, high = np.take(values, below, axis), np.take(values, below + 1, axis)
    return low + part * (high - low)
