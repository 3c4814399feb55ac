"""Sweeps of a spinning LiDAR: as files, and as if all of a sweep was measured at one moment."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float32, Float64

from rewis3d.types import Rewis3dError

_POINT: Final = np.dtype(("<f4", 4))
"""x, y, z in metres and reflectance."""


def read_bin(path: Path) -> Float32[np.ndarray, "n 4"]:
    """Read a sweep as KITTI stores them: float32 x, y, z, reflectance of one point after the other.

    Rewis3dError names a file that is missing, cut off or empty.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Rewis3dError(f"{path}: can't be read ({error.strerror})") from error
    if not content or len(content) % _POINT.itemsize:
        raise Rewis3dError(
            f"{path}: {len(content)} bytes are no points of {_POINT.itemsize} bytes each: it is cut"
            " off, or no sweep"
        )
    return np.frombuffer(content, _POINT)


def unrolled(
    xyz: Float64[np.ndarray, "n 3"], T_now_before: Float64[np.ndarray, "4 4"]
) -> Float64[np.ndarray, "n 3"]:
    """Return a sweep's points as if they had been measured when the LiDAR faced forwards.

    The points (x forwards, y left, z up) are relative to where the LiDAR was as each was measured.
    It turns clockwise, seen from above, once from one sweep to the next, and the camera's shutter
    opens as it faces forwards: what lies at the left was measured before, at the right after.
    `T_now_before` takes points from where it was one turn before to where it is; its motion is
    taken to be even (KITTI-360's own scripts do the same, kitti360Viewer3DRaw.py).
    """
    before = np.arctan2(xyz[:, 1], xyz[:, 0])[:, None] / (2 * np.pi)
    turn = cv2.Rodrigues(T_now_before[:3, :3])[0].reshape(3)
    angle = np.linalg.norm(turn)
    axis = turn / angle if angle > 0 else turn
    along = xyz @ axis
    cosine, sine = np.cos(before * angle), np.sin(before * angle)
    turned = xyz * cosine + np.cross(axis, xyz) * sine + axis * along[:, None] * (1 - cosine)
    return turned + before * T_now_before[:3, 3]
