from __future__ import annotations

import pytest
from sqlalchemy import delete

from annotations.schema import frames
from app import events, runs, scenes
from app.errors import RunLostError, StudioError
from app.runs import Claim
from app.scenes import SceneRow
from app.schema import RunKind, RunState
from app.workspace import Workspace
from tests.app.samples import FRAMES

REPORT = {"frames": {"total": FRAMES, "registered": 3}}
EMPTY = {"frames": {"total": FRAMES, "registered": 0}}


def _create(workspace: Workspace, **config: str) -> SceneRow:
    with workspace.write() as conn:
        return scenes.create(conn, config=config)


def _claim(workspace: Workspace, row: SceneRow) -> Claim:
    with workspace.write() as conn:
        claim = runs.claim(conn, row.run.run_id, slot="a")
    assert claim is not None
    return claim


def _make(workspace: Workspace, report: dict = REPORT) -> SceneRow:
    row = _create(workspace)
    claim = _claim(workspace, row)
    with workspace.write() as conn:
        scenes.finish(conn, claim, report)
        runs.finish(conn, claim, result={})
    with workspace.read() as conn:
        return scenes.get_scene(conn, row.number)


def _active(workspace: Workspace) -> int | None:
    with workspace.read() as conn:
        row = scenes.active_scene(conn)
    return row and row.number


def _announced(workspace: Workspace) -> list[int]:
    with workspace.read() as conn:
        found = [event for event in events.after(conn, 0) if event.kind == "scene"]
    return [event.payload["scene"] for event in found]


def test_a_scene_waits_with_what_it_was_asked_for(project):
    row = _create(project, backend="colmap")
    assert (row.number, row.folder, row.report) == (1, "scenes/0001", None)
    assert row.config == {"backend": "colmap"}
    assert (row.run.kind, row.run.state) == (RunKind.RECONSTRUCT, RunState.QUEUED)
    assert row.run.request == {"scene": 1, "given": None}
    assert row.seconds is None
    assert scenes.folder(project, row).root == project.root / "scenes/0001"
    assert _active(project) is None


def test_scenes_are_made_one_after_the_other(project):
    first = _create(project)
    with pytest.raises(StudioError, match=r"^scene 1 is queued: wait for it, or cancel it first$"):
        _create(project)
    with project.write() as conn:
        runs.request_cancel(conn, first.run.run_id)
    assert _create(project).number == 2
    with project.read() as conn:
        assert [row.number for row in scenes.list_scenes(conn)] == [2, 1]
        with pytest.raises(StudioError, match=r"^there is no scene 3$"):
            scenes.get_scene(conn, 3)


def test_an_interrupted_scene_is_still_to_be_made(project):
    claim = _claim(project, _create(project))
    with project.write() as conn:
        runs.interrupt(conn, claim, error="stopped")
    with pytest.raises(StudioError, match=r"^scene 1 is interrupted: go on with it, or cancel"):
        _create(project)


def test_without_frames_there_is_nothing_to_reconstruct(project):
    with project.write() as conn:
        conn.execute(delete(frames))
    with pytest.raises(StudioError, match=r"^the project has no frames yet; import a clip first$"):
        _create(project)


def test_the_newest_scene_is_used_until_another_is_chosen(project):
    made = _make(project)
    assert (made.report, made.run.state) == (REPORT, RunState.DONE)
    assert made.seconds is not None
    assert made.seconds >= 0
    _make(project)
    assert _active(project) == 2
    with project.write() as conn:
        scenes.activate(conn, 1)
    assert _active(project) == 1
    _make(project)
    assert _active(project) == 3
    assert _announced(project) == [1, 2, 1, 3]


def test_a_scene_of_nothing_takes_the_place_of_none(project):
    _make(project, EMPTY)
    assert _active(project) == 1  # its reasons are all there is to show
    _make(project)
    _make(project, EMPTY)
    assert _active(project) == 2
    assert _announced(project) == [1, 2]


def test_only_what_is_done_can_be_used(project):
    _create(project)
    with (
        pytest.raises(StudioError, match=r"^scene 1 can't be activated: it is queued$"),
        project.write() as conn,
    ):
        scenes.activate(conn, 1)


def test_who_lost_the_run_can_not_finish_its_scene(project):
    row = _create(project)
    late = _claim(project, row)
    _claim(project, row)
    with pytest.raises(RunLostError), project.write() as conn:
        scenes.finish(conn, late, REPORT)
    with project.read() as conn:
        assert scenes.get_scene(conn, 1).report is None
    assert _announced(project) == []
