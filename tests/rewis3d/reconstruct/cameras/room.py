"""A small scene of textured rectangles, seen by a camera that goes where a test sends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from rewis3d.geometry import Camera, pinhole
from rewis3d.job import View

WIDTH, HEIGHT, FOCAL = 256, 192, 250.0


@dataclass(frozen=True)
class Board:
    """A textured rectangle: its corner, its two edges, and its texture (8 texels a unit)."""

    corner: Float64[np.ndarray, "3"]
    along: Float64[np.ndarray, "3"]
    across: Float64[np.ndarray, "3"]
    texture: UInt8[np.ndarray, "r c"]


def board(corner, along, across, *, seed: int) -> Board:
    corner, along, across = (np.array(v, float) for v in (corner, along, across))
    size = [round(float(np.linalg.norm(edge)) * 12) for edge in (across, along)]
    rng = np.random.default_rng(seed)
    octaves = [
        cv2.resize(
            rng.uniform(0, 1, [max(side // step, 2) for side in size]).astype(np.float32),
            (size[1], size[0]),
            interpolation=cv2.INTER_CUBIC,
        )
        for step in (2, 6, 18)
    ]
    texture = np.sum(octaves, axis=0)
    span = texture.max() - texture.min()
    return Board(corner, along, across, ((texture - texture.min()) / span * 255).astype(np.uint8))


def room(seed: int = 0) -> list[Board]:
    """A floor, a wall at the far end and boxes' fronts between; x right, y down, z ahead."""
    boards = [
        board((-15, 2, 1), (30, 0, 0), (0, 0, 30), seed=seed),
        board((-20, -12, 30), (40, 0, 0), (0, 14, 0), seed=seed + 1),
        board((-6, -6, 4), (0, 0, 24), (0, 8, 0), seed=seed + 2),
    ]
    places = ((-4, 9), (1, 7), (4, 11), (-1.5, 15), (3, 18))
    for number, (x, z) in enumerate(places, start=3):
        boards.append(board((x, -1, z), (2.5, 0, 0), (0, 3, 0), seed=seed + number))
    return boards


def camera() -> Camera:
    return pinhole(FOCAL, WIDTH, HEIGHT)


def pose(x=0.0, y=0.0, z=0.0, *, yaw=0.0) -> Float64[np.ndarray, "4 4"]:
    """T_world_camera at a place, turned to the right by yaw degrees."""
    s, c = np.sin(np.radians(yaw)), np.cos(np.radians(yaw))
    T = np.eye(4)
    T[:3, :3] = [[c, 0, s], [0, 1, 0], [-s, 0, c]]
    T[:3, 3] = (x, y, z)
    return T


def picture(boards: Sequence[Board], T_world_camera, *, noise: float, seed: int):
    """Return the image (h, w) uint8 and the depth (h, w)."""
    rays = camera().grid_rays() @ T_world_camera[:3, :3].T
    origin = T_world_camera[:3, 3]
    depth = np.full((HEIGHT, WIDTH), np.inf)
    image = np.full((HEIGHT, WIDTH), 128.0)
    for item in boards:
        normal = np.cross(item.along, item.across)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (item.corner - origin) @ normal / (rays @ normal)
            hit = origin + rays * t[..., None] - item.corner
        u, v = (hit @ edge / (edge @ edge) for edge in (item.along, item.across))
        inside = (u >= 0) & (u <= 1) & (v >= 0) & (v <= 1) & (t > 0.1) & (t < depth)
        rows, columns = item.texture.shape
        look_x, look_y = (
            np.where(inside, at * size - 0.5, 0).astype(np.float32)
            for at, size in ((u, columns), (v, rows))
        )
        painted = cv2.remap(item.texture, look_x, look_y, cv2.INTER_LINEAR)
        image[inside], depth[inside] = painted[inside], t[inside]
    image += np.random.default_rng(seed).normal(0, noise, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8), depth


def film(folder: Path, poses, *, boards=None, clip=0, first=1, noise=2.0) -> list[View]:
    """Write one image per pose into a job folder and return its views."""
    folder.mkdir(parents=True, exist_ok=True)
    made = [
        picture(boards or room(), T, noise=noise, seed=first + at)[0] for at, T in enumerate(poses)
    ]
    return store(folder, made, clip=clip, first=first)


def store(folder: Path, images, *, clip=0, first=1) -> list[View]:
    folder.mkdir(parents=True, exist_ok=True)
    views = []
    for number, image in enumerate(images, start=first):
        cv2.imwrite(str(folder / f"{number:06d}.png"), image)
        views.append(View(number, f"{number:06d}.png", *image.shape[:2], clip=clip))
    return views
