"""Where cameras stand in the 3D view, how large they are drawn, and where one looks from first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64

from rewis3d.geometry import Camera
from rewis3d.scene import Scene, SceneView

MOST_CAMERAS: Final = 60
"""Cameras drawn at once; of more, evenly chosen ones."""
_BEHIND: Final = 0.5
"""Median depths from the first camera back to where one looks from."""
_ABOVE: Final = 0.4
_LARGEST: Final = 0.025
"""Size of a camera in median depths."""
_SMALLEST: Final = 0.012
_OF_STEP: Final = 0.6
"""Size of a camera in steps between neighbouring ones."""


@dataclass(frozen=True, slots=True)
class Standpoint:
    """Where one looks from, in world coordinates less the centre."""

    position: Float64[np.ndarray, "3"]
    look_at: Float64[np.ndarray, "3"]
    up: Float64[np.ndarray, "3"]


def shown(count: int, most: int = MOST_CAMERAS) -> list[int]:
    """Return which of so many cameras are drawn, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return sorted({round(place) for place in np.linspace(0, count - 1, most)})


def field_of_view(camera: Camera) -> float:
    """Return the vertical field of view in radians."""
    return float(2 * np.arctan(camera.height / 2 / camera.K[1, 1]))


def size(scene: Scene, depth: float) -> float:
    """Return how large cameras are drawn; `depth` is the scene's median depth."""
    places = np.array([view.geometry.T_world_camera[:3, 3] for view in scene.views])
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    moving = steps[steps > 1e-6 * depth]
    wanted = _OF_STEP * float(np.median(moving)) if len(moving) else _LARGEST * depth
    return float(np.clip(wanted, _SMALLEST * depth, _LARGEST * depth))


def standpoint(
    views: Sequence[SceneView], up: np.ndarray, centre: np.ndarray, depth: float
) -> Standpoint:
    """Return a place behind and above the first camera, looking where it and the path go."""
    first = views[0].geometry.T_world_camera
    place = first[:3, 3] - centre
    ahead = first[:3, 2]
    if depth <= 0:
        depth = 1.0
    position = place - _BEHIND * depth * ahead + _ABOVE * depth * up
    return Standpoint(position, place + depth * ahead, np.asarray(up, np.float64))


def quaternion(R: Float64[np.ndarray, "3 3"]) -> Float64[np.ndarray, "4"]:
    """Return a rotation as a unit quaternion (w, x, y, z)."""
    # The largest eigenvector of this matrix (Bar-Itzhack 2000, eq. 9) is stable at any angle.
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = R
    K = np.array(
        [
            [xx - yy - zz, yx + xy, zx + xz, zy - yz],
            [yx + xy, yy - xx - zz, zy + yz, xz - zx],
            [zx + xz, zy + yz, zz - xx - yy, yx - xy],
            [zy - yz, xz - zx, yx - xy, xx + yy + zz],
        ]
    )
    x, y, z, w = np.linalg.eigh(K / 3)[1][:, -1]
    found = np.array([w, x, y, z])
    return found if w >= 0 else -found
