"""Light on the surface: what colour each pixel's centre shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float32, Float64, Int32

from app.street.camera import Camera
from app.street.material import SIZE, Material, look_up
from app.street.scene import Scene
from app.street.surface import Surface

HAZE: Final = 700.0
"""Metres after which 63 % of a colour is lost in the haze."""
STAIN: Final = 11.0
"""Metres of one repeat of the stains that lie over every surface."""
_OFF = np.float32(0.1)
"""Metres off the surface where the sun is looked for, lest a surface shades itself."""
_BAND: Final = 72
"""Rows that are worked on at once: what they need stays in the cache."""


@dataclass(frozen=True, slots=True)
class Light:
    """The sun and the sky."""

    direction: Float64[np.ndarray, "3"]
    """From the ground to the sun, one metre long."""
    sun: Float32[np.ndarray, "3"]
    sky: Float32[np.ndarray, "3"]
    """Reflected by a white surface that faces it."""
    zenith: Float32[np.ndarray, "3"]
    horizon: Float32[np.ndarray, "3"]
    """What the sky looks like above and far away."""
    clouds: float
    """-0.3 hardly any, 1 many."""
    drift: float
    """Where the clouds are, in repeats of their pattern."""


@dataclass(frozen=True, slots=True)
class Shadow:
    """What the sun sees: all else lies in the shade."""

    camera: Camera
    nearness: Float32[np.ndarray, "h w"]
    """1 / metres to what it meets first."""


def radiance(
    scene: Scene, camera: Camera, seen: Surface, *, light: Light, shadow: Shadow
) -> Float32[np.ndarray, "h w 3"]:
    """Return the light that comes from each pixel's centre; 1 is a white surface in the sun."""
    picture = np.empty((*seen.part.shape, 3), np.float32)
    for top in range(0, camera.height, _BAND):
        rows = slice(top, min(top + _BAND, camera.height))
        rays = _rays(camera, rows)
        solid = seen.part[rows] >= 0
        if not solid.all():
            picture[rows] = _sky(rays, light)
        if solid.any():
            _lit(scene, camera, seen, rows, rays, light, shadow, picture[rows])
    return picture


def _rays(camera: Camera, rows: slice) -> Float32[np.ndarray, "3 h w"]:
    x = np.arange(camera.width) + 0.5
    y = np.arange(rows.start, rows.stop)[:, None] + 0.5
    M = camera.rays
    return np.stack([a * x + (b * y + c) for a, b, c in M]).astype(np.float32)


def _sky(rays: Float32[np.ndarray, "3 h w"], light: Light) -> Float32[np.ndarray, "h w 3"]:
    """Return the sky in these directions: blue above, bright below, clouds on a far ceiling."""
    x, y, z = rays / np.sqrt(np.square(rays).sum(axis=0))
    up = np.clip(-y, 0.0, 1.0)
    blue = np.power(up, 0.45)[..., None]
    colour = light.horizon + blue * (light.zenith - light.horizon)
    ceiling = 1 / (up + 0.12)
    kind = np.full(up.shape, Material.DIRT, np.int32)
    level = np.zeros_like(up)
    wide = look_up(kind, x * ceiling * 0.11 + light.drift, z * ceiling * 0.11, level)[..., 0]
    fine = look_up(kind, x * ceiling * 0.37, z * ceiling * 0.37 - light.drift, level)[..., 0]
    cover = np.clip((0.7 * wide + 0.3 * fine - 0.80 + 0.14 * light.clouds) * 5, 0, 0.9)
    cover *= np.clip(up * 8, 0, 1)
    return colour + cover[..., None] * (1.25 * light.horizon - colour)


def _lit(
    scene: Scene,
    camera: Camera,
    seen: Surface,
    rows: slice,
    rays: Float32[np.ndarray, "3 h w"],
    light: Light,
    shadow: Shadow,
    picture: Float32[np.ndarray, "h w 3"],
) -> None:
    """Put the surface's colour into the picture wherever there is one."""
    part = seen.part[rows]
    solid = part >= 0
    part = np.maximum(part, 0)
    depth = 1 / np.maximum(seen.nearness[rows], 1e-4)
    P = camera.position.astype(np.float32)[:, None, None] + depth * rays
    normal = _normals(scene, camera, part, P)
    slant = np.abs((normal * rays).sum(axis=0)) / np.sqrt(np.square(rays).sum(axis=0))
    albedo = _albedo(scene, part, P, depth / camera.K[0, 0].astype(np.float32), slant)
    facing = _along(light.direction, normal)
    soft = scene.material[part] == Material.LEAVES
    facing = np.where(soft, 0.35 + 0.65 * facing, facing).clip(0, 1)
    facing *= _in_the_sun(P + _OFF * normal, shadow)
    above = 0.62 - 0.38 * normal[1]
    incoming = facing[..., None] * light.sun + above[..., None] * light.sky
    clear = np.exp(-depth / HAZE)[..., None]
    colour = albedo * incoming * clear + light.horizon * (1 - clear)
    np.copyto(picture, colour.astype(np.float32), where=solid[..., None])


def _normals(
    scene: Scene,
    camera: Camera,
    part: Int32[np.ndarray, "h w"],
    P: Float32[np.ndarray, "3 h w"],
) -> Float32[np.ndarray, "3 h w"]:
    """Return unit normals on the camera's side."""
    a, b, c = (scene.corners[:, index] for index in range(3))
    flat = np.cross(b - a, c - a)
    behind = ((camera.position - a) * flat).sum(axis=1) < 0
    flat *= np.where(behind, -1, 1)[:, None] / np.linalg.norm(flat, axis=1)[:, None]
    table = np.concatenate([flat, np.zeros_like(scene.centres)]).astype(np.float32)
    normal = np.ascontiguousarray(table.T)[:, part]
    row, column = np.nonzero(part >= len(flat))
    if len(row):
        ball = part[row, column] - len(flat)
        Q = np.linalg.inv(scene.axes @ scene.axes.transpose(0, 2, 1)).astype(np.float32)
        centres = scene.centres.astype(np.float32)
        outward = np.einsum("nij,nj->in", Q[ball], P[:, row, column].T - centres[ball])
        normal[:, row, column] = outward / np.sqrt(np.square(outward).sum(axis=0))
    return normal


def _albedo(
    scene: Scene,
    part: Int32[np.ndarray, "h w"],
    P: Float32[np.ndarray, "3 h w"],
    pixel: Float32[np.ndarray, "h w"],
    slant: Float32[np.ndarray, "h w"],
) -> Float32[np.ndarray, "h w 3"]:
    """Return the share of light that the surface gives back.

    `pixel` is a pixel's size there in metres, `slant` the cosine of the angle it is seen at.
    """
    uv = scene.uv.astype(np.float32)
    coefficient = np.ascontiguousarray(uv.reshape(-1, 8).T)
    u, v = (
        coefficient[k][part] * P[0]
        + coefficient[k + 1][part] * P[1]
        + coefficient[k + 2][part] * P[2]
        + coefficient[k + 3][part]
        for k in (0, 4)
    )
    texels = SIZE * np.linalg.norm(uv[:, :, :3], axis=2).max(axis=1)
    spread = pixel / np.sqrt(np.maximum(slant, 0.02))
    height, width = part.shape
    # 9 samples of a pixel share the step between two levels: no line where the texture changes
    step = np.float32(1 / 9) * (np.arange(height, dtype=np.float32)[:, None] % 3 * 3)
    step = step + np.arange(width, dtype=np.float32) % 3 / np.float32(9)
    level = np.log2(texels.astype(np.float32)[part] * spread) + step
    colour = look_up(scene.material[part], u, v, level)
    ratio = (scene.tile / STAIN)[part]
    own = (scene.uv[:, 0, 3] * 0.371 + np.arange(len(uv)) // 64 * 0.618).astype(np.float32)[part]
    dirt = np.zeros_like(part)
    stain = look_up(dirt, u * ratio + own, v * ratio + 0.7 * own, level + np.log2(ratio))
    colour *= scene.tint[part]
    return colour * (0.30 + 0.95 * stain[..., :1])


def _in_the_sun(P: Float32[np.ndarray, "3 h w"], shadow: Shadow) -> Float32[np.ndarray, "h w"]:
    """Return the share of the sun that arrives: four samples about the place."""
    camera = shadow.camera
    away = P - camera.position.astype(np.float32)[:, None, None]
    x, y, z = (_along(axis, away) for axis in camera.T_world_camera[:3, :3].T)
    focal, (cx, cy) = np.float32(camera.K[0, 0]), camera.K[:2, 2].astype(np.float32)
    column, row = x / z * focal + cx, y / z * focal + cy
    lit = np.zeros_like(z)
    for dx, dy in ((-0.9, -0.4), (0.4, -0.9), (0.9, 0.4), (-0.4, 0.9)):
        near = cv2.remap(shadow.nearness, column + (dx - 0.5), row + (dy - 0.5), cv2.INTER_NEAREST)
        lit += near * (z - 0.12) < 1
    return lit / 4


def _along(
    axis: Float64[np.ndarray, "3"], vectors: Float32[np.ndarray, "3 h w"]
) -> Float32[np.ndarray, "h w"]:
    """Return the vectors' products with an axis; BLAS takes longer for three numbers."""
    a, b, c = axis.astype(np.float32)
    return a * vectors[0] + b * vectors[1] + c * vectors[2]
