"""A spinning LiDAR in a scene of rectangles: what it measures while it moves, exactly."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from tests.rewis3d.stage import Quad

AXES = np.array([[0.0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
"""Takes a LiDAR's axes (x forwards, y left, z up) to OpenCV's."""


def hits(
    quads: Sequence[Quad], origins: np.ndarray, directions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return distance in lengths of the directions (inf for none) and the place of the quad."""
    nearest = np.full(len(origins), np.inf)
    which = np.full(len(origins), -1)
    for place, quad in enumerate(quads):
        u, v = np.array(quad.u), np.array(quad.v)
        normal = np.cross(u, v)
        to_corner = np.array(quad.corner) - origins
        with np.errstate(divide="ignore", invalid="ignore"):
            far = to_corner @ normal / (directions @ normal)
            inside = directions * far[:, None] - to_corner
            along_u, along_v = inside @ u / (u @ u), inside @ v / (v @ v)
        hit = (far > 1e-6) & (far < nearest)
        hit &= (along_u >= 0) & (along_u <= 1) & (along_v >= 0) & (along_v <= 1)
        nearest[hit], which[hit] = far[hit], place
    return nearest, which


def directions(beams: np.ndarray, columns: int) -> np.ndarray:
    """Return unit vectors (h w 3) in the LiDAR's axes: beams from above, clockwise from behind."""
    azimuth = np.pi * (1 - 2 * (np.arange(columns) + 0.5) / columns)
    around, up = np.meshgrid(azimuth, beams)
    flat = np.cos(up)
    return np.stack([flat * np.cos(around), flat * np.sin(around), np.sin(up)], axis=-1)


def sweep(
    quads: Sequence[Quad],
    T_world_lidar: np.ndarray,
    *,
    T_now_before: np.ndarray | None = None,
    beams: np.ndarray | None = None,
    columns: int = 720,
) -> np.ndarray:
    """Return what one turn measures (n 3), each point as it lay around the LiDAR at its moment.

    The LiDAR faces forwards when it is at T_world_lidar and comes from T_now_before, evenly.
    """
    beams = np.radians(np.linspace(8, -25, 40)) if beams is None else beams
    rays = directions(beams, columns)
    moved = np.eye(4) if T_now_before is None else T_now_before
    before = np.arctan2(rays[0, :, 1], rays[0, :, 0]) / (2 * np.pi)  # of each column
    turn = cv2.Rodrigues(moved[:3, :3])[0].reshape(3)
    R = np.array([cv2.Rodrigues(turn * share)[0] for share in before])
    place = np.broadcast_to(before[:, None] * moved[:3, 3], rays.shape).reshape(-1, 3)
    to_world = T_world_lidar[:3, :3]
    origins = place @ to_world.T + T_world_lidar[:3, 3]
    turned = np.einsum("wij,hwj->hwi", R, rays).reshape(-1, 3)
    away, _ = hits(quads, origins, turned @ to_world.T)
    found = np.isfinite(away)
    return rays.reshape(-1, 3)[found] * away[found, None]
