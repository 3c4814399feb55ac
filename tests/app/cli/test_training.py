"""Rounds by command: run here, left to a worker, waited for, stopped, gone on with."""

from __future__ import annotations

import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import pytest

import app.attempt
from app import jobs, rounds, runs, slots
from app.cli import follow
from app.cli.main import main
from app.schema import RunState
from app.workspace import Workspace
from tests import processes
from tests.app import running, samples

real_attempt = app.attempt.attempt


@pytest.fixture
def project(project: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A project with strokes, whose rounds are worked on by the child without torch."""
    samples.label_all(project)
    monkeypatch.setattr(app.attempt, "attempt", partial(real_attempt, command=running.COMMAND))
    return project


@pytest.fixture
def worker_slot(project: Workspace) -> Iterator[slots.Slot]:
    """A worker that is there and does nothing."""
    with slots.hold(project) as slot:
        yield slot


def run(workspace: Workspace, number: int = 1) -> runs.Run:
    with workspace.read() as conn:
        return rounds.get_round(conn, number).run


def state(workspace: Workspace, number: int = 1) -> RunState:
    return run(workspace, number).state


def train(workspace: Workspace, *options: str) -> int:
    return main(["train", str(workspace.root), *options])


def misbehave(monkeypatch: pytest.MonkeyPatch, wrong: str, *, at: int = 2) -> None:
    """Have the child of the next round go wrong at a frame."""
    from rewis3d import presets

    kept = presets.to_json
    monkeypatch.setattr(
        presets, "to_json", lambda chosen: kept(chosen) | {"wrong": wrong, "at": at}
    )


def test_without_a_worker_the_round_runs_here(
    project: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "app.engine", None)  # the command must not wait for its import
    assert train(project) == 0
    assert state(project) is RunState.DONE
    assert len(running.predicted(project, 1)) == samples.FRAMES
    out, _ = capsys.readouterr()
    assert re.fullmatch(
        r"round 1: first prediction \d+\.\d s, all 4 frames \d+\.\d s, held-out mIoU 50\.0 %\n", out
    )
    assert slots.holders(project) == set()  # nothing is left behind


def test_a_round_is_not_left_to_who_works_on_another_one(project: Workspace) -> None:
    with slots.hold(project, once=True):
        assert train(project) == 0
    assert state(project) is RunState.DONE


def test_with_a_worker_the_round_is_left_to_it(
    project: Workspace, worker_slot: slots.Slot, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(project) == 0
    assert state(project) is RunState.QUEUED
    assert capsys.readouterr().out.startswith("round 1 is queued; `rewis3d rounds ")


def test_waiting_for_a_worker(
    project: Workspace, worker_slot: slots.Slot, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        while True:
            with project.read() as conn:
                queued = [one.run_id for one in runs.list_runs(conn)]
            if queued:
                app.attempt.attempt(
                    project, queued[0], slot=worker_slot.holder, stop=threading.Event()
                )
                return

    thread = threading.Thread(target=work)
    thread.start()
    assert train(project, "--wait") == 0
    thread.join()
    assert "round 1: first prediction" in capsys.readouterr().out


@pytest.mark.parametrize("claimed", [False, True], ids=["before its turn", "at work on it"])
def test_the_run_of_a_worker_that_dies_goes_on_here(
    project: Workspace, monkeypatch: pytest.MonkeyPatch, claimed: bool
) -> None:
    with ExitStack() as life:
        slot = life.enter_context(slots.hold(project))

        def die(seconds: float) -> None:
            if claimed and run(project).attempt == 0:
                assert jobs.claim(project, run(project).run_id, slot=slot.holder) is not None
            life.close()
            time.sleep(seconds)

        monkeypatch.setattr(follow, "sleep", die)
        assert train(project, "--wait") == 0
    one = run(project)
    assert (one.state, one.attempt) == (RunState.DONE, 2 if claimed else 1)
    assert one.slot != slot.holder


def test_a_run_that_took_every_worker_down_is_named(
    project: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MOST_ATTEMPTS", 1)
    with ExitStack() as life:
        slot = life.enter_context(slots.hold(project))

        def die(_seconds: float) -> None:
            jobs.claim(project, run(project).run_id, slot=slot.holder)
            life.close()

        monkeypatch.setattr(follow, "sleep", die)
        assert train(project, "--wait") == 1
    line = f"rewis3d: round 1 is interrupted: {jobs.INTERRUPTED}"
    assert capsys.readouterr().err.splitlines()[-1] == line


def test_ctrl_c_stops_the_round_that_runs_here_and_says_how_to_go_on(
    project: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    misbehave(monkeypatch, "hang")

    def press(_seconds: float) -> None:
        if len(running.predicted(project, 1)) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(follow, "sleep", press)
        assert train(project) == 130
    assert state(project) is RunState.INTERRUPTED
    assert not processes.working_on(project.root)
    assert f"go on: rewis3d resume {project.root} 1" in capsys.readouterr().err
    assert main(["resume", str(project.root), "1"]) == 0
    assert state(project) is RunState.DONE
    assert len(running.predicted(project, 1)) == samples.FRAMES


def test_sigterm_stops_the_round_that_runs_here_and_says_how_to_go_on(
    project: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    misbehave(monkeypatch, "hang")

    def ask(_seconds: float) -> None:
        if len(running.predicted(project, 1)) == 2:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(follow, "sleep", ask)
    assert train(project) == 143
    assert state(project) is RunState.INTERRUPTED
    assert not processes.working_on(project.root)
    assert slots.holders(project) == set()
    out, err = capsys.readouterr()
    line = f"round 1 is interrupted; go on: rewis3d resume {project.root} 1"
    assert (out, err.splitlines()[-1]) == ("", line)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_ctrl_c_leaves_a_workers_round_alone(
    project: Workspace,
    worker_slot: slots.Slot,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def press(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(follow, "sleep", press)
    assert train(project, "--wait") == 130
    assert state(project) is RunState.QUEUED
    err = capsys.readouterr().err
    assert f"stop it: rewis3d cancel {project.root} 1" in err


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ("refuse", "round 1 is failed: frame 3 can't be read"),
        ("raise", "round 1 is failed: ValueError: no such thing"),
        (
            "kill",
            "round 1 is failed: the system killed the job, most likely because memory ran out",
        ),
    ],
)
def test_a_round_that_fails_is_one_line(
    project: Workspace,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    wrong: str,
    line: str,
) -> None:
    misbehave(monkeypatch, wrong)
    assert train(project) == 1
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[-1]) == ("", f"rewis3d: {line}")
    assert len(running.predicted(project, 1)) == 2  # what was there is there


def test_cancel_and_resume_where_nothing_works_on_it(
    project: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    with slots.hold(project):
        assert train(project) == 0
    assert main(["cancel", str(project.root), "1"]) == 0
    assert state(project) is RunState.CANCELLED
    assert main(["cancel", str(project.root), "1"]) == 1
    assert capsys.readouterr().err == "rewis3d: round 1 is cancelled already\n"
    assert main(["resume", str(project.root), "1"]) == 0
    assert state(project) is RunState.DONE
    assert main(["resume", str(project.root), "1"]) == 1
    assert capsys.readouterr().err.endswith("rewis3d: round 1 can't be resumed: it is done\n")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["activate", "7"], "there is no round 7"),
        (["cancel", "7"], "there is no round 7"),
        (["resume", "7"], "there is no round 7"),
    ],
)
def test_a_round_that_is_not_there(
    project: Workspace, capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    assert main([words[0], str(project.root), words[1]]) == 1
    assert capsys.readouterr() == ("", f"rewis3d: {line}\n")


def test_the_wanted_frame_is_predicted_first(
    project: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    misbehave(monkeypatch, "refuse", at=1)
    assert train(project, "--frame", "frame2") == 1
    assert running.predicted(project, 1) == {samples.frame_ids(project)[2]}


@pytest.mark.parametrize(
    ("options", "status", "line"),
    [
        (["--frame", "0-1"], 1, "--frame 0-1 names 2 frames; give one"),
        (["--frame", "9"], 1, "frames 9 are not in the project: it has 0-3"),
        (["--set", "steps"], 2, "'steps' is not KEY=VALUE"),
        (["--preset", "slow"], 1, "slow"),
        (["--set", "speed=3"], 1, "speed"),
    ],
)
def test_what_cannot_be_trained_starts_no_round(
    project: Workspace,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    status: int,
    line: str,
) -> None:
    assert train(project, *options) == status
    assert line in capsys.readouterr().err
    with project.read() as conn:
        assert rounds.list_rounds(conn) == []
