"""The backend for captures whose cameras (and depths, or points) are known: others' files."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float32

from rewis3d.geometry import up_of
from rewis3d.job import Job, View
from rewis3d.reconstruct import placing, solution
from rewis3d.reconstruct.cameras.solve import ranges_of
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.formats import captures
from rewis3d.reconstruct.formats.types import Given, GivenView, Measured
from rewis3d.reconstruct.solution import Solution
from rewis3d.reconstruct.stereo.densify import densify
from rewis3d.reports import Progress
from rewis3d.scene import MEDIAN_DEPTH, SceneFolder, SceneGeometry, ViewGeometry
from rewis3d.types import Rewis3dError

NO_CAMERA: Final = "no camera was given for this frame"
_FEWEST_POINTS: Final = 20
"""Points that a view needs so that its nearest and farthest mean something."""


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
    yield from _read_depths(matched, scene_folder)
    if capture.measured is not None:
        tally = placing.Tally()
        yield from _place_points(
            capture.measured, scene_folder, matched=matched, found=found, folder=folder, tally=tally
        )
        found = replace(found, notes=(*found.notes, *tally.notes()))
    if any(True for _ in scene_folder.unfinished()):
        yield from densify(
            found.scenes, found.ranges, job.views, folder, scene_folder=scene_folder, config=config
        )
    return found


def _read_depths(
    matched: Mapping[int, GivenView], scene_folder: SceneFolder
) -> Generator[Progress, None, None]:
    """Put the depth images onto their views' grids."""
    with_depth = [
        view for view in scene_folder.unfinished() if matched[view.frame_id].depth is not None
    ]
    for done, view in enumerate(with_depth):
        yield Progress("reading depth", done, len(with_depth))
        depth = captures.depth_on(matched[view.frame_id], view.camera)
        _write(view, depth, scene_folder)


def _place_points(
    measured: Measured,
    scene_folder: SceneFolder,
    *,
    matched: Mapping[int, GivenView],
    found: Solution,
    folder: Path,
    tally: placing.Tally,
) -> Generator[Progress, None, None]:
    """Give the other views the depth of the points that they see."""
    waiting = list(scene_folder.unfinished())
    yield Progress("reading points", 0, len(waiting))
    placed = placing.depths(measured, waiting, given=matched, tally=tally, scratch=folder)
    for done, (view, depth) in enumerate(placed, start=1):
        _write(view, depth * np.float32(found.scale), scene_folder)
        yield Progress("reading points", done, len(waiting))


def _write(
    view: ViewGeometry, depth: Float32[np.ndarray, "r c"], scene_folder: SceneFolder
) -> None:
    """Write what was measured: it is trusted wholly, and nothing else is."""
    scene_folder.write_view(view.frame_id, depth=depth, confidence=(depth > 0).astype(float))


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
    scale = 1.0 if capture.metric else _scale(ranges)
    missing = {
        view.frame_id: capture.reasons.get(view.name, NO_CAMERA)
        for view in job.views
        if view.frame_id not in matched
    }
    return Solution(
        (_scaled(scene, scale),),
        {i: (near * scale, far * scale) for i, (near, far) in ranges.items()},
        reasons=missing,
        notes=(f"cameras from {capture.source.name}", *capture.notes),
        scale=scale,
    )


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
    with_depth = [i for i, given in matched.items() if given.depth is not None]
    if len(known) == len(matched) or len(with_depth) == len(matched):
        return known
    if capture.measured is not None:
        # only a world of unknown unit needs to know how far away things are
        if capture.metric:
            return known
        return placing.ranges(capture.measured, scene.views, given=matched, scratch=folder)
    matched_ranges = yield from ranges_of((scene,), job.views, folder, config)
    return {**matched_ranges, **known}


def _scale(ranges: Mapping[int, tuple[float, float]]) -> float:
    """Return what scales a world of unknown unit so that its median depth is MEDIAN_DEPTH."""
    if not ranges:
        raise Rewis3dError("the given cameras see no point in common: their poses can't be right")
    middle = float(np.median([np.sqrt(near * far) for near, far in ranges.values()]))
    return MEDIAN_DEPTH / middle


def _scaled(scene: SceneGeometry, scale: float) -> SceneGeometry:
    views = []
    for view in scene.views:
        T = view.T_world_camera.copy()
        T[:3, 3] *= scale
        views.append(replace(view, T_world_camera=T))
    return replace(scene, views=tuple(views))
