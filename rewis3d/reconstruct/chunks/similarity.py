"""A change of world: turned, moved, and of another scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64


@dataclass(frozen=True, slots=True)
class Similarity:
    """Takes points of world b to world a: scale * R x + t. Called S_a_b."""

    scale: float
    R: Float64[np.ndarray, "3 3"]
    t: Float64[np.ndarray, "3"]
    """In the unit of world a."""

    @classmethod
    def identity(cls) -> Similarity:
        """Return the one that changes nothing."""
        return cls(1.0, np.eye(3), np.zeros(3))

    def points(self, xyz: Float64[np.ndarray, "n 3"]) -> Float64[np.ndarray, "n 3"]:
        """Take points of world b to world a."""
        return self.scale * xyz @ self.R.T + self.t

    def pose(self, T_b_camera: Float64[np.ndarray, "4 4"]) -> Float64[np.ndarray, "4 4"]:
        """Return T_a_camera, a rigid motion again: depths along the camera's axis take `scale`."""
        T_a_camera = np.eye(4)
        T_a_camera[:3, :3] = self.R @ T_b_camera[:3, :3]
        T_a_camera[:3, 3] = self.points(T_b_camera[None, :3, 3])[0]
        return T_a_camera

    def __matmul__(self, S_b_c: Similarity) -> Similarity:
        """Return S_a_c."""
        t = self.points(S_b_c.t[None])[0]
        return Similarity(self.scale * S_b_c.scale, self.R @ S_b_c.R, t)

    def inverse(self) -> Similarity:
        """Return S_b_a."""
        return Similarity(1 / self.scale, self.R.T, -self.R.T @ self.t / self.scale)

    def grown(self, factor: float) -> Similarity:
        """Return the one to world a in a unit that is `factor` times smaller."""
        return Similarity(self.scale * factor, self.R, self.t * factor)
