"""What a reconstruction of a project would take, asked without starting one."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import outlook as module
from app import scenes
from app.backends import Backend
from app.errors import StudioError
from app.outlook import outlook
from app.workspace import Workspace, making, open_workspace
from rewis3d.types import Rewis3dError


def test_all_frames_are_planned_and_nothing_is_queued(project: Workspace) -> None:
    found = outlook(project, threads=1)
    assert (found.backend, found.frames, found.chunks) == ("colmap", 4, ((0, 3),))
    assert (found.total_seconds or 0) > 0
    with project.read() as conn:
        assert scenes.list_scenes(conn) == []


def test_settings_count(project: Workspace) -> None:
    more = outlook(project, threads=1, overrides={"planes": "256"})
    assert (more.total_seconds or 0) > (outlook(project, threads=1).total_seconds or 0)


def test_the_backend_that_auto_will_take_is_told(
    project: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "backends", lambda: [Backend("mapanything", True, "here")])
    monkeypatch.setattr(module.shutil, "which", lambda _: None)
    assert outlook(project, threads=1).backend == "colmap"
    monkeypatch.setattr(module.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert outlook(project, threads=1).backend == "mapanything"
    assert outlook(project, threads=1, given=tmp_path).backend == "given"
    assert outlook(project, threads=1, backend="depth").backend == "depth"


def test_what_could_not_be_started_is_refused(project: Workspace, tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="backend 'given' needs cameras"):
        outlook(project, threads=1, backend="given")
    with pytest.raises(Rewis3dError, match="unknown setting 'planets'"):
        outlook(project, threads=1, overrides={"planets": "9"})
    with making(tmp_path / "empty", "empty"):
        pass
    with open_workspace(tmp_path / "empty") as empty, pytest.raises(StudioError, match="no frames"):
        outlook(empty, threads=1)
