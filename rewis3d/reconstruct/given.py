"""The backend for captures whose cameras (and depths) are known: other programs' files."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float32, Float64

from rewis3d.geometry import Camera, transform, up_of
from rewis3d.images import read_grey
from rewis3d.job import Job, View
from rewis3d.reconstruct import solution
from rewis3d.reconstruct.cameras.solve import ranges_of
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.formats import colmap_model, rgbd, transforms
from rewis3d.reconstruct.formats.types import DepthCamera, Given, GivenView
from rewis3d.reconstruct.solution import Solution
from rewis3d.reconstruct.stereo.densify import densify
from rewis3d.reports import Progress
from rewis3d.scene import MEDIAN_DEPTH, SceneFolder, SceneGeometry, ViewGeometry
from rewis3d.types import Rewis3dError

SOURCE: Final = "given"
"""The job's option that names the file or folder."""
NO_CAMERA: Final = "no camera was given for this frame"
_FEWEST_POINTS: Final = 20
"""Sparse points that a view needs so that its nearest and farthest mean something."""
_SHAPE: Final = 0.01
"""How far two images' aspect ratios may differ before one is not the other resized."""


def reconstruct(
    job: Job, folder: Path, config: ReconstructConfig, scene_folder: SceneFolder
) -> Generator[Progress, None, Solution]:
    """Take cameras over, with depths where the source has them; else depth comes by stereo.

    Rewis3dError names the file, the frame and the field that are wrong.
    """
    source = job.options.get(SOURCE)
    if source is None:
        raise Rewis3dError("the given backend needs a file or folder: --given DIR|FILE")
    capture = read(Path(source), config, size=(job.views[0].height, job.views[0].width))
    matched = match(capture, job.views)
    found = solution.load(folder, scene_folder)
    if found is None:
        found = yield from _solved(capture, matched, job, folder, config)
        solution.save(found, folder, scene_folder)
    with_depth = [
        view for view in scene_folder.unfinished() if matched[view.frame_id].depth is not None
    ]
    for done, view in enumerate(with_depth):
        yield Progress("reading depth", done, len(with_depth))
        depth = on_grid(matched[view.frame_id], view)
        scene_folder.write_view(view.frame_id, depth=depth, confidence=(depth > 0).astype(float))
    yield from densify(
        found.scenes, found.ranges, job.views, folder, scene_folder=scene_folder, config=config
    )
    return found


def read(source: Path, config: ReconstructConfig, *, size: tuple[int, int]) -> Given:
    """Read a capture: transforms.json, a COLMAP model or an RGB-D folder.

    `size` (height, width) is of the project's images; RGB-D folders don't say it.
    """
    source = source.expanduser()
    if source.is_file():
        return transforms.read(source)
    if not source.is_dir():
        raise Rewis3dError(f"{source}: no such file or folder")
    if (source / transforms.FILE).is_file():
        return transforms.read(source / transforms.FILE)
    model = colmap_model.find(source)
    if model is not None:
        return colmap_model.read(model)
    if rgbd.is_one(source):
        registered = {"yes": True, "no": False}.get(config.depth_registered)
        return rgbd.read(source, units=config.depth_scale, registered=registered, size=size)
    raise Rewis3dError(
        f"{source}: no {transforms.FILE}, no COLMAP model (cameras, images, points3D as .bin or"
        " .txt) and no depth/ folder"
    )


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


def _solved(
    capture: Given,
    matched: Mapping[int, GivenView],
    job: Job,
    folder: Path,
    config: ReconstructConfig,
) -> Generator[Progress, None, Solution]:
    """Return the cameras as a solution; of unknown scale, the median depth decides."""
    views = tuple(
        _geometry(view, matched[view.frame_id], config)
        for view in job.views
        if view.frame_id in matched
    )
    up = up_of(np.stack([view.T_world_camera for view in views]))
    scene = SceneGeometry(views, up, "metric" if capture.metric else "normalised")
    ranges = yield from _ranges(capture, scene, matched, job, folder=folder, config=config)
    if not capture.metric:
        scene, ranges = _normalised(scene, ranges)
    missing = {v.frame_id: NO_CAMERA for v in job.views if v.frame_id not in matched}
    notes = (f"cameras from {capture.source.name}",)
    return Solution((scene,), ranges, reasons=missing, notes=notes)


def _geometry(view: View, given: GivenView, config: ReconstructConfig) -> ViewGeometry:
    """Return a frame's view; Rewis3dError where the camera is of an image of another shape."""
    camera = given.camera
    shape = (camera.width / camera.height) / (view.width / view.height)
    if abs(shape - 1) > _SHAPE:
        raise Rewis3dError(
            f"frame {view.name!r}: its camera is of {camera.width} x {camera.height} pixels, the"
            f" frame has {view.width} x {view.height}"
        )
    return ViewGeometry.of_image(
        view.frame_id,
        camera.resized(view.width, view.height),
        T_world_camera=given.T_world_camera,
        max_side=config.max_side,
        backend=SOURCE,
    )


def _ranges(
    capture: Given,
    scene: SceneGeometry,
    matched: Mapping[int, GivenView],
    job: Job,
    *,
    folder: Path,
    config: ReconstructConfig,
) -> Generator[Progress, None, Mapping[int, tuple[float, float]]]:
    """Return near and far of each view from the source's points, else by matching images."""
    depths = {i: capture.points.get(given.name) for i, given in matched.items()}
    known = {
        i: (float(np.percentile(z, 2)) * 0.7, float(np.percentile(z, 98)) * 1.5)
        for i, z in depths.items()
        if z is not None and len(z) >= _FEWEST_POINTS
    }
    measured = [i for i, given in matched.items() if given.depth is not None]
    if len(known) == len(matched) or len(measured) == len(matched):
        return known
    matched_ranges = yield from ranges_of((scene,), job.views, folder, config)
    return {**matched_ranges, **known}


def _normalised(
    scene: SceneGeometry, ranges: Mapping[int, tuple[float, float]]
) -> tuple[SceneGeometry, Mapping[int, tuple[float, float]]]:
    """Scale a world of unknown unit so that its median depth is MEDIAN_DEPTH."""
    if not ranges:
        raise Rewis3dError("the given cameras see no point in common: their poses can't be right")
    middle = float(np.median([np.sqrt(near * far) for near, far in ranges.values()]))
    scale = MEDIAN_DEPTH / middle
    views = []
    for view in scene.views:
        T = view.T_world_camera.copy()
        T[:3, 3] *= scale
        views.append(replace(view, T_world_camera=T))
    scaled = {i: (near * scale, far * scale) for i, (near, far) in ranges.items()}
    return replace(scene, views=tuple(views)), scaled


def on_grid(given: GivenView, view: ViewGeometry) -> Float32[np.ndarray, "r c"]:
    """Return the given depth on the view's grid, unmixed: the nearest value, 0 where none is."""
    if given.depth is None:
        raise Rewis3dError(f"frame {given.name!r}: no depth was given")
    stored = rgbd.read_depth(given.depth)
    size = (view.camera.height, view.camera.width)
    if given.depth.sensor is not None:
        depth = _registered(stored, given.depth.sensor, view.camera)
    else:
        depth = _nearest(stored, size)
    if given.mask is not None:
        depth = np.where(_nearest(read_grey(given.mask), size) > 0, depth, np.float32(0))
    return depth


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
