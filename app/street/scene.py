"""A scene: the parts of many shapes at their places in the world, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, UInt8

from app.street.material import Material, textures
from app.street.shape import CORNERS, Coat, Face, Shape


@dataclass(frozen=True, slots=True)
class Placed:
    """A shape in the world."""

    shape: Shape
    T_world_shape: Float64[np.ndarray, "4 4"]
    moving: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """Faces first, then balls: part i is face i, or ball i less the number of faces."""

    corners: Float64[np.ndarray, "f 6 3"]
    """Of faces; those with fewer repeat their last one."""
    centres: Float64[np.ndarray, "g 3"]
    axes: Float64[np.ndarray, "g 3 3"]
    """Of balls: half axes as columns."""
    uv: Float64[np.ndarray, "n 2 4"]
    material: Int32[np.ndarray, "n"]
    tint: Float32[np.ndarray, "n 3"]
    tile: Float32[np.ndarray, "n"]
    class_id: UInt8[np.ndarray, "n"]
    moving: Bool[np.ndarray, "n"]
    perforated: Bool[np.ndarray, "n"]
    """The texture has holes."""


def assemble(things: Sequence[Placed]) -> Scene:
    """Return the scene of these things."""
    faces, balls = [], []
    for thing in things:
        for part in thing.shape:
            (faces if isinstance(part, Face) else balls).append((part, thing))
    corners = np.array([_corners(part) for part, _ in faces]).reshape(-1, CORNERS, 3)
    centres = np.array([part.centre for part, _ in balls]).reshape(-1, 3)
    axes = np.array([part.axes for part, _ in balls]).reshape(-1, 3, 3)
    both = faces + balls
    T = np.array([thing.T_world_shape for _, thing in both]).reshape(-1, 4, 4)
    T_face, T_ball = T[: len(faces)], T[len(faces) :]
    holes = textures().holes.reshape(len(Material), -1)
    coats: list[Coat] = [part.coat for part, _ in both]
    material = np.array([coat.material for coat in coats], np.int32)
    return Scene(
        corners=_turned(T_face, corners) + T_face[:, None, :3, 3],
        centres=_turned(T_ball, centres[:, None])[:, 0] + T_ball[:, :3, 3],
        axes=T_ball[:, :3, :3] @ axes,
        uv=np.array([part.uv for part, _ in both]).reshape(-1, 2, 4) @ np.linalg.inv(T),
        material=material,
        tint=np.array([coat.tint for coat in coats], np.float32).reshape(-1, 3),
        tile=np.array([coat.tile for coat in coats], np.float32),
        class_id=np.array([coat.class_id for coat in coats], np.uint8),
        moving=np.array([thing.moving for _, thing in both], bool),
        perforated=np.asarray(holes.any(axis=1))[material],
    )


def joined(first: Scene, second: Scene) -> Scene:
    """Return both scenes as one."""
    n, m = len(first.corners), len(second.corners)

    def parts(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.concatenate([a[:n], b[:m], a[n:], b[m:]])

    return Scene(
        corners=np.concatenate([first.corners, second.corners]),
        centres=np.concatenate([first.centres, second.centres]),
        axes=np.concatenate([first.axes, second.axes]),
        uv=parts(first.uv, second.uv),
        material=parts(first.material, second.material),
        tint=parts(first.tint, second.tint),
        tile=parts(first.tile, second.tile),
        class_id=parts(first.class_id, second.class_id),
        moving=parts(first.moving, second.moving),
        perforated=parts(first.perforated, second.perforated),
    )


def _corners(part: Face) -> Float64[np.ndarray, "6 3"]:
    missing = CORNERS - len(part.corners)
    return np.concatenate([part.corners, np.repeat(part.corners[-1:], missing, axis=0)])


def _turned(
    T: Float64[np.ndarray, "n 4 4"], points: Float64[np.ndarray, "n k 3"]
) -> Float64[np.ndarray, "n k 3"]:
    return points @ T[:, :3, :3].transpose(0, 2, 1)
