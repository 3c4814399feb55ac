"""A scene's attempt: its report becomes its row, and a killed one goes on where it was."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from app import attempt as attempts
from app import jobs, scenes, slots
from app.runs import Run
from app.scenes import SceneRow
from app.schema import RunState
from app.workspace import Workspace
from tests import processes
from tests.app import samples
from tests.app.fake_scene import MADE, STILL, fake_scene
from tests.app.running import COMMAND, ended, fake_round, run_of


@pytest.fixture
def labelled(project: Workspace) -> Workspace:
    samples.label_all(project)
    return project


def attempt(
    workspace: Workspace, row: SceneRow, *, meanwhile: Callable[[], None] = lambda: None
) -> Run:
    beside = threading.Thread(target=meanwhile)
    beside.start()
    with slots.hold(workspace) as slot:
        stop = threading.Event()
        attempts.attempt(workspace, row.run.run_id, slot=slot.holder, stop=stop, command=COMMAND)
    beside.join()
    return run_of(workspace, row.run.run_id)


def look(workspace: Workspace, number: int = 1) -> tuple[SceneRow, SceneRow | None]:
    with workspace.read() as conn:
        return scenes.get_scene(conn, number), scenes.active_scene(conn)


def made(workspace: Workspace) -> list[int]:
    """Return the frames in the order in which their depth was made."""
    file = workspace.path("scenes/0001/job") / MADE
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def test_a_scene_is_made_reported_and_used(project: Workspace) -> None:
    run = attempt(project, fake_scene(project))
    assert (run.state, run.error) == (RunState.DONE, None)
    row, active = look(project)
    assert active == row
    assert row.report is not None
    assert row.report["frames"] == {"total": samples.FRAMES, "registered": samples.FRAMES - 1}
    assert row.report["per_frame"][-1]["reason"] == STILL
    (scene,) = scenes.folder(project, row).scenes()
    assert [view.frame_id for view in scene.views] == samples.frame_ids(project)[:-1]


def test_a_failed_scene_says_why_is_not_used_and_can_go_on(project: Workspace) -> None:
    row = fake_scene(project, at=2, wrong="refuse")
    run = attempt(project, row)
    assert (run.state, run.error) == (RunState.FAILED, "frame 3 can't be read")
    assert look(project)[1] is None
    jobs.resume(project, run.run_id)
    assert attempt(project, row).state is RunState.DONE
    assert made(project) == samples.frame_ids(project)[:-1]  # each of them once


def test_a_child_that_is_done_without_a_report_has_failed(
    project: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rewis3d.reconstruct.report.REPORT_FILE", "gone.json")
    run = attempt(project, fake_scene(project))
    assert run.state is RunState.FAILED
    assert "gone.json: can't be read" in (run.error or "")
    assert look(project)[1] is None


@pytest.mark.parametrize("wrong", ["hang", "stubborn"])
def test_a_running_scene_is_cancelled_within_five_seconds(project: Workspace, wrong: str) -> None:
    row = fake_scene(project, at=1, wrong=wrong)
    asked: list[float] = []

    def cancel() -> None:
        processes.eventually(lambda: len(made(project)) == 1)
        jobs.request_cancel(project, row.run.run_id)
        asked.append(time.monotonic())

    run = attempt(project, row, meanwhile=cancel)
    assert time.monotonic() - asked[0] < 5
    assert run.state is RunState.CANCELLED


def test_a_killed_worker_s_scene_goes_on_without_making_a_frame_twice(project: Workspace) -> None:
    row = fake_scene(project, at=2, wrong="hang")
    with processes.started(processes.FAKE_WORKER, project.root) as worker:
        processes.eventually(lambda: len(made(project)) == 2)
        processes.kill(worker)
    with processes.started(processes.FAKE_WORKER, project.root):
        processes.eventually(lambda: run_of(project, row.run.run_id).state is RunState.DONE)
    assert ended(project, row.run.run_id).attempt == 2
    assert made(project) == samples.frame_ids(project)[:-1]
    assert look(project)[1] == look(project)[0]


def test_a_scene_makes_way_for_a_round_and_goes_on_afterwards(labelled: Workspace) -> None:
    scene = fake_scene(labelled, at=2, wrong="hang")
    with processes.started(processes.FAKE_WORKER, labelled.root):
        processes.eventually(lambda: len(made(labelled)) == 2)
        round_ = fake_round(labelled)
        assert ended(labelled, round_.run.run_id).state is RunState.DONE
        run = ended(labelled, scene.run.run_id)
    assert (run.state, run.attempt) == (RunState.DONE, 1)  # giving way is no failed attempt
    assert made(labelled) == samples.frame_ids(labelled)[:-1]
