"""One attempt: what the child reports becomes rows, and every end has its name."""

from __future__ import annotations

import os
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from annotations import holdout
from app import attempt as attempts
from app import bridge, events, jobs, rounds, runs, slots
from app.errors import StudioError
from app.rounds import Round
from app.runs import Run
from app.schema import RunState
from app.workspace import Workspace
from tests import processes
from tests.app import samples
from tests.app.running import COMMAND, fake_round, predicted, run_of


@pytest.fixture
def labelled(project: Workspace) -> Workspace:
    samples.label_all(project)
    return project


def attempt(
    workspace: Workspace,
    round_: Round,
    *,
    meanwhile: Callable[[threading.Event], None] | None = None,
) -> Run:
    """Make one attempt with a slot of its own; `meanwhile` runs beside it. Return the run."""
    return attempt_run(workspace, round_.run.run_id, meanwhile=meanwhile)


def attempt_run(
    workspace: Workspace,
    run_id: str,
    *,
    meanwhile: Callable[[threading.Event], None] | None = None,
) -> Run:
    stop = threading.Event()
    beside = threading.Thread(target=meanwhile or (lambda _: None), args=(stop,))
    beside.start()
    with slots.hold(workspace) as slot:
        attempts.attempt(workspace, run_id, slot=slot.holder, stop=stop, command=COMMAND)
    beside.join()
    return run_of(workspace, run_id)


def job_file(workspace: Workspace, round_: Round, name: str) -> Path:
    return workspace.path(round_.folder) / "job" / name


def test_a_round_is_worked_on_and_written_down(labelled: Workspace) -> None:
    one = fake_round(labelled, seconds=0.05)
    run = attempt(labelled, one)
    assert (run.state, run.attempt, run.error) == (RunState.DONE, 1, None)
    assert run.result == {"frames": samples.FRAMES}
    assert predicted(labelled, one.number) == set(samples.frame_ids(labelled))
    with labelled.read() as conn:
        found = rounds.get_round(conn, one.number)
        curves = runs.curves(conn, run.run_id)
        told = [event.kind for event in events.after(conn, 0)]
    assert found.scores == {
        "miou": 0.5,
        "accuracy": 0.75,
        "iou": {"ground": 0.5, "sky": None},
        "pixels": 10,
        "rival": None,
        "no_rival": None,
        "strokes": None,
        "around": None,
        "alone": None,
        "fused": None,
    }
    assert [step for step, _ in curves["loss"]] == list(range(samples.FRAMES))
    assert told.count("prediction") == samples.FRAMES


def test_predictions_are_announced_as_they_come(labelled: Workspace) -> None:
    one = fake_round(labelled, at=2, wrong="hang")
    seen: list[set[int]] = []

    def watch(stop: threading.Event) -> None:
        processes.eventually(lambda: len(predicted(labelled, one.number)) == 2)
        seen.append(predicted(labelled, one.number))
        stop.set()

    attempt(labelled, one, meanwhile=watch)
    assert seen == [set(samples.frame_ids(labelled)[:2])]


def test_progress_is_written_at_most_four_times_a_second(labelled: Workspace) -> None:
    one = fake_round(labelled, seconds=0.0)
    # Four frames in one burst: one transaction tells them, and the end.
    attempt(labelled, one)
    with labelled.read() as conn:
        told = [event for event in events.after(conn, 0) if event.kind == "run"]
    states = [event.payload["state"] for event in told]
    assert states[:2] == ["queued", "running"]
    assert [event.payload["stage"] for event in told].count("predicting") <= 3
    assert states[-1] == "done"


@pytest.mark.parametrize(
    ("wrong", "error", "traceback"),
    [
        ("refuse", "frame 3 can't be read", False),
        ("raise", "ValueError: no such thing", True),
        ("segfault", "the job crashed (SIGSEGV); rounds/0001/job/child.log says where", False),
        ("kill", "the system killed the job, most likely because memory ran out", False),
    ],
)
def test_a_failed_run_says_why_and_can_go_on(
    labelled: Workspace, wrong: str, error: str, traceback: bool
) -> None:
    one = fake_round(labelled, at=2, wrong=wrong)
    run = attempt(labelled, one)
    assert (run.state, run.error) == (RunState.FAILED, error)
    assert ("Traceback" in (run.traceback or "")) is traceback
    assert len(predicted(labelled, one.number)) == 2
    jobs.resume(labelled, run.run_id)
    run = attempt(labelled, one)
    assert (run.state, run.attempt, run.error) == (RunState.DONE, 2, None)
    assert len(predicted(labelled, one.number)) == samples.FRAMES


@pytest.mark.parametrize("wrong", ["hang", "stubborn"])
def test_a_running_round_is_cancelled_within_five_seconds(labelled: Workspace, wrong: str) -> None:
    one = fake_round(labelled, at=1, wrong=wrong)
    asked: list[float] = []

    def cancel(_: threading.Event) -> None:
        processes.eventually(job_file(labelled, one, f"went-wrong-{wrong}").exists)
        jobs.request_cancel(labelled, one.run.run_id)
        asked.append(time.monotonic())

    attempt(labelled, one, meanwhile=cancel)
    assert time.monotonic() - asked[0] < 5
    assert run_of(labelled, one.run.run_id).state is RunState.CANCELLED
    assert len(predicted(labelled, one.number)) == 1
    assert not processes.working_on(labelled.root)


@pytest.mark.parametrize("how", ["cancelled", "interrupted"])
def test_a_round_can_be_ended_while_its_masks_are_painted(
    project: Workspace, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    samples.label_all(project, frames=samples.FRAMES)
    one = fake_round(project)
    stop = threading.Event()
    paint = holdout._paint
    beats: list[float | None] = []

    def slowly(*args: Any) -> holdout.Split:
        time.sleep(0.3)  # so that each frame is told of
        run = run_of(project, one.run.run_id)
        beats.append(run.heartbeat_at)
        assert run.stage in (None, bridge.PREPARING)
        if len(beats) == 3:
            stop.set() if how == "interrupted" else jobs.request_cancel(project, run.run_id)
        return paint(*args)

    monkeypatch.setattr(holdout, "_paint", slowly)
    with slots.hold(project) as slot:
        attempts.attempt(
            project, one.run.run_id, slot=slot.holder, stop=stop, command=["no-such-child"]
        )
    assert run_of(project, one.run.run_id).state == how
    assert len(beats) == 3 < 1 + samples.FRAMES
    assert len(set(beats)) == 3
    assert not any(project.path(one.folder).iterdir())


def test_a_stopped_attempt_is_interrupted_and_waits(labelled: Workspace) -> None:
    one = fake_round(labelled, at=1, wrong="hang")

    def stop_it(stop: threading.Event) -> None:
        processes.eventually(job_file(labelled, one, "went-wrong-hang").exists)
        stop.set()

    attempt(labelled, one, meanwhile=stop_it)
    run = run_of(labelled, one.run.run_id)
    assert (run.state, run.error) == (RunState.INTERRUPTED, jobs.INTERRUPTED)
    assert not processes.working_on(labelled.root)
    attempt(labelled, one)
    assert run_of(labelled, run.run_id).state is RunState.DONE


def test_an_attempt_that_lost_its_run_ends_its_child_and_writes_nothing(
    labelled: Workspace,
) -> None:
    one = fake_round(labelled, at=1, wrong="hang")

    def take_over(_: threading.Event) -> None:
        processes.eventually(job_file(labelled, one, "went-wrong-hang").exists)
        with labelled.write() as conn:
            runs.claim(conn, one.run.run_id, slot="another")

    attempt(labelled, one, meanwhile=take_over)
    run = run_of(labelled, one.run.run_id)
    assert (run.state, run.slot, run.attempt) == (RunState.RUNNING, "another", 2)
    assert not processes.working_on(labelled.root)


def test_a_run_that_has_ended_is_not_worked_on(labelled: Workspace) -> None:
    one = fake_round(labelled)
    jobs.request_cancel(labelled, one.run.run_id)
    attempt(labelled, one)
    assert run_of(labelled, one.run.run_id).attempt == 0


def test_what_the_job_folder_refuses_is_the_runs_error(
    labelled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Path:
        raise StudioError("only 'sky' is labelled")

    monkeypatch.setattr(bridge, "write_training_job", refuse)
    one = fake_round(labelled)
    run = attempt(labelled, one)
    assert (run.state, run.error) == (RunState.FAILED, "only 'sky' is labelled")


def test_a_defect_of_the_worker_does_not_leave_the_run_running(
    labelled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "write_training_job", lambda *_, **__: 1 / 0)
    one = fake_round(labelled)
    run = attempt(labelled, one)
    assert run.state is RunState.FAILED
    assert "ZeroDivisionError" in (run.error or "")
    assert "ZeroDivisionError" in (run.traceback or "")


def test_labels_and_strokes_are_exported_without_a_round(labelled: Workspace) -> None:
    for what, form, file in (("labels", "png", "classes.json"), ("strokes", "", "strokes.json")):
        run = attempt_run(labelled, jobs.start_export(labelled, what=what, format=form))
        assert (run.state, run.error) == (RunState.DONE, None)
        assert run.result is not None
        assert run.result["frames"] == 1
        assert file in names(labelled, run)


def names(workspace: Workspace, run: Run) -> list[str]:
    """What lies in the zip of an export; the folder must hold the same."""
    with zipfile.ZipFile(workspace.path(f"exports/{run.run_id}.zip")) as archive:
        found = sorted(archive.namelist())
    folder = workspace.path(f"exports/{run.run_id}")
    assert found == sorted(file.name for file in folder.iterdir())
    return found


def test_a_model_is_exported_by_the_child_and_zipped(labelled: Workspace) -> None:
    one = fake_round(labelled)
    attempt(labelled, one)
    run_id = jobs.start_export(labelled, format="onnx", round_number=one.number)
    run = attempt_run(labelled, run_id)
    assert (run.state, run.error) == (RunState.FAILED, "round 1 has no model (it is done)")
    model = labelled.path(one.folder) / bridge.MODEL
    model.mkdir()
    jobs.resume(labelled, run_id)
    run = attempt_run(labelled, run_id)
    assert (run.state, run.error) == (RunState.DONE, None)
    assert names(labelled, run) == ["model.txt"]


def test_missing_frames_are_predicted_for_their_round(labelled: Workspace) -> None:
    one = fake_round(labelled, at=2, wrong="refuse")
    attempt(labelled, one)
    (labelled.path(one.folder) / bridge.MODEL).mkdir()
    run_id = jobs.start_predict(labelled, round_number=one.number)
    assert run_id is not None
    assert attempt_run(labelled, run_id).state is RunState.DONE
    assert predicted(labelled, one.number) == set(samples.frame_ids(labelled))


def test_a_studio_keeps_a_core(labelled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3})
    assert attempts.threads(labelled) == 4
    monkeypatch.setattr(slots, "studio_runs", lambda _: True)
    assert attempts.threads(labelled) == 3
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    assert attempts.threads(labelled) == 1
    monkeypatch.setenv("REWIS3D_THREADS", "7")
    assert attempts.threads(labelled) == 7
