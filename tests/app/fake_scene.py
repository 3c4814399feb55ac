"""Scenes for the child without networks: cameras in a row, depths of a plane, and no geometry for
the last frame. A view that is made is marked, so that a test sees which were made twice.

The job's config says how: `seconds` for each frame, and `wrong` before the frame of number `at`, as
for the rounds of tests/app/fake_child.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from app import scenes
from app.scenes import SceneRow
from app.workspace import Workspace
from rewis3d.geometry import pinhole
from rewis3d.job import Job, View, read_job
from rewis3d.reconstruct import report, solution
from rewis3d.reconstruct.solution import Solution
from rewis3d.reports import Done, Progress, Report
from rewis3d.scene import GridMap, SceneFolder, SceneGeometry, ViewGeometry
from tests.app.fake_child import go_wrong

STILL: Final = "the camera does not move here"
MADE: Final = "made.txt"
"""In the job folder: a line for each view that was made."""


def fake_scene(workspace: Workspace, **config: Any) -> SceneRow:
    """Queue a scene for the fake child."""
    with workspace.write() as conn:
        return scenes.create(conn, config={"seed": 0, "backend": "auto", **config})


def run(folder: Path) -> Iterator[Report]:
    job = read_job(folder)
    scene_folder = SceneFolder(folder / job.output)
    found = solution.load(folder, scene_folder)
    if found is None:
        yield Progress("finding cameras", 0, 1)
        found = solve(job)
        solution.save(found, folder, scene_folder)
    views = list(scene_folder.unfinished())
    for step, view in enumerate(views):
        if step == job.config.get("at"):
            go_wrong(job.config["wrong"], folder)
        time.sleep(job.config.get("seconds", 0.01))
        yield Progress("measuring depth", step, len(views), eta_seconds=1.0)
        size = (view.camera.height, view.camera.width)
        confidence = np.linspace(0, 1, size[0] * size[1]).reshape(size)
        scene_folder.write_view(view.frame_id, depth=np.full(size, 10.0), confidence=confidence)
        with (folder / MADE).open("a") as file:
            file.write(f"{view.frame_id}\n")
    made = report.summarise(job.views, found, scene_folder, backend="colmap", seconds=1.5)
    report.write(made, scene_folder)
    yield Done(report.to_json(made))


def solve(job: Job) -> Solution:
    """Return cameras a unit apart for all frames but the last one."""
    *moving, still = job.views
    views = tuple(_view(view, place) for place, view in enumerate(moving))
    return Solution(
        scenes=(SceneGeometry(views, np.array([0.0, -1.0, 0.0]), "normalised"),),
        ranges={view.frame_id: (1.0, 100.0) for view in moving},
        reasons={still.frame_id: STILL},
        reprojection_error_px=0.62,
    )


def _view(view: View, place: int) -> ViewGeometry:
    T_world_camera = np.eye(4)
    T_world_camera[0, 3] = place
    camera = pinhole(view.focal or 60.0, view.width // 2, view.height // 2)
    grid = GridMap((0.5, 0.5))
    return ViewGeometry(
        view.frame_id, view.height, view.width, camera, T_world_camera, grid, "colmap"
    )
