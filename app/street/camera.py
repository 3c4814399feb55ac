"""A pinhole camera. Pixel centres are at index + 0.5; axes are OpenCV's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

Number = float | int


@dataclass(frozen=True, slots=True)
class Camera:
    """Where it stands, and how it maps."""

    K: Float64[np.ndarray, "3 3"]
    T_world_camera: Float64[np.ndarray, "4 4"]
    width: int
    height: int

    @property
    def position(self) -> Float64[np.ndarray, "3"]:
        """In the world, metres."""
        return self.T_world_camera[:3, 3]

    @property
    def rays(self) -> Float64[np.ndarray, "3 3"]:
        """Takes (x, y, 1) in pixels to a ray in the world, one metre long along the axis."""
        return self.T_world_camera[:3, :3] @ np.linalg.inv(self.K)

    def finer(self, times: int) -> Camera:
        """Return the same camera with `times` as many pixels in a row and in a column."""
        K = np.diag([times, times, 1.0]) @ self.K
        return Camera(K, self.T_world_camera, self.width * times, self.height * times)


def looking(
    position: tuple[Number, Number, Number], yaw: Number, pitch: Number, roll: Number
) -> Float64[np.ndarray, "4 4"]:
    """Return T_world_camera: turned by yaw to the right, then pitch up, then roll to the right."""
    (cy, sy), (cp, sp), (cr, sr) = ((np.cos(a), np.sin(a)) for a in (yaw, pitch, roll))
    turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    lift = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    lean = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    T_world_camera = np.eye(4)
    T_world_camera[:3, :3] = turn @ lift @ lean
    T_world_camera[:3, 3] = position
    return T_world_camera
