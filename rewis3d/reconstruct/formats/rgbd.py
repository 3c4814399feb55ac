"""Folders of depth images with poses, as ScanNet and TUM RGB-D lay them out.

depth/<frame>.png (.tif .npy)   one depth image for each frame of the project
pose/<frame>.txt                4 x 4 T_world_camera, OpenCV axes, metres; `poses/` is the same
intrinsics.txt                  3 x 3 or 4 x 4 K of the colour images
depth_intrinsics.txt, T_colour_depth.txt   of a depth sensor that does not lie on the colour image
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np

from rewis3d.geometry import Camera, is_rigid
from rewis3d.reconstruct.formats.types import DepthCamera, Given, GivenDepth, GivenView
from rewis3d.types import Rewis3dError

_ENDINGS: Final = (".png", ".tif", ".tiff", ".npy")


def is_one(folder: Path) -> bool:
    """Say whether a folder looks like an RGB-D capture."""
    return (folder / "depth").is_dir()


def read(folder: Path, *, units: float, registered: bool | None, size: tuple[int, int]) -> Given:
    """Read a capture whose colour images are `size` (height, width) pixels.

    `units` are stored values per metre, 0 where nobody said; `registered` says whether the depth
    images lie on the colour images, None where nobody said. Neither can be guessed: Rewis3dError
    asks for them, and names the file that is missing or wrong.
    """
    if units <= 0:
        raise Rewis3dError(
            f"{folder}: say how many stored values are a metre: depth_scale=1000 for millimetres,"
            " 5000 for TUM RGB-D"
        )
    if registered is None:
        raise Rewis3dError(
            f"{folder}: say whether the depth images lie on the colour images, pixel on pixel:"
            " depth_registered=yes or no"
        )
    K = _matrix(folder / "intrinsics.txt", (3, 4))[:3, :3]
    camera = Camera(K, size[1], size[0])
    depths = sorted(path for path in (folder / "depth").iterdir() if path.suffix in _ENDINGS)
    if not depths:
        raise Rewis3dError(f"{folder / 'depth'}: no depth image ({' '.join(_ENDINGS)})")
    sensor = None if registered else _sensor(folder, depths[0])
    views = tuple(
        GivenView(path.stem, camera, _pose(folder, path.stem), GivenDepth(path, units, sensor))
        for path in depths
    )
    return Given(folder, views, metric=True)


def _sensor(folder: Path, first: Path) -> DepthCamera:
    height, width = read_depth(GivenDepth(first, 1.0)).shape
    K = _matrix(folder / "depth_intrinsics.txt", (3, 4))[:3, :3]
    path = folder / "T_colour_depth.txt"
    T = _matrix(path, (4,))
    if not is_rigid(T):
        raise Rewis3dError(f"{path}: not a rotation and a translation")
    return DepthCamera(Camera(K, width, height), T)


def _pose(folder: Path, name: str) -> np.ndarray:
    places = [folder / kind / f"{name}.txt" for kind in ("pose", "poses")]
    path = next((place for place in places if place.is_file()), places[0])
    T = _matrix(path, (4,))
    if not is_rigid(T):
        raise Rewis3dError(f"{path}: frame {name!r} has no pose: not a rotation and a translation")
    return T


def _matrix(path: Path, sides: tuple[int, ...]) -> np.ndarray:
    try:
        matrix = np.loadtxt(path, dtype=np.float64)
    except (OSError, ValueError) as error:
        raise Rewis3dError(f"{path}: can't be read as a matrix ({error})") from error
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) not in sides:
        raise Rewis3dError(f"{path}: {matrix.shape} numbers; wanted {sides[0]} x {sides[0]}")
    return matrix


def read_depth(depth: GivenDepth) -> np.ndarray:
    """Read a depth image as float32 in the world's unit, 0 where there is none."""
    try:
        if depth.path.suffix == ".npy":
            stored = np.load(depth.path, allow_pickle=False)
        else:
            content = np.frombuffer(depth.path.read_bytes(), np.uint8)
            stored = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)
    except (OSError, ValueError, cv2.error) as error:
        raise Rewis3dError(f"{depth.path}: can't be read ({error})") from error
    if stored is None or stored.ndim != 2 or not np.issubdtype(stored.dtype, np.number):
        raise Rewis3dError(f"{depth.path}: not a depth image of one channel")
    if stored.dtype == np.uint8:
        raise Rewis3dError(f"{depth.path}: 8 bits are a picture, not depths; 16 bits are wanted")
    values = stored.astype(np.float32) / np.float32(depth.units)
    return np.where(np.isfinite(values) & (values > 0), values, np.float32(0))
