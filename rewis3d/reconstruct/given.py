"""The backend for captures whose cameras (and depths) are known: other programs' files."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from rewis3d.geometry import up_of
from rewis3d.job import Job, View
from rewis3d.reconstruct import solution
from rewis3d.reconstruct.cameras.solve import ranges_of
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.formats import captures
from rewis3d.reconstruct.formats.types import Given, GivenView
from rewis3d.reconstruct.solution import Solution
from rewis3d.reconstruct.stereo.densify import densify
from rewis3d.reports import Progress
from rewis3d.scene import MEDIAN_DEPTH, SceneFolder, SceneGeometry, ViewGeometry
from rewis3d.types import Rewis3dError

NO_CAMERA: Final = "no camera was given for this frame"
_FEWEST_POINTS: Final = 20
"""Sparse points that a view needs so that its nearest and farthest mean something."""


def reconstruct(
    job: Job, folder: Path, config: ReconstructConfig, scene_folder: SceneFolder
) -> Generator[Progress, None, Solution]:
    """Take cameras over, with depths where the source has them; else depth comes by stereo.

    Rewis3dError names the file, the frame and the field that are wrong.
    """
    capture = captures.of_job(job, config)
    if capture is None:
        raise Rewis3dError("the given backend needs a file or folder: --given DIR|FILE")
    matched = captures.match(capture, job.views)
    found = solution.load(folder, scene_folder)
    if found is None:
        found = yield from _solved(capture, matched, job, folder, config)
        solution.save(found, folder, scene_folder)
    with_depth = [
        view for view in scene_folder.unfinished() if matched[view.frame_id].depth is not None
    ]
    for done, view in enumerate(with_depth):
        yield Progress("reading depth", done, len(with_depth))
        depth = captures.depth_on(matched[view.frame_id], view.camera)
        scene_folder.write_view(view.frame_id, depth=depth, confidence=(depth > 0).astype(float))
    if any(True for _ in scene_folder.unfinished()):
        yield from densify(
            found.scenes, found.ranges, job.views, folder, scene_folder=scene_folder, config=config
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
    return ViewGeometry.of_image(
        view.frame_id,
        captures.camera_of(given, view),
        T_world_camera=given.T_world_camera,
        max_side=config.max_side,
        backend=captures.SOURCE,
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
