"""Cameras on a way through a cloud of points, as chunks see them that know no place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import Rotation

from rewis3d.geometry import inverse, pinhole, transform
from rewis3d.reconstruct.chunks.piece import Piece, Sample
from rewis3d.reconstruct.chunks.seam import Shared
from rewis3d.reconstruct.chunks.similarity import Similarity
from rewis3d.scene import GridMap, SceneGeometry, ViewGeometry

WAYS = ("curve", "line", "still")
CLOUD = np.random.default_rng(0).uniform((-6, -3, 6), (6, 3, 30), (200, 3))
"""What all cameras see: x right, y down, z ahead."""


def pose(way: str, at: int) -> Float64[np.ndarray, "4 4"]:
    """T_world_camera of a frame: along a curve, straight on, or only turning."""
    T = np.eye(4)
    turn = 0.0 if way == "line" else 0.02 * at
    T[:3, :3] = Rotation.from_euler("yx", (turn, turn / 3)).as_matrix()
    if way != "still":
        T[:3, 3] = (0.0 if way == "line" else 0.01 * at**2, 0.0, 0.3 * at)
    return T


def similarity(seed: int) -> Similarity:
    rng = np.random.default_rng(seed)
    R = Rotation.random(rng=rng).as_matrix()
    return Similarity(float(np.exp(rng.uniform(-1.5, 1.5))), R, rng.normal(0, 8, 3))


def shared(S_a_b: Similarity, way: str, count: int) -> list[Shared]:
    """Frames as worlds a and b tell of them exactly."""
    S_b_a = S_a_b.inverse()
    found = []
    for at in range(count):
        T = pose(way, at)
        depth = transform(inverse(T), CLOUD)[:, 2]
        found.append(Shared(T, S_b_a.pose(T), depth, depth * S_b_a.scale))
    return found


def disturbed(frame: Shared, seed: int) -> Shared:
    """A frame that chunk b has got altogether wrong."""
    T_b_camera = similarity(seed).pose(frame.T_b_camera)
    return replace(frame, T_b_camera=T_b_camera, depth_b=frame.depth_b * 3.1)


def piece(
    chunk: int,
    frames: Sequence[int],
    S_piece_world: Similarity,
    *,
    placed: Sequence[int] | None = None,
    wrong: Sequence[int] = (),
    way: str = "curve",
) -> Piece:
    """What a chunk found of frames whose numbers are their places on the way."""
    views, samples = [], {}
    for frame in frames if placed is None else placed:
        T = pose(way, frame)
        depth = transform(inverse(T), CLOUD)[:, 2] * S_piece_world.scale
        T = S_piece_world.pose(T)
        if frame in wrong:
            T = similarity(frame + 77).pose(T)
        views.append(
            ViewGeometry(frame, 60, 80, pinhole(70.0, 80, 60), T, GridMap((1.0, 1.0)), "colmap")
        )
        samples[frame] = Sample(np.arange(len(depth)), depth)
    scene = SceneGeometry(tuple(views), np.array([0.0, -1.0, 0.0]), "normalised")
    return Piece(chunk, tuple(frames), scene, samples)
