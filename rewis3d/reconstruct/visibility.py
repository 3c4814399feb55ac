"""Which points of a cloud a camera sees: a cloud has gaps, and what lies behind shows through them.

A LiDAR stands beside the camera and sees what the camera does not; several sweeps, and the clouds
of laser scanners, see it from all around. So the gaps between the points of a surface are closed
first: 1 / depth is dilated and then eroded (a morphological closing) with a square as large as the
points of that surface are apart. What comes out at a cell is the nearness that every square around
it reaches, so a cell is covered only where nearer points lie on all sides of it: never beside the
border of an object, and never by the nearer part of ground or of a wall that the cell lies on
itself. A point that lies behind what covers its cell is hidden.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64
from scipy.spatial import KDTree

from rewis3d.lifting import TOLERANCE, fall
from rewis3d.scene import ViewGeometry

SIZES: Final = (3, 5, 9, 17, 33)
"""Sides in cells of the squares that close gaps: points may be up to a side less 1 apart."""
_NEIGHBOURS: Final = 4
"""How far the fourth nearest point of the same surface is, is how far apart its points are."""
_STEEPNESS: Final = 20.0
"""What a depth that is larger by a factor of e counts as, in cells, so that points of another
surface are far away: points that are 8 cells apart need half as much depth again."""
_MARGIN: Final = SIZES[-1] // 2 + 1
"""Cells around the grid whose points count as well."""


def depth_of(
    pieces: Iterable[Float64[np.ndarray, "_ 3"]], view: ViewGeometry
) -> Float32[np.ndarray, "r c"]:
    """Return the depth (z) of the points of the world that a view sees, 0 where it sees none.

    A cell takes the nearest of the points that fall into it, and nothing is filled in between.
    `pieces` are the points part by part: one part is in memory at a time.
    """
    near = _nearest(pieces, _wider(view))
    seen = np.where(hidden(near), 0, near)[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    return np.where(seen > 0, 1 / np.where(seen > 0, seen, 1), 0).astype(np.float32)


def hidden(near: Float32[np.ndarray, "r c"]) -> Bool[np.ndarray, "r c"]:
    """Say which cells' points lie behind a surface; `near` is 1 / depth, 0 for no point."""
    there = np.flatnonzero(near)
    apart = np.zeros(near.shape, np.float32)
    apart.reshape(-1)[there] = _apart(near, there)
    cover = np.zeros_like(near)
    for size, smaller in zip(SIZES, (0, *SIZES), strict=False):
        # a surface whose points are about this far apart; finer ones have smaller gaps
        layer = np.where(apart >= smaller / 2, near, np.float32(0))
        closed = cv2.morphologyEx(layer, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8))
        np.maximum(cover, closed, out=cover)
    return (near > 0) & (near < (1 - TOLERANCE) * cover)


def _wider(view: ViewGeometry) -> ViewGeometry:
    """Return the view with a margin around its grid."""
    camera = view.camera
    K = camera.K.copy()
    K[:2, 2] += _MARGIN
    width, height = camera.width + 2 * _MARGIN, camera.height + 2 * _MARGIN
    return replace(view, camera=replace(camera, K=K, width=width, height=height))


def _nearest(
    pieces: Iterable[Float64[np.ndarray, "_ 3"]], view: ViewGeometry
) -> Float32[np.ndarray, "r c"]:
    """Return 1 / depth of the nearest point in each cell, 0 where there is none."""
    near = np.zeros(view.camera.height * view.camera.width, np.float32)
    for xyz in pieces:
        fallen = fall(xyz, view)
        inside = np.flatnonzero(fallen.cells >= 0)
        np.maximum.at(near, fallen.cells[inside], fallen.near[inside].astype(np.float32))
    return near.reshape(view.camera.height, view.camera.width)


def _apart(
    near: Float32[np.ndarray, "r c"], cells: Int64[np.ndarray, "n"]
) -> Float32[np.ndarray, "n"]:
    """Return for each point how far apart, in cells, the points of its surface are around it."""
    row, column = np.divmod(cells, near.shape[1])
    places = np.stack([row, column, _STEEPNESS * np.log(near.reshape(-1)[cells])], axis=1)
    if len(places) <= _NEIGHBOURS:
        return np.full(len(places), SIZES[-1], np.float32)
    distance, _ = KDTree(places).query(places, k=_NEIGHBOURS + 1)  # the nearest is itself
    return distance[:, -1].astype(np.float32)
