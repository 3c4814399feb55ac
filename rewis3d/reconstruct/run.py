"""A reconstruction from its job folder to its report."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from rewis3d.hub import weights_are_here
from rewis3d.job import Job, read_job
from rewis3d.reconstruct import report
from rewis3d.reconstruct.config import ReconstructConfig, from_json
from rewis3d.reconstruct.forecast import forecast
from rewis3d.reconstruct.remaining import timed
from rewis3d.reconstruct.solution import Solution, save
from rewis3d.reconstruct.spent import Spent
from rewis3d.reconstruct.threads import threads
from rewis3d.reports import Done, Progress, Report
from rewis3d.scene import SceneFolder

GIVEN: Final = "given"
"""The job's option that names where cameras (and depths) were given."""

Backend = Callable[[Job, Path, ReconstructConfig, SceneFolder], Generator[Progress, None, Solution]]


def run(folder: Path) -> Iterator[Report]:
    """Reconstruct as the job folder says; goes on where a killed run was.

    Rewis3dError where a backend that was asked for is missing, or what was given can't be read. A
    clip without usable geometry is no error: its report says so, frame by frame.
    """
    spent = Spent(folder)
    job = read_job(folder)
    config = from_json(job.config)
    name = _chosen(job, config)
    scene_folder = SceneFolder(folder / job.output)
    told = forecast(job.views, config, backend=name, threads=threads())
    work = _backend(name)(job, folder, config, scene_folder)
    solution = yield from spent.through(timed(work, told.seconds, frames=len(job.views)))
    if config.backend == "auto" and solution.reasons:
        solution = yield from spent.through(_single_frames(solution, job, folder, config))
    made = report.summarise(
        job.views,
        solution,
        scene_folder,
        backend=name,
        seconds=spent.seconds,
        estimated_seconds=told.total_seconds,
    )
    report.write(made, scene_folder)
    yield Done(report.to_json(made))


def _chosen(job: Job, config: ReconstructConfig) -> str:
    if config.backend != "auto":
        return config.backend
    if GIVEN in job.options:
        return "given"
    return "mapanything" if _mapanything_ready(config) else "colmap"


def _mapanything_ready(config: ReconstructConfig) -> bool:
    """Say whether MapAnything could run at once: `auto` never downloads."""
    if find_spec("mapanything") is None:
        return False
    import torch

    return torch.cuda.is_available() and weights_are_here(config.weights)


def _single_frames(
    found: Solution, job: Job, folder: Path, config: ReconstructConfig
) -> Generator[Progress, None, Solution]:
    """Give frames without geometry a depth of their own, where weights for it are here."""
    if not weights_are_here(config.depth_weights):
        return found
    from rewis3d.reconstruct import depth

    in_scenes = {view.frame_id for scene in found.scenes for view in scene.views}
    left = [view for view in job.views if view.frame_id not in in_scenes]
    scene_folder = SceneFolder(folder / job.output)
    if left:
        found = depth.with_single_views(found, left, config)
        save(found, folder, scene_folder)
    yield from depth.fill(job, folder, config, scene_folder)
    return found


def _backend(name: str) -> Backend:
    """Import one backend: the others' packages may be missing."""
    if name == "colmap":
        from rewis3d.reconstruct import colmap as module
    elif name == "given":
        from rewis3d.reconstruct import given as module
    elif name == "mapanything":
        from rewis3d.reconstruct import mapanything as module
    else:
        from rewis3d.reconstruct import depth as module
    return module.reconstruct
