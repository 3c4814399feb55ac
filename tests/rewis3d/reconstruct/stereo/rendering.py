"""Rendered views with exact depth: textured rectangles in space, ray by ray."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from rewis3d.geometry import Camera

TEXELS = 512
FINER = 2
"""Rays along a pixel's side."""


@dataclass(frozen=True)
class Board:
    """A textured rectangle: a corner and the two sides from there, in the world."""

    corner: tuple[float, float, float]
    across: tuple[float, float, float]
    down: tuple[float, float, float]
    seed: int = 0
    contrast: float = 40.0
    """Grey levels of its texture's deviation; 0 for a bare one."""
    grain: float = 0.12
    """Size of its finest blobs in the world's unit."""
    grey: float = 120.0

    @cached_property
    def levels(self) -> list[np.ndarray]:
        """The texture at falling sharpness: each level has blobs twice as large."""
        rng = np.random.default_rng(self.seed)
        sides = np.linalg.norm(self.across), np.linalg.norm(self.down)
        cells = [min(TEXELS, max(8, round(side / self.grain))) for side in sides]
        image = np.zeros((TEXELS, TEXELS), np.float32)
        for octave in range(4):
            shape = [max(2, size // 2**octave) for size in reversed(cells)]
            blobs = rng.standard_normal(shape).astype(np.float32)
            image += cv2.resize(blobs, (TEXELS, TEXELS), interpolation=cv2.INTER_CUBIC)
        image *= self.contrast / max(float(image.std()), 1e-6)
        levels = [np.asarray(image + np.float32(self.grey))]
        while levels[-1].shape[0] > 4:
            half = levels[-1].shape[0] // 2
            small = cv2.resize(levels[-1], (half, half), interpolation=cv2.INTER_AREA)
            levels.append(np.asarray(small, np.float32))
        return levels


def render(
    boards: Sequence[Board],
    camera: Camera,
    T_world_camera: np.ndarray,
    *,
    sky: float = 230.0,
    noise: float = 0.0,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the grey image (uint8) and the depth of each pixel's centre (0 in the sky)."""
    image, _ = _cast(boards, _finer(camera), T_world_camera, sky)
    size = (camera.width, camera.height)
    image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    image += noise * np.random.default_rng(seed).standard_normal(image.shape)
    _, depth = _cast(boards, camera, T_world_camera, sky)
    return image.clip(0, 255).round().astype(np.uint8), depth


def _finer(camera: Camera) -> Camera:
    return camera.resized(camera.width * FINER, camera.height * FINER)


def _cast(
    boards: Sequence[Board], camera: Camera, T_world_camera: np.ndarray, sky: float
) -> tuple[np.ndarray, np.ndarray]:
    rays = (camera.grid_rays() @ T_world_camera[:3, :3].T).astype(np.float32)
    eye = T_world_camera[:3, 3]
    depth = np.full(rays.shape[:2], np.inf, np.float32)
    image = np.full(rays.shape[:2], sky, np.float32)
    for board in boards:
        sides = np.array([board.across, board.down])
        normal = np.cross(*sides)
        offset = np.array(board.corner) - eye
        facing, u, v = np.moveaxis(rays @ np.stack([normal, *sides]).T.astype(np.float32), -1, 0)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            z = np.float32(offset @ normal) / facing
            a = (z * u - np.float32(offset @ sides[0])) / np.float32(sides[0] @ sides[0])
            b = (z * v - np.float32(offset @ sides[1])) / np.float32(sides[1] @ sides[1])
            hit = (z > 0.05) & (z < depth) & (a >= 0) & (a <= 1) & (b >= 0) & (b <= 1)
        if not hit.any():
            continue
        slant = np.abs(facing[hit]) / np.linalg.norm(normal)
        footprint = z[hit] / camera.K[0, 0] / np.sqrt(np.maximum(slant, 0.02))
        level = np.log2(footprint * TEXELS / np.linalg.norm(sides, axis=1).max())
        image[hit] = _shade(board.levels, a[hit], b[hit], level)
        depth[hit] = z[hit]
    return image, np.where(np.isfinite(depth), depth, 0)


def _shade(levels: list[np.ndarray], a: np.ndarray, b: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Look a texture up at two levels of sharpness and mix them."""
    level = level.clip(0, len(levels) - 1)
    out = np.zeros(a.shape, np.float32)
    for index, texture in enumerate(levels):
        near = np.abs(level - index) < 1
        size = texture.shape[0]
        x, y = (a[near] * size - 0.5).astype(np.float32), (b[near] * size - 0.5).astype(np.float32)
        parts = range(0, len(x), 30000)  # OpenCV's images are not wider
        found = [_bilinear(texture, x[i : i + 30000], y[i : i + 30000]) for i in parts]
        if found:
            out[near] += (1 - np.abs(level - index))[near] * np.concatenate(found)
    return out


def _bilinear(texture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    border = cv2.BORDER_REPLICATE
    return cv2.remap(texture, x[None], y[None], cv2.INTER_LINEAR, borderMode=border)[0]


def box(x: float, y: float, z: float, size: tuple[float, float, float], seed: int) -> list[Board]:
    """Return front, sides and top of a box whose front upper left corner is (x, y, z)."""
    w, h, d = size
    return [
        Board((x, y, z), (w, 0, 0), (0, h, 0), seed),
        Board((x, y, z), (0, 0, d), (0, h, 0), seed + 1),
        Board((x + w, y, z), (0, 0, d), (0, h, 0), seed + 2),
        Board((x, y, z), (w, 0, 0), (0, 0, d), seed + 3),
    ]


def street(seed: int = 0) -> list[Board]:
    """Return a street: ground, two rows of fronts, a far end, boxes; the rest is sky."""
    rng = np.random.default_rng(seed)
    boards = [
        Board((-8, 1.5, -4), (16, 0, 0), (0, 0, 64), seed + 100, contrast=18, grain=0.05),
        Board((-9, -9, 60), (18, 0, 0), (0, 10.5, 0), seed + 101, grain=0.5),
    ]
    for side in (-8, 8):
        for k in range(8):
            height = float(rng.uniform(4, 9))
            front = ((side, 1.5 - height, -4 + 8 * k), (0, 0, 8), (0, height, 0))
            boards.append(Board(*front, seed + 110 + 2 * k + (side > 0), float(rng.uniform(8, 40))))
    for k in range(7):
        x, z = float(rng.uniform(2, 6)) * (-1) ** k, 6 + 5.0 * k
        boards += box(x, 0.3, z, (1.2, 1.2, 2.0), seed + 200 + 5 * k)
    return boards


def poses(motion: str, count: int, step: float) -> list[np.ndarray]:
    """Return T_world_camera of a camera that moves "lateral" or "forward"."""
    way = {"lateral": np.array([1.0, 0, 0]), "forward": np.array([0, 0, 1.0])}[motion]
    found = []
    for k in range(count):
        T = np.eye(4)
        T[:3, 3] = way * (k * step) + [0, 0.02 * np.sin(k), 0]
        T[:3, :3] = cv2.Rodrigues(np.array([0.004 * np.sin(k), 0.02 * np.sin(k / 5), 0]))[0]
        found.append(T)
    return found
