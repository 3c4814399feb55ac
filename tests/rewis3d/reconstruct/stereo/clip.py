"""A small rendered clip as a job folder: images, cameras, exact depths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from rewis3d.geometry import Camera, pinhole
from rewis3d.job import View
from rewis3d.reconstruct.stereo.picture import Picture
from rewis3d.scene import GridMap, SceneFolder, SceneGeometry, ViewGeometry
from tests.rewis3d.reconstruct.stereo.rendering import Board, box, render

CAMERA = pinhole(80.0, 96, 72)
BOARDS = [
    Board((-9, -6, 7), (18, 0, 0), (0, 8, 0), 1, grain=0.25),
    Board((-9, 1.2, 0.5), (18, 0, 0), (0, 0, 6.6), 2, grain=0.15),
    *box(-1.6, -0.2, 4.0, (1.4, 1.4, 1.0), 3),
]
"""A wall, a floor, and a box on it."""
RANGE = (2.0, 9.0)


@dataclass(frozen=True)
class Clip:
    """Rendered views of one scene."""

    folder: Path
    views: tuple[View, ...]
    scene: SceneGeometry
    depths: tuple[np.ndarray, ...]

    @property
    def ranges(self) -> dict[int, tuple[float, float]]:
        return {view.frame_id: RANGE for view in self.views}

    def scene_folder(self) -> SceneFolder:
        found = SceneFolder(self.folder / "scene")
        if not found.has_cameras():
            found.write_cameras([self.scene])
        return found


def sideways(count: int, step: float = 0.35) -> list[np.ndarray]:
    """Return poses of a camera that moves to the right."""
    found = []
    for index in range(count):
        T = np.eye(4)
        T[0, 3] = (index - count // 2) * step
        found.append(T)
    return found


def forward(count: int, step: float = 0.3) -> list[np.ndarray]:
    """Return poses of a camera that moves ahead."""
    found = []
    for index in range(count):
        T = np.eye(4)
        T[2, 3] = (index - count // 2) * step
        found.append(T)
    return found


def write_clip(
    folder: Path,
    poses: Sequence[np.ndarray],
    *,
    camera: Camera | Sequence[Camera] = CAMERA,
    boards: Sequence[Sequence[Board]] | None = None,
) -> Clip:
    """Render a clip; `boards` and cameras may be each view's own."""
    cameras = [camera] * len(poses) if isinstance(camera, Camera) else camera
    views, geometries, depths = [], [], []
    for index, (T, camera) in enumerate(zip(poses, cameras, strict=True)):
        seen = BOARDS if boards is None else boards[index]
        image, depth = render(seen, camera, T, noise=1.0, seed=index)
        cv2.imwrite(str(folder / f"{index}.png"), image)
        size = (camera.height, camera.width)
        views.append(View(index, f"{index}.png", *size, name=str(index)))
        geometries.append(ViewGeometry(index, *size, camera, T, GridMap((1.0, 1.0)), "colmap"))
        depths.append(depth)
    scene = SceneGeometry(tuple(geometries), np.array([0.0, -1.0, 0.0]), "normalised")
    return Clip(folder, tuple(views), scene, tuple(depths))


def picture(boards: Sequence[Board], T: np.ndarray, camera: Camera = CAMERA) -> Picture:
    """Return a rendered view as it is matched."""
    grey = render(boards, camera, T)[0]
    return Picture(grey.astype(np.float32), np.repeat(grey[..., None], 3, axis=2), camera, T)
