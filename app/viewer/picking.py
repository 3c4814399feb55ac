"""From a click in 3D to a point, and from a point to the frame and pixel that see it best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Float64

from app.viewer.cloud import Cloud, image_xy
from rewis3d.geometry import inverse, transform
from rewis3d.lifting import see
from rewis3d.scene import Scene

PICK_PIXELS: Final = 6.0
"""On the screen, from the click to the middle of a point."""
_SAME_SURFACE: Final = 0.02
"""Points this share of the distance behind the front-most one lie on the same surface."""


@dataclass(frozen=True, slots=True)
class Ray:
    """A click: a half-line in the cloud's coordinates, and the angle of a pixel of the screen."""

    origin: Float64[np.ndarray, "3"]
    direction: Float64[np.ndarray, "3"]
    pixel: float
    """Radians between neighbouring pixels in the middle of the screen."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A place in a frame."""

    frame_id: int
    xy: tuple[float, float]
    """Image pixels."""


def nearest(xyz: Float32[np.ndarray, "n 3"], shown: Bool[np.ndarray, "n"], ray: Ray) -> int | None:
    """Return the shown point that a click hits: the front-most surface, and there the nearest one.

    None where no point is within PICK_PIXELS.
    """
    rows = np.flatnonzero(shown)
    direction = (ray.direction / np.linalg.norm(ray.direction)).astype(np.float32)
    away = xyz[rows] - ray.origin.astype(np.float32)
    along = away @ direction
    beside2 = np.einsum("ij,ij->i", away, away) - along**2
    hit = (along > 0) & (beside2 <= (PICK_PIXELS * ray.pixel * along) ** 2)
    if not hit.any():
        return None
    rows, along, beside2 = rows[hit], along[hit], beside2[hit]
    front = along <= along.min() * (1 + _SAME_SURFACE)
    angle = beside2[front] / along[front] ** 2
    return int(rows[front][np.argmin(angle)])


def best_sight(scene: Scene, cloud: Cloud, row: int) -> Sight:
    """Return where a point is seen best: large on the image, trusted, and not hidden.

    The score is pixels of the image per unit of the scene times the depth's confidence there. The
    point's own view sees it in any case.
    """
    own = int(cloud.points.view[row])
    view = scene.views[own]
    best = Sight(view.frame_id, _xy(image_xy(view.geometry, cloud.points.cell[row : row + 1])))
    most = _scale(scene, own, float(cloud.points.depth[row])) * float(cloud.points.confidence[row])
    world = cloud.world[row : row + 1]
    for index, view in enumerate(scene.views):
        if index == own:
            continue
        cell = int(see(world, view).cells[0])
        if cell < 0:
            continue
        local = transform(inverse(view.geometry.T_world_camera), world)
        score = _scale(scene, index, float(local[0, 2])) * float(view.confidence.reshape(-1)[cell])
        if score > most:
            grid = view.geometry.camera.project(local)
            best, most = Sight(view.frame_id, _xy(view.geometry.grid.to_image(grid))), score
    return best


def _scale(scene: Scene, index: int, depth: float) -> float:
    view = scene.views[index].geometry
    return float(view.camera.K[0, 0]) / view.grid.scale[0] / max(depth, 1e-9)


def _xy(places: np.ndarray) -> tuple[float, float]:
    return round(float(places[0, 0]), 2), round(float(places[0, 1]), 2)
