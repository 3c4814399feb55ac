"""A view's image as it is matched: on its grid, without lens distortion."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8

from rewis3d.geometry import Camera, pixel_centres
from rewis3d.images import read_rgb
from rewis3d.reconstruct.stereo.likeness import RADIUS
from rewis3d.scene import ViewGeometry

WIDEST: Final = 1.5
"""How much larger than the grid the image without distortion may be: a fisheye loses its rim."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A view as it is matched."""

    grey: Float32[np.ndarray, "h w"]
    """0..255; NaN where the lens does not reach."""
    rgb: UInt8[np.ndarray, "h w 3"]
    """The same in colour; where the lens does not reach it continues what lies at its border."""
    camera: Camera
    """A pinhole."""
    T_world_camera: Float64[np.ndarray, "4 4"]


def pinhole_of(camera: Camera) -> Camera:
    """Return the pinhole camera of the same K that sees what a camera with a lens sees.

    It is as large as that and the windows around it take; its principal point moves along.
    """
    if not camera.distortion:
        return camera
    edge = pixel_centres(camera.height, camera.width)
    border = np.concatenate([edge[0], edge[-1], edge[:, 0], edge[:, -1]])
    seen = camera.undistorted().project(camera.rays(border))
    size = np.array([camera.width, camera.height])
    margin = size * (WIDEST - 1) / 2
    low = np.floor((np.nanmin(seen, axis=0) - RADIUS).clip(-margin, 0))
    high = np.ceil((np.nanmax(seen, axis=0) + RADIUS).clip(size, size + margin))
    K = camera.K.copy()
    K[:2, 2] -= low
    width, height = (high - low).astype(int).tolist()
    return replace(camera.undistorted(), K=K, width=width, height=height)


def read_picture(path: Path, view: ViewGeometry) -> Picture:
    """Read a view's image; Rewis3dError names the file that is not one of its size."""
    rgb = read_rgb(path, view.image_height, view.image_width).astype(np.float32)
    camera = pinhole_of(view.camera)
    size = np.array([view.image_width, view.image_height])
    # Made small first, so that no pixel is left out; then moved.
    small = np.maximum(np.round(size * view.grid.scale), 1).astype(int)
    if (small < size).any():
        small = np.minimum(small, size)
        rgb = cv2.resize(rgb, small.tolist(), interpolation=cv2.INTER_AREA)
    grid_xy = view.camera.project(camera.grid_rays().reshape(-1, 3))
    xy = view.grid.to_image(grid_xy) * (np.array(rgb.shape[1::-1]) / size) - 0.5
    # Windows about the outermost pixels continue what these show.
    last = np.add([view.camera.width, view.camera.height], RADIUS)
    outside = ~((grid_xy >= -RADIUS) & (grid_xy <= last)).all(axis=1)
    x, y = xy.T.astype(np.float32).reshape(2, camera.height, camera.width)
    rgb = cv2.remap(rgb, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.float32)
    grey = np.where(outside.reshape(x.shape), np.float32(np.nan), grey)
    return Picture(grey, rgb.round().astype(np.uint8), camera, view.T_world_camera)


def to_grid(view: ViewGeometry, *images: Float32[np.ndarray, "h w"]) -> list[np.ndarray]:
    """Bring what was found on a view's picture to its grid, each cell from the nearest pixel."""
    camera = pinhole_of(view.camera)
    if camera is view.camera:
        return list(images)
    xy = camera.project(view.camera.grid_rays().reshape(-1, 3))
    xy = (np.nan_to_num(xy, nan=-9) - 0.5).astype(np.float32)
    x, y = xy.T.reshape(2, view.camera.height, view.camera.width)
    return [cv2.remap(image, x, y, cv2.INTER_NEAREST) for image in images]
