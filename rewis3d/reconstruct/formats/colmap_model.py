"""COLMAP's sparse models, binary or text: world-to-camera poses, and points with their views."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Final

import numpy as np
import pycolmap

from rewis3d.geometry import Camera, inverse, transform
from rewis3d.reconstruct.formats.types import Given, GivenView
from rewis3d.types import Rewis3dError

_INSIDE: Final = (".", "sparse/0", "sparse", "colmap/sparse/0")
"""Where a capture's folder may have its model."""


def find(folder: Path) -> Path | None:
    """Return the folder of the model in a capture's folder; None where there is none."""
    for inside in _INSIDE:
        place = folder / inside
        if any((place / f"images.{kind}").is_file() for kind in ("bin", "txt")):
            return place
    return None


def read(folder: Path) -> Given:
    """Read a model's folder; Rewis3dError names what is missing or unknown."""
    kind = "bin" if (folder / "images.bin").is_file() else "txt"
    missing = [f"{name}.{kind}" for name in ("cameras", "images", "points3D")]
    missing = [name for name in missing if not (folder / name).is_file()]
    if missing:
        raise Rewis3dError(f"{folder}: {missing[0]} is missing beside images.{kind}")
    try:
        model = pycolmap.Reconstruction(folder)
    except (ValueError, RuntimeError, IndexError) as error:
        first = next(iter(str(error).splitlines()), "")
        raise Rewis3dError(f"{folder}: not a COLMAP model ({first})") from error
    posed = [image for image in model.images.values() if image.has_pose]
    if not posed:
        raise Rewis3dError(f"{folder}: no image of the model has a pose")
    points = _points(model)
    views, depths = [], {}
    for image in sorted(posed, key=lambda image: image.name):
        camera = camera_of(model.cameras[image.camera_id], f"{folder}: image {image.name!r}")
        T_camera_world = np.vstack([image.cam_from_world().matrix(), [0, 0, 0, 1]])
        name = Path(image.name).stem
        views.append(GivenView(name, camera, inverse(T_camera_world)))
        seen = transform(T_camera_world, points[image.image_id])[:, 2]
        depths[name] = seen[seen > 0].astype(np.float32)
    return Given(folder, tuple(views), metric=False, points=depths)


def _points(model: pycolmap.Reconstruction) -> dict[int, np.ndarray]:
    """Return the world points that each image observes."""
    seen: defaultdict[int, list[np.ndarray]] = defaultdict(list)
    for point in model.points3D.values():
        for element in point.track.elements:
            seen[element.image_id].append(point.xyz)
    return {
        image_id: np.array(seen.get(image_id, []), np.float64).reshape(-1, 3)
        for image_id in model.images
    }


def camera_of(camera: pycolmap.Camera, where: str) -> Camera:
    """Return a COLMAP camera as ours; Rewis3dError where its lens is one that OpenCV has not."""
    model, values = camera.model.name, list(map(float, camera.params))
    if model in ("SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL", "SIMPLE_RADIAL_FISHEYE"):
        values = [values[0], *values]  # one focal length for both directions
    elif model == "RADIAL_FISHEYE":
        values = [values[0], *values]
    elif model not in ("PINHOLE", "OPENCV", "OPENCV_FISHEYE", "FULL_OPENCV"):
        raise Rewis3dError(f"{where}: camera model {model} is not supported")
    focal_x, focal_y, centre_x, centre_y, *lens = values
    K = np.array([[focal_x, 0, centre_x], [0, focal_y, centre_y], [0, 0, 1]])
    lens += [0.0] * (-len(lens) % 4)  # the radial models name the first one or two only
    fisheye = model.endswith("FISHEYE")
    try:
        return Camera(K, camera.width, camera.height, tuple(lens), fisheye)
    except Rewis3dError as error:
        raise Rewis3dError(f"{where}: {error}") from error
