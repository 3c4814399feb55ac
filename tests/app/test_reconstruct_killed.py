"""kill -9 of the worker in the middle of a real reconstruction: finished frames are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import events, jobs, scenes
from app.ingest.images import import_images
from app.schema import RunState
from app.workspace import Workspace, making, open_workspace
from rewis3d.geometry import pinhole
from tests import processes
from tests.rewis3d.reconstruct.stereo.clip import write_clip
from tests.rewis3d.reconstruct.stereo.rendering import poses, street

FRAMES = 8
CAMERA = pinhole(250.0, 320, 240)
KEPT = 2
"""Frames that are matched before the kill."""


def make_project(folder: Path) -> Path:
    images = folder / "images"
    images.mkdir()
    boards = [street()] * FRAMES
    write_clip(images, poses("lateral", FRAMES, 0.3), camera=CAMERA, boards=boards)
    with making(folder / "project", "street") as workspace:
        import_images(workspace, images)
    return folder / "project"


def row(workspace: Workspace) -> scenes.SceneRow:
    with workspace.read() as conn:
        return scenes.get_scene(conn, 1)


def matched(workspace: Workspace) -> int:
    return len(list(workspace.root.glob("scenes/0001/job/matched/*.npy")))


@pytest.mark.slow
def test_a_reconstruction_goes_on_after_the_worker_is_killed(tmp_path: Path) -> None:
    with open_workspace(make_project(tmp_path)) as workspace:
        jobs.start_reconstruct(workspace, backend="colmap", overrides={"focal": "250"})
        with processes.started(processes.REAL_WORKER, workspace.root) as worker:
            processes.eventually(lambda: matched(workspace) >= KEPT, seconds=120.0)
            processes.kill(worker)
        cameras = workspace.path("scenes/0001/cameras.json").stat().st_mtime_ns
        with workspace.read() as conn:
            before = events.latest(conn)
        with processes.started(processes.REAL_WORKER, workspace.root):
            processes.eventually(
                lambda: row(workspace).run.state in (RunState.DONE, RunState.FAILED), seconds=120.0
            )
        done = row(workspace)
        assert (done.run.state, done.run.error, done.run.attempt) == (RunState.DONE, None, 2)
        assert workspace.path("scenes/0001/cameras.json").stat().st_mtime_ns == cameras
        with workspace.read() as conn:
            told = [event.payload for event in events.after(conn, before) if event.kind == "run"]
        claimed, first, *_ = [one for one in told if one["state"] == "running"]
        assert first["stage"] == claimed["stage"] == "measuring depth"
        assert first["total"] - first["done"] <= FRAMES - KEPT
        assert done.report is not None
        assert done.report["frames"] == {"total": FRAMES, "registered": FRAMES}
        (scene,) = scenes.folder(workspace, done).scenes()
        assert len(scene.views) == FRAMES
