"""Scenes of a few rectangles, seen exactly: depth and labels of every cell by casting its ray."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import UInt8

from rewis3d.geometry import Camera, pinhole, pixel_centres
from rewis3d.scene import GridMap, SceneView, ViewGeometry
from rewis3d.types import UNLABELLED


@dataclass(frozen=True)
class Quad:
    """A parallelogram: its corner and its two edges, in the world."""

    corner: tuple[float, float, float]
    u: tuple[float, float, float]
    v: tuple[float, float, float]
    label: int = 0


def wall(z: float, label: int = 0, *, x: float = -50.0, width: float = 100.0) -> Quad:
    """Return a wall across the view, 40 high."""
    return Quad((x, -20, z), (width, 0, 0), (0, 40, 0), label)


def ground(label: int = 0, *, y: float = 1.5) -> Quad:
    """Return the ground below the camera."""
    return Quad((-200, y, -50), (400, 0, 0), (0, 0, 400), label)


def pose(x: float = 0.0, y: float = 0.0, z: float = 0.0, *, yaw: float = 0.0) -> np.ndarray:
    """Return T_world_camera of a camera turned by `yaw` degrees about the vertical."""
    T, a = np.eye(4), np.radians(yaw)
    T[:3, :3] = [[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]]
    T[:3, 3] = x, y, z
    return T


def cast(
    quads: Sequence[Quad], camera: Camera, T_world_camera: np.ndarray, xy: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return depth (z; inf for none) and label of what pixels (n 2) show."""
    rays = camera.rays(xy) @ T_world_camera[:3, :3].T
    nearest = np.full(len(xy), np.inf)
    labels = np.full(len(xy), UNLABELLED, np.uint8)
    for quad in quads:
        u, v = np.array(quad.u), np.array(quad.v)
        normal = np.cross(u, v)
        to_corner = np.array(quad.corner) - T_world_camera[:3, 3]
        with np.errstate(divide="ignore", invalid="ignore"):
            depth = to_corner @ normal / (rays @ normal)
            inside = rays * depth[:, None] - to_corner
            along_u, along_v = inside @ u / (u @ u), inside @ v / (v @ v)
        hit = (depth > 1e-6) & (depth < nearest)
        hit &= (along_u >= 0) & (along_u <= 1) & (along_v >= 0) & (along_v <= 1)
        nearest[hit], labels[hit] = depth[hit], quad.label
    return nearest, labels


def view_of(
    quads: Sequence[Quad],
    T_world_camera: np.ndarray,
    *,
    frame_id: int = 1,
    size: tuple[int, int] = (48, 64),
    focal: float = 60.0,
    lens: tuple[float, ...] = (),
    image: int = 1,
    confidence: float = 0.9,
) -> SceneView:
    """Return the view of a scene on a grid of `size`; its image is `image` times as large."""
    height, width = size
    camera = replace(pinhole(focal, width, height), distortion=lens)
    xy = pixel_centres(height, width).reshape(-1, 2)
    depth = cast(quads, camera, T_world_camera, xy)[0].reshape(size)
    depth = np.where(np.isfinite(depth), depth, 0).astype(np.float16)
    geometry = ViewGeometry(
        frame_id,
        height * image,
        width * image,
        camera,
        T_world_camera,
        GridMap((1 / image, 1 / image)),
        "given",
    )
    trusted = np.where(depth > 0, confidence, 0).astype(np.float16)
    return SceneView(geometry, depth, trusted)


def truth_of(quads: Sequence[Quad], view: SceneView) -> UInt8[np.ndarray, "r c"]:
    """Return the label that each cell's centre shows."""
    camera = view.geometry.camera
    xy = pixel_centres(camera.height, camera.width).reshape(-1, 2)
    labels = cast(quads, camera, view.geometry.T_world_camera, xy)[1]
    return labels.reshape(camera.height, camera.width)
