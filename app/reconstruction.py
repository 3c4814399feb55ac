"""A scene between the project folder and the method: its job folder out, its report back in.

The part of the bridge (app/bridge.py) that knows scenes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from annotations import store
from annotations.types import Frame
from app import scenes
from app.jobfolder import FEATURES, way_from, written_aside
from app.scenes import SceneRow
from app.workspace import Workspace
from rewis3d.job import JOB_FILE, Job, View, read_job, write_job
from rewis3d.reconstruct import report

GIVEN: Final = "given"
"""The option that names where cameras were given (rewis3d/reconstruct/run.py)."""
_RUN: Final = "run"
_JOB: Final = "job"


def write_reconstruct_job(workspace: Workspace, number: int) -> Path:
    """Write the job folder of a scene, with all frames of now, and return it.

    A folder that is there already is left as it is: the child goes on with what it has made. One of
    another scene of that number (the database was restored from a copy) makes way.
    """
    with workspace.read() as conn:
        row = scenes.get_scene(conn, number)
        frames = store.list_frames(conn)
    folder = workspace.path(row.folder) / _JOB
    _make_way(folder, row)
    if (folder / JOB_FILE).exists():
        return folder
    job = Job(
        task="reconstruct",
        views=tuple(_view(workspace, frame, folder) for frame in frames),
        classes=(),
        config=row.config,
        seed=row.config["seed"],
        features=way_from(folder, workspace.path(FEATURES)),
        options=_options(row),
    )
    with written_aside(workspace, folder) as aside:
        write_job(job, aside)
    return folder


def read_report(workspace: Workspace, number: int) -> dict[str, Any]:
    """Return the report that a finished reconstruction left; Rewis3dError where there is none."""
    with workspace.read() as conn:
        row = scenes.get_scene(conn, number)
    return report.to_json(report.read(scenes.folder(workspace, row)))


def _options(row: SceneRow) -> dict[str, str]:
    given = row.run.request[GIVEN]
    return {_RUN: row.run.run_id, **({} if given is None else {GIVEN: given})}


def _make_way(folder: Path, row: SceneRow) -> None:
    """Take away what a scene left that is not of this run."""
    if (folder / JOB_FILE).exists() and read_job(folder).options.get(_RUN) != row.run.run_id:
        scene = folder.parent
        scene.rename(scene.with_name(f"{scene.name}.left-{uuid4().hex[:8]}"))


def _view(workspace: Workspace, frame: Frame, folder: Path) -> View:
    return View(
        frame.frame_id,
        way_from(folder, workspace.path(frame.file)),
        frame.height,
        frame.width,
        name=frame.name,
        clip=frame.clip_id,
        focal=frame.focal,
    )
