from __future__ import annotations

import time

import pytest

from app import events, runs
from app.errors import RunLostError, StudioError
from app.runs import Claim
from app.schema import RunKind, RunState
from app.workspace import Workspace, create
from rewis3d.reports import Point


@pytest.fixture
def workspace(tmp_path):
    with create(tmp_path / "project", "p") as workspace:
        yield workspace


@pytest.fixture
def run_id(workspace: Workspace) -> str:
    with workspace.write() as conn:
        return runs.create(conn, RunKind.ROUND, request={"round": 1})


def _claim(workspace: Workspace, run_id: str, slot: str = "a") -> Claim:
    with workspace.write() as conn:
        claim = runs.claim(conn, run_id, slot=slot)
    assert claim is not None
    return claim


def _get(workspace: Workspace, run_id: str) -> runs.Run:
    with workspace.read() as conn:
        return runs.get(conn, run_id)


def test_a_run_from_the_queue_to_its_end(workspace, run_id):
    assert _get(workspace, run_id).state is RunState.QUEUED
    claim = _claim(workspace, run_id)
    assert claim.attempt == 1
    with workspace.write() as conn:
        runs.progress(conn, claim, stage="training", done=3, total=9, eta_seconds=1.5)
    running = _get(workspace, run_id)
    assert (running.state, running.slot, running.stage) == (RunState.RUNNING, "a", "training")
    assert (running.done, running.total, running.eta_seconds) == (3, 9, 1.5)
    with workspace.write() as conn:
        runs.finish(conn, claim, result={"frames": 4})
    done = _get(workspace, run_id)
    assert (done.state, done.result, done.eta_seconds) == (RunState.DONE, {"frames": 4}, None)
    assert done.finished_at is not None


def test_every_change_that_a_page_shows_is_an_event(workspace, run_id):
    claim = _claim(workspace, run_id)
    with workspace.write() as conn:
        runs.progress(conn, claim, stage="training", done=1, total=2)
        runs.add_points(conn, claim, [Point("loss", 1, 0.5)])
        runs.heartbeat(conn, claim)
        runs.finish(conn, claim, result={})
    with workspace.read() as conn:
        found = events.after(conn, 0)
    assert [(e.kind, e.payload.get("state")) for e in found] == [
        ("run", "queued"),
        ("run", "running"),
        ("run", "running"),
        ("point", None),
        ("run", "done"),
    ]
    assert found[2].payload == {
        "run": run_id,
        "round": 1,
        "run_kind": "round",
        "state": "running",
        "stage": "training",
        "done": 1,
        "total": 2,
        "eta_seconds": None,
    }
    assert found[3].payload == {"run": run_id, "series": "loss", "step": 1, "value": 0.5}


WRITES = {
    "heartbeat": runs.heartbeat,
    "progress": lambda conn, claim: runs.progress(conn, claim, stage="s", done=1, total=2),
    "points": lambda conn, claim: runs.add_points(conn, claim, [Point("loss", 1, 0.5)]),
    "no points": lambda conn, claim: runs.add_points(conn, claim, []),
    "finish": lambda conn, claim: runs.finish(conn, claim, result={}),
    "fail": lambda conn, claim: runs.fail(conn, claim, error="late"),
    "cancel": runs.cancel,
    "interrupt": lambda conn, claim: runs.interrupt(conn, claim, error="late"),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_an_attempt_that_lost_the_run_writes_nothing(workspace, run_id, write):
    lost = _claim(workspace, run_id, "a")
    held = _claim(workspace, run_id, "b")
    assert held.attempt == 2
    with workspace.read() as conn:
        before, seq = runs.get(conn, run_id), events.latest(conn)
    with pytest.raises(RunLostError, match="attempt 1 of run"), workspace.write() as conn:
        write(conn, lost)
    with workspace.read() as conn:
        assert runs.get(conn, run_id) == before
        assert events.latest(conn) == seq
        assert runs.curves(conn, run_id) == {}
    with workspace.write() as conn:
        write(conn, held)


@pytest.mark.parametrize("end", ["finish", "fail", "cancel", "interrupt"])
def test_nothing_is_written_after_the_end(workspace, run_id, end):
    claim = _claim(workspace, run_id)
    with workspace.write() as conn:
        WRITES[end](conn, claim)
    with pytest.raises(RunLostError), workspace.write() as conn:
        runs.heartbeat(conn, claim)


def test_a_failure_keeps_the_line_and_the_traceback_until_it_is_resumed(workspace, run_id):
    claim = _claim(workspace, run_id)
    with workspace.write() as conn:
        runs.fail(conn, claim, error="out of memory", traceback="Traceback ...")
    failed = _get(workspace, run_id)
    assert (failed.state, failed.error, failed.traceback) == (
        RunState.FAILED,
        "out of memory",
        "Traceback ...",
    )
    with workspace.write() as conn:
        runs.requeue(conn, run_id)
    queued = _get(workspace, run_id)
    assert (queued.state, queued.error, queued.finished_at) == (RunState.QUEUED, None, None)
    assert _claim(workspace, run_id).attempt == 2


def test_cancelling_a_waiting_run_ends_it_at_once(workspace, run_id):
    with workspace.write() as conn:
        assert runs.request_cancel(conn, run_id) is RunState.CANCELLED
        assert runs.claim(conn, run_id, slot="a") is None
    assert _get(workspace, run_id).state is RunState.CANCELLED


def test_cancelling_a_running_run_asks_its_attempt(workspace, run_id):
    claim = _claim(workspace, run_id)
    with workspace.write() as conn:
        assert runs.heartbeat(conn, claim) is False
        assert runs.request_cancel(conn, run_id) is RunState.RUNNING
        assert runs.heartbeat(conn, claim) is True
        runs.cancel(conn, claim)
        runs.requeue(conn, run_id)
    assert _get(workspace, run_id).cancel_requested is False


def test_a_run_whose_worker_died_before_it_could_cancel_is_cancelled_by_the_next(workspace, run_id):
    _claim(workspace, run_id)
    with workspace.write() as conn:
        runs.request_cancel(conn, run_id)
        assert runs.claim(conn, run_id, slot="b") is None
    assert _get(workspace, run_id).state is RunState.CANCELLED


def test_an_interrupted_run_can_be_taken_up_or_cancelled(workspace, run_id):
    claim = _claim(workspace, run_id)
    with workspace.write() as conn:
        runs.interrupt(conn, claim, error="the worker was stopped")
    assert _get(workspace, run_id).error == "the worker was stopped"
    again = _claim(workspace, run_id)
    assert _get(workspace, run_id).error is None
    with workspace.write() as conn:
        runs.interrupt(conn, again, error="the worker was stopped")
        assert runs.request_cancel(conn, run_id) is RunState.CANCELLED


def test_what_is_done_is_neither_cancelled_nor_resumed_nor_taken(workspace, run_id):
    claim = _claim(workspace, run_id)
    with workspace.write() as conn:
        runs.finish(conn, claim, result={})
    with workspace.write() as conn:
        assert runs.claim(conn, run_id, slot="a") is None
        with pytest.raises(StudioError, match=r"^round 1 is done already$"):
            runs.request_cancel(conn, run_id)
        with pytest.raises(StudioError, match=r"^round 1 can't be resumed: it is done$"):
            runs.requeue(conn, run_id)


def test_a_run_that_is_queued_or_running_is_not_queued_twice(workspace, run_id):
    with workspace.write() as conn, pytest.raises(StudioError, match="it is queued"):
        runs.requeue(conn, run_id)
    _claim(workspace, run_id)
    with workspace.write() as conn, pytest.raises(StudioError, match="it is running"):
        runs.requeue(conn, run_id)


def test_curves_are_by_series_and_a_repeated_step_counts_once(workspace, run_id):
    first = _claim(workspace, run_id)
    with workspace.write() as conn:
        runs.add_points(conn, first, [Point("loss", 1, 0.9), Point("loss", 2, 0.8)])
    again = _claim(workspace, run_id, "b")
    with workspace.write() as conn:
        runs.add_points(
            conn, again, [Point("loss", 2, 0.7), Point("loss", 3, 0.6), Point("miou", 1, 0.4)]
        )
    with workspace.read() as conn:
        assert runs.curves(conn, run_id) == {
            "loss": [(1, 0.9), (2, 0.7), (3, 0.6)],
            "miou": [(1, 0.4)],
        }


def test_runs_are_listed_newest_first_and_by_kind(workspace, run_id):
    time.sleep(0.002)
    with workspace.write() as conn:
        export = runs.create(conn, RunKind.EXPORT, request={"round": 1, "format": "onnx"})
    with workspace.read() as conn:
        assert [run.run_id for run in runs.list_runs(conn)] == [export, run_id]
        assert [run.run_id for run in runs.list_runs(conn, kind=RunKind.ROUND)] == [run_id]
        with pytest.raises(StudioError, match=r"^there is no run 'x'$"):
            runs.get(conn, "x")


def test_a_run_that_gives_way_waits_again_and_the_attempt_does_not_count(workspace, run_id):
    claim = _claim(workspace, run_id)
    with workspace.write() as conn:
        runs.give_way(conn, claim)
    run = _get(workspace, run_id)
    assert (run.state, run.attempt) == (RunState.QUEUED, 0)
    with workspace.write() as conn, pytest.raises(RunLostError):
        runs.heartbeat(conn, claim)
    assert _claim(workspace, run_id).attempt == 1
