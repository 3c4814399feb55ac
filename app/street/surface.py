"""What a camera sees first: for each pixel's centre, the nearest part of a scene and how near."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64

from app.street.camera import Camera
from app.street.material import is_hole
from app.street.scene import Scene

NEAR: Final = 0.2
"""Metres: what is nearer is cut off."""
SLACK: Final = 2e-3
"""Pixels that a face reaches beyond its edge, so that neighbours leave no seam."""


@dataclass(frozen=True, slots=True)
class Surface:
    """The surface in front of a camera."""

    nearness: Float32[np.ndarray, "h w"]
    """1 / depth in metres; 0 where there is nothing."""
    part: Int32[np.ndarray, "h w"]
    """Index in the scene; -1 where there is nothing."""


Window = tuple[slice, slice]
Hit = tuple[Bool[np.ndarray, "r c"], Float32[np.ndarray, "r c"]]


@dataclass(frozen=True, slots=True)
class _Drawing:
    """What is drawn, from where, onto what."""

    scene: Scene
    camera: Camera
    rays: Float64[np.ndarray, "3 3"]
    found: Surface


def surface(scene: Scene, camera: Camera) -> Surface:
    """Return what the camera sees of a scene."""
    size = (camera.height, camera.width)
    found = Surface(np.zeros(size, np.float32), np.full(size, -1, np.int32))
    drawing = _Drawing(scene, camera, camera.rays, found)
    _add_faces(drawing)
    _add_balls(drawing)
    return found


def _add_faces(drawing: _Drawing) -> None:
    """Draw the faces: edges and 1 / depth are linear in the image (Olano and Greer, 1997)."""
    scene, camera = drawing.scene, drawing.camera
    X = (scene.corners - camera.position) @ camera.T_world_camera[:3, :3]
    following = np.roll(X, -1, axis=1)
    normals = np.cross(X[:, 1] - X[:, 0], X[:, 2] - X[:, 0])
    distance = np.einsum("fi,fi->f", normals, X[:, 0])
    K_inverse = np.linalg.inv(camera.K)
    flat = np.abs(distance) < 1e-9 * np.linalg.norm(normals, axis=1)
    planes = normals / np.where(flat, 1.0, distance)[:, None] @ K_inverse
    edges = np.cross(X, following) * np.sign(distance)[:, None, None] @ K_inverse
    edges /= np.maximum(np.hypot(edges[..., 0], edges[..., 1]), 1e-12)[..., None]
    boxes = _boxes(X, following, camera)
    for face in np.flatnonzero(~flat & (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])):
        x0, y0, x1, y1 = boxes[face].tolist()
        inside = _inside(edges[face], (x0, y0, x1, y1))
        near = _linear(planes[face], (x0, y0, x1, y1))
        inside &= near < 1 / NEAR
        _keep(drawing, int(face), (slice(y0, y1), slice(x0, x1)), (inside, near))


def _boxes(
    X: Float64[np.ndarray, "f k 3"], following: Float64[np.ndarray, "f k 3"], camera: Camera
) -> Int64[np.ndarray, "f 4"]:
    """Return left, top, right, bottom in pixels of each face's part beyond NEAR."""
    z, next_z = X[..., 2], following[..., 2]
    crosses = (z > NEAR) != (next_z > NEAR)
    share = (NEAR - z) / np.where(crosses, next_z - z, 1.0)
    cut = X + share[..., None] * (following - X)
    points = np.concatenate([X, cut], axis=1)
    valid = np.concatenate([z > NEAR, crosses], axis=1)
    seen = points @ camera.K.T
    xy = seen[..., :2] / np.where(valid, seen[..., 2], 1.0)[..., None]
    low = np.where(valid[..., None], xy, np.inf).min(axis=1)
    high = np.where(valid[..., None], xy, -np.inf).max(axis=1)
    size = (camera.width, camera.height)
    first = np.ceil(np.clip(low - 0.5 - SLACK, 0, size))
    last = np.floor(np.clip(high - 0.5 + SLACK, -1, np.subtract(size, 1))) + 1
    return np.concatenate([first, last], axis=1).astype(np.int64)


def _inside(
    edges: Float64[np.ndarray, "k 3"], box: tuple[int, int, int, int]
) -> Bool[np.ndarray, "r c"]:
    """Return which pixel centres of a box lie on the inner side of all edges."""
    x0, y0, x1, y1 = box
    rows = np.arange(y0, y1) + 0.5
    a = edges[:, 0, None]
    rest = edges[:, 1, None] * rows + edges[:, 2, None] + SLACK
    with np.errstate(divide="ignore", invalid="ignore"):
        border = -rest / a - (x0 + 0.5)
    level = np.abs(a) < 1e-12
    left = np.where(a > 0, border, np.where(level & (rest < 0), np.inf, -np.inf)).max(axis=0)
    right = np.where((a < 0) & ~level, border, np.inf).min(axis=0)
    columns = np.arange(x1 - x0, dtype=np.float32)
    return (columns >= left[:, None]) & (columns <= right[:, None])


def _linear(
    plane: Float64[np.ndarray, "3"], box: tuple[int, int, int, int]
) -> Float32[np.ndarray, "r c"]:
    """Return a linear function of the image at the pixel centres of a box."""
    x0, y0, x1, y1 = box
    columns = plane[0] * (np.arange(x0, x1) + 0.5)
    rows = plane[1] * (np.arange(y0, y1) + 0.5) + plane[2]
    return np.add(rows[:, None], columns[None], dtype=np.float32)


def _add_balls(drawing: _Drawing) -> None:
    """Draw the ellipsoids: a ray meets one where a quadratic equation has a root."""
    scene, camera = drawing.scene, drawing.camera
    R = camera.T_world_camera[:3, :3]
    X, axes = (scene.centres - camera.position) @ R, R.T @ scene.axes
    inverse = np.linalg.inv(axes)
    origin = -np.einsum("gij,gj->gi", inverse, X)
    D = inverse @ np.linalg.inv(camera.K)
    square = D.transpose(0, 2, 1) @ D
    along = np.einsum("gij,gi->gj", D, origin)
    outside = np.einsum("gi,gi->g", origin, origin) - 1
    roots = along[:, :, None] * along[:, None] - outside[:, None, None] * square
    boxes = _ball_boxes(X, axes, camera)
    first = len(scene.corners)
    for index in np.flatnonzero((boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])):
        x0, y0, x1, y1 = boxes[index].tolist()
        x, y = np.arange(x0, x1) + 0.5, (np.arange(y0, y1) + 0.5)[:, None]
        root = _quadratic(roots[index], x, y)
        a = _quadratic(square[index], x, y)
        b = along[index, 0] * x + (along[index, 1] * y + along[index, 2])
        depth = (-b - np.sqrt(np.maximum(root, 0))) / a
        near = (1 / np.maximum(depth, NEAR)).astype(np.float32)
        hit = (root > 0) & (depth > NEAR)
        window = (slice(y0, y1), slice(x0, x1))
        _keep(drawing, first + int(index), window, (hit, near))


def _quadratic(
    Q: Float64[np.ndarray, "3 3"], x: Float64[np.ndarray, "c"], y: Float64[np.ndarray, "r 1"]
) -> Float64[np.ndarray, "r c"]:
    """Return (x, y, 1) Q (x, y, 1)."""
    linear = 2 * Q[0, 1] * y + 2 * Q[0, 2]
    return (Q[0, 0] * x + linear) * x + ((Q[1, 1] * y + 2 * Q[1, 2]) * y + Q[2, 2])


def _ball_boxes(
    X: Float64[np.ndarray, "g 3"], axes: Float64[np.ndarray, "g 3 3"], camera: Camera
) -> Int64[np.ndarray, "g 4"]:
    """Return left, top, right, bottom in pixels: the bounds of the outlines, which are conics."""
    dual = camera.K @ (axes @ axes.transpose(0, 2, 1) - X[:, :, None] * X[:, None]) @ camera.K.T
    corner = dual[:, 2, 2]  # negative while the ball is wholly in front of or behind the camera
    whole = (corner < 0) & (X[:, 2] > NEAR)
    bounds = []
    for axis, size in ((0, camera.width), (1, camera.height)):
        mixed, own = dual[:, axis, 2], dual[:, axis, axis]
        half = np.sqrt(np.maximum(mixed**2 - corner * own, 0))
        low, high = (mixed + half) / corner, (mixed - half) / corner
        low, high = np.where(whole, low, 0), np.where(whole, high, 0)
        bounds.append((np.ceil(low.clip(0, size) - 0.5), np.floor(high.clip(0, size) - 0.5) + 1))
    (left, right), (top, bottom) = bounds
    return np.stack([left.clip(0), top.clip(0), right, bottom], axis=1).astype(np.int64)


def _keep(drawing: _Drawing, part: int, window: Window, hit: Hit) -> None:
    """Write down a part where it is the nearest so far and has no hole."""
    scene, found = drawing.scene, drawing.found
    inside, near = hit
    inside &= near > found.nearness[window]
    if scene.perforated[part]:
        row, column = np.nonzero(inside)
        depth = 1 / near[row, column].astype(np.float64)
        x, y = column + (window[1].start + 0.5), row + (window[0].start + 0.5)
        to_uv = scene.uv[part, :, :3] @ drawing.rays
        start = scene.uv[part, :, :3] @ drawing.camera.position + scene.uv[part, :, 3]
        u, v = ((a * x + b * y + c) * depth + d for (a, b, c), d in zip(to_uv, start, strict=True))
        inside[row, column] = ~is_hole(int(scene.material[part]), u, v)
    np.copyto(found.nearness[window], near, where=inside)
    np.copyto(found.part[window], np.int32(part), where=inside)
