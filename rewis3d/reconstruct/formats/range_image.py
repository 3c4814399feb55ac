"""Range images: what a spinning LiDAR measured, by inclination (rows) and azimuth (columns).

How Waymo's are read follows the comments of `dataset.proto` and of `v2/perception/lidar.py` in
github.com/waymo-research/waymo-open-dataset: inclinations are listed from the lowest beam on, rows
start with the highest; columns go from azimuth 180 degrees clockwise to -180, in the frame that the
LiDAR's extrinsics turn away from the vehicle's axes (x forwards, y left, z up).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64

Poses = Float64[np.ndarray, "n 6"]
"""roll, pitch, yaw in radians (turned about x, then y, then z) and x, y, z of vehicle to world."""


def inclinations(low: float, high: float, height: int) -> Float64[np.ndarray, "h"]:
    """Return the even inclinations of `height` beams, from the lowest on, in radians."""
    return low + (np.arange(height) + 0.5) / height * (high - low)


def points(
    ranges: Float64[np.ndarray, "h w"],
    beams: Float64[np.ndarray, "h"],
    T_vehicle_lidar: Float64[np.ndarray, "4 4"],
    measured: Bool[np.ndarray, "h w"],
) -> Float64[np.ndarray, "n 3"]:
    """Return the points of the measured cells, row by row, in the vehicle's frame, metres.

    `beams` are inclinations from the lowest on.
    """
    width = ranges.shape[1]
    turned = np.arctan2(T_vehicle_lidar[1, 0], T_vehicle_lidar[0, 0])
    azimuth = np.pi * (1 - 2 * (np.arange(width) + 0.5) / width) - turned
    row, column = np.nonzero(measured)
    up, around, away = beams[::-1][row], azimuth[column], ranges[row, column]
    flat = away * np.cos(up)
    xyz = np.stack([flat * np.cos(around), flat * np.sin(around), away * np.sin(up)], axis=1)
    return xyz @ T_vehicle_lidar[:3, :3].T + T_vehicle_lidar[:3, 3]


def placed(xyz: Float64[np.ndarray, "n 3"], poses: Poses) -> Float64[np.ndarray, "n 3"]:
    """Return points of the vehicle's frame in the world, each by the pose of its own moment."""
    (cr, cp, cy), (sr, sp, sy) = np.cos(poses[:, :3].T), np.sin(poses[:, :3].T)
    x, y, z = xyz.T
    y, z = cr * y - sr * z, sr * y + cr * z
    x, z = cp * x + sp * z, cp * z - sp * x
    x, y = cy * x - sy * y, sy * x + cy * y
    return np.stack([x, y, z], axis=1) + poses[:, 3:]
