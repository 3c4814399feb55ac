"""The embedded backend: cameras by pycolmap, depth by plane-sweep stereo; no download, no torch."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from rewis3d.job import Job
from rewis3d.reconstruct import solution
from rewis3d.reconstruct.cameras.solve import solve
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.solution import Solution
from rewis3d.reconstruct.stereo.densify import densify
from rewis3d.reports import Progress
from rewis3d.scene import SceneFolder


def reconstruct(
    job: Job, folder: Path, config: ReconstructConfig, scene_folder: SceneFolder
) -> Generator[Progress, None, Solution]:
    """Find the cameras, then the depth of each view; what a killed run finished is kept."""
    found = solution.load(folder, scene_folder)
    if found is None:
        found = yield from solve(job.views, folder, config)
        solution.save(found, folder, scene_folder)
    yield from densify(
        found.scenes, found.ranges, job.views, folder, scene_folder=scene_folder, config=config
    )
    return found
