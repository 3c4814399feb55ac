"""A small scene that clouds are drawn from: the ground and two walls, seen from a few places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rewis3d.geometry import transform
from rewis3d.scene import Scene, SceneView
from tests.rewis3d.stage import ground, pose, view_of, wall

UP = np.array([0.0, -1.0, 0.0])
QUADS = (ground(0), wall(12.0, 1, x=-3.0, width=5.0), wall(20.0, 2, x=-40.0))
SIZE = (12, 16)
FRAMES = (3, 5, 8)


def street(*, image: int = 1, lens: tuple[float, ...] = (), seed: int = 0) -> Scene:
    """Return three views two metres apart; a tenth of each one's cells has no confidence."""
    rng = np.random.default_rng(seed)
    views = []
    for place, frame in enumerate(FRAMES):
        view = view_of(
            QUADS,
            pose(0.3 * place, 0, 2.0 * place, yaw=4.0 * place),
            frame_id=frame,
            size=SIZE,
            focal=14.0,
            lens=lens,
            image=image,
        )
        trusted = rng.random(SIZE) > 0.1
        confidence = rng.uniform(0.2, 1, SIZE).astype(np.float16)
        confidence = np.where(trusted & (view.depth > 0), confidence, np.float16(0))
        views.append(replace(view, confidence=confidence))
    return Scene(0, tuple(views), UP, "metric")


def usable(view: SceneView) -> list[int]:
    """Return the usable cells of a view, looking at one after the other."""
    depth, confidence = view.depth.reshape(-1), view.confidence.reshape(-1)
    mask = np.ones(depth.size, bool) if view.mask is None else view.mask.reshape(-1)
    return [i for i in range(depth.size) if depth[i] > 0 and confidence[i] > 0 and mask[i]]


def world(view: SceneView, cells: list[int]) -> np.ndarray:
    """Return cells' points of the world, by SceneView's own way."""
    return view.points(np.array(cells, np.int64)) if cells else np.zeros((0, 3))


def in_camera(view: SceneView, xyz: np.ndarray) -> np.ndarray:
    """Return points of the world in a view's camera."""
    return transform(np.linalg.inv(view.geometry.T_world_camera), xyz)
