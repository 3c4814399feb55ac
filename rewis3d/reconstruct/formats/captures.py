"""Captures of other programs: found, read, matched with a project's frames, put on their grids."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float32, Float64

from rewis3d.geometry import Camera, transform
from rewis3d.images import read_grey
from rewis3d.job import Job, View
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.formats import clouds, colmap_model, kitti360, rgbd, transforms, waymo
from rewis3d.reconstruct.formats.types import DepthCamera, Given, GivenView
from rewis3d.types import Rewis3dError

SOURCE: Final = "given"
"""The job's option that names the file or folder."""
_SHAPE: Final = 0.01
"""How far two images' aspect ratios may differ before one is not the other resized."""


def of_job(job: Job, config: ReconstructConfig) -> Given | None:
    """Return the capture that the job names; None where it names none."""
    source = job.options.get(SOURCE)
    if source is None:
        return None
    return read(Path(source), config, size=(job.views[0].height, job.views[0].width))


def read(source: Path, config: ReconstructConfig, *, size: tuple[int, int]) -> Given:
    """Read a capture: cameras, and what there is of depths or points.

    It is a transforms.json, a COLMAP model, a cloud or a folder with one of the first two and
    perhaps a cloud; an RGB-D folder; KITTI-360 or the Waymo Open Dataset, or a place inside of
    them. `size` (height, width) is of the project's images; RGB-D folders don't say it.
    """
    source = source.expanduser()
    if not source.exists():
        raise Rewis3dError(f"{source}: no such file or folder")
    if source.suffix == waymo.ENDING or waymo.segment_of(source) is not None:
        return waymo.read(source, sweeps=config.sweeps)
    if source.suffix.lower() in clouds.ENDINGS:
        return clouds.beside(source, _cameras_beside(source))
    if source.is_file():
        return transforms.read(source)
    cameras = _cameras_in(source)
    if cameras is not None:
        has_depth = any(view.depth for view in cameras.views)
        cloud = None if has_depth else clouds.find(source)
        return cameras if cloud is None else clouds.beside(cloud, cameras)
    if rgbd.is_one(source):
        registered = {"yes": True, "no": False}.get(config.depth_registered)
        return rgbd.read(source, units=config.depth_scale, registered=registered, size=size)
    if kitti360.root_of(source) is not None:
        return kitti360.read(source, sweeps=config.sweeps)
    raise Rewis3dError(
        f"{source}: no {transforms.FILE}, no COLMAP model (cameras, images, points3D as .bin or"
        " .txt), no depth/ folder, no KITTI-360 (data_poses/, data_3d_raw/) and no Waymo Open"
        " Dataset of version 2 (camera_calibration/*.parquet)"
    )


def _cameras_in(folder: Path) -> Given | None:
    if (folder / transforms.FILE).is_file():
        return transforms.read(folder / transforms.FILE)
    model = colmap_model.find(folder)
    return None if model is None else colmap_model.read(model)


def _cameras_beside(cloud: Path) -> Given:
    cameras = _cameras_in(cloud.parent)
    if cameras is None:
        raise Rewis3dError(
            f"{cloud}: its cameras must lie beside it: {transforms.FILE}, or a COLMAP model"
        )
    return cameras


def match(capture: Given, views: Sequence[View]) -> dict[int, GivenView]:
    """Return the given view of each frame that has one, by the frame's name."""
    by_name: dict[str, GivenView] = {}
    for view in capture.views:
        if view.name in by_name:
            raise Rewis3dError(f"{capture.source}: two cameras for frame {view.name!r}")
        by_name[view.name] = view
    found = {view.frame_id: by_name[view.name] for view in views if view.name in by_name}
    if not found:
        raise Rewis3dError(
            f"{capture.source}: none of its {len(by_name)} cameras is of a frame of this project:"
            f" they are called {next(iter(by_name))!r} ..., the frames {views[0].name!r} ..."
        )
    return found


def camera_of(given: GivenView, view: View) -> Camera:
    """Return the camera of a frame's image; Rewis3dError where it is of one of another shape."""
    camera = given.camera
    shape = (camera.width / camera.height) / (view.width / view.height)
    if abs(shape - 1) > _SHAPE:
        raise Rewis3dError(
            f"frame {view.name!r}: its camera is of {camera.width} x {camera.height} pixels, the"
            f" frame has {view.width} x {view.height}"
        )
    return camera.resized(view.width, view.height)


def depth_on(given: GivenView, camera: Camera) -> Float32[np.ndarray, "r c"]:
    """Return the given depth on the grid of a camera of the same image, 0 where none is.

    Values are not mixed: each cell has that of the nearest depth pixel.
    """
    if given.depth is None:
        raise Rewis3dError(f"frame {given.name!r}: no depth was given")
    stored = rgbd.read_depth(given.depth)
    size = (camera.height, camera.width)
    if given.depth.sensor is not None:
        depth = _registered(stored, given.depth.sensor, camera)
    else:
        depth = _nearest(stored, size)
    return masked(depth, given)


def masked(depth: Float32[np.ndarray, "r c"], given: GivenView) -> Float32[np.ndarray, "r c"]:
    """Return a grid's depth without what the capture masks out."""
    if given.mask is None:
        return depth
    kept = _nearest(read_grey(given.mask), depth.shape) > 0
    return np.where(kept, depth, np.float32(0))


def _nearest(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the values at the centres of a grid over the same image."""
    rows = ((np.arange(size[0]) + 0.5) * image.shape[0] / size[0]).astype(np.intp)
    columns = ((np.arange(size[1]) + 0.5) * image.shape[1] / size[1]).astype(np.intp)
    return image[rows[:, None], columns]


def _registered(
    depth: Float32[np.ndarray, "h w"], sensor: DepthCamera, camera: Camera
) -> Float32[np.ndarray, "r c"]:
    """Move a depth image from its sensor's pixels to the colour camera's; the nearest wins.

    A depth pixel covers a square of the grid as large as it looks from there, so that a coarser
    sensor leaves no holes between its pixels.
    """
    rays = sensor.camera.grid_rays()
    present = depth > 0
    xyz = transform(sensor.T_colour_depth, rays[present] * depth[present, None].astype(float))
    xy = camera.project(xyz)
    side = max(1, int(np.ceil(camera.K[0, 0] / sensor.camera.K[0, 0])))
    found = np.full((camera.height, camera.width), np.inf, np.float32)
    for row in range(side):
        for column in range(side):
            shifted = xy + np.array([column, row]) - (side - 1) / 2
            _splat(found, shifted, xyz[:, 2].astype(np.float32))
    return np.where(np.isfinite(found), found, np.float32(0))


def _splat(
    found: Float32[np.ndarray, "r c"],
    xy: Float64[np.ndarray, "n 2"],
    z: Float32[np.ndarray, "n"],
) -> None:
    """Keep the smallest depth that falls into each cell."""
    cell = np.floor(np.nan_to_num(xy, nan=-1.0)).astype(np.intp)
    inside = ((cell >= 0) & (cell < found.shape[::-1])).all(axis=1)
    np.minimum.at(found, (cell[inside, 1], cell[inside, 0]), z[inside])
