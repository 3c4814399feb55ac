"""From a mapped piece to a scene of the project: its unit, its grids, its range of depths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from jaxtyping import Float64

from rewis3d.geometry import up_of
from rewis3d.job import View
from rewis3d.reconstruct.cameras.model import Model
from rewis3d.scene import MEDIAN_DEPTH, GridMap, SceneGeometry, ViewGeometry

BACKEND: Final = "colmap"
NEAREST: Final = 0.7
"""Of the 1st percentile of a view's sparse depths: what lies nearer was not matched."""
FARTHEST: Final = 3.0
"""Times the 98th percentile: sparse points end before a street does."""
STREET: Final = 10.0
"""Times the median depth: as far as the far end is at least."""


def scene_of(piece: Model, views: Sequence[View], *, max_side: int) -> SceneGeometry:
    """Return the piece as a scene whose median sparse depth is MEDIAN_DEPTH."""
    factor = factor_of(piece)
    made = tuple(_view(piece, place, views[place], factor, max_side) for place in piece.places)
    return SceneGeometry(made, up_of(np.array([v.T_world_camera for v in made])), "normalised")


def ranges_in(piece: Model, views: Sequence[View]) -> Mapping[int, tuple[float, float]]:
    """Return near and far of each view, by frame id, in the unit of `scene_of`."""
    factor = factor_of(piece)
    return {views[place].frame_id: span_of(piece.depths(place) * factor) for place in piece.places}


def span_of(depths: Float64[np.ndarray, " n"]) -> tuple[float, float]:
    """Return near and far around the depths of a view's sparse points."""
    low, middle, high = np.percentile(depths[depths > 0], [1, 50, 98])
    return float(NEAREST * low), float(max(FARTHEST * high, STREET * middle))


def grid_size(view: View, *, max_side: int) -> tuple[int, int]:
    """Return (width, height) of a view's grid: its image, at most `max_side` cells long."""
    scale = min(1.0, max_side / max(view.width, view.height))
    return max(round(view.width * scale), 1), max(round(view.height * scale), 1)


def factor_of(piece: Model) -> float:
    """Return what the piece's lengths are multiplied with in the unit of `scene_of`."""
    depths = np.concatenate([piece.depths(place) for place in piece.places])
    return MEDIAN_DEPTH / float(np.median(depths[depths > 0]))


def _view(piece: Model, place: int, view: View, factor: float, max_side: int) -> ViewGeometry:
    width, height = grid_size(view, max_side=max_side)
    pose = piece.poses[place].copy()
    pose[:3, 3] *= factor
    return ViewGeometry(
        frame_id=view.frame_id,
        image_height=view.height,
        image_width=view.width,
        camera=piece.cameras[place].resized(width, height),
        T_world_camera=pose,
        grid=GridMap((width / view.width, height / view.height)),
        backend=BACKEND,
    )
