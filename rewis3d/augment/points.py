"""What happens to the student's cloud: it is turned, scaled, flipped and jittered."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Float64

from rewis3d.material import CloudAugment
from rewis3d.types import PointCloud


def moved(
    cloud: PointCloud, augment: CloudAugment, *, rng: np.random.Generator
) -> Float32[np.ndarray, "n 3"]:
    """Return where the student sees the cloud's points: the same ones in the same order.

    Turned about the camera, scaled, flipped, and each point jittered by itself.
    """
    T = np.eye(3)
    if rng.random() < augment.rotate:
        up = np.array([0.0, 0, 1])
        axis = up if augment.rotation_axis == "up" else cloud.optical_axis.astype(np.float64)
        T = rotation(axis, rng.uniform(-np.pi, np.pi))
    T *= rng.uniform(1 - augment.point_scale, 1 + augment.point_scale)
    T[:2] *= np.where(rng.random((2, 1)) < augment.point_flip, -1, 1)
    jitter = rng.standard_normal(cloud.xyz.shape, np.float32) * np.float32(augment.jitter)
    bound = np.float32(augment.jitter_clip)
    # three numbers a point: a BLAS call costs more than the sum
    xyz = np.einsum("nj,ij->ni", cloud.xyz, T.astype(np.float32))
    return xyz + np.clip(jitter, -bound, bound)


def rotation(axis: Float64[np.ndarray, "3"], angle: float) -> Float64[np.ndarray, "3 3"]:
    """Return the rotation about a unit vector by an angle in radians (Rodrigues' formula)."""
    x, y, z = axis
    K = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * K + (1 - np.cos(angle)) * (K @ K)
