"""The worker process: takes what waits, each run once, stops when asked, and is quiet."""

from __future__ import annotations

import base64
import pickle
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app import jobs, runs, slots, worker
from app.runs import Run
from app.schema import RunState
from app.workspace import Workspace
from tests import processes
from tests.app import samples
from tests.app.running import COMMAND, ended, fake_round, predicted, run_of


@pytest.fixture
def labelled(project: Workspace) -> Workspace:
    samples.label_all(project)
    return project


@pytest.fixture
def working(labelled: Workspace) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process with the fake child, taking runs of `labelled`."""
    with processes.started(processes.FAKE_WORKER, labelled.root) as process:
        processes.eventually(lambda: jobs.worker_alive(labelled))
        yield process


def test_a_worker_takes_what_waits_and_stops_when_asked(
    labelled: Workspace, working: subprocess.Popen[bytes]
) -> None:
    numbers = [fake_round(labelled) for _ in range(2)]
    for one in numbers:
        run = ended(labelled, one.run.run_id)
        assert (run.state, run.attempt) == (RunState.DONE, 1)
        assert len(predicted(labelled, one.number)) == samples.FRAMES
    assert processes.stop(working) == ""
    assert working.returncode == 0
    assert not jobs.worker_alive(labelled)


def test_a_worker_that_is_asked_many_times_at_once_stops(
    working: subprocess.Popen[bytes],
) -> None:
    """As when its studio is killed: the kernel asks for each thread of it that ends."""
    for _ in range(500):
        working.send_signal(signal.SIGTERM)
    assert processes.stop(working) == ""
    assert working.returncode == 0


def test_a_stopping_worker_leaves_its_run_to_the_next_one(
    labelled: Workspace, working: subprocess.Popen[bytes]
) -> None:
    one = fake_round(labelled, at=2, wrong="hang")
    processes.eventually(lambda: len(predicted(labelled, one.number)) == 2)
    started = time.monotonic()
    assert processes.stop(working) == ""
    assert time.monotonic() - started < 4
    assert run_of(labelled, one.run.run_id).state is RunState.INTERRUPTED
    assert not processes.working_on(labelled.root)
    with processes.started(processes.FAKE_WORKER, labelled.root):
        run = ended_after(labelled, one.run.run_id, attempt=2)
    assert run.state is RunState.DONE


def ended_after(workspace: Workspace, run_id: str, *, attempt: int) -> Run:
    processes.eventually(lambda: run_of(workspace, run_id).attempt == attempt)
    return ended(workspace, run_id)


def test_two_workers_do_each_of_six_runs_once(
    labelled: Workspace, working: subprocess.Popen[bytes]
) -> None:
    with processes.started(processes.FAKE_WORKER, labelled.root) as second:
        processes.eventually(lambda: len(slots.holders(labelled)) == 2)
        rounds_ = [fake_round(labelled, seconds=0.1) for _ in range(6)]
        done = [ended(labelled, one.run.run_id, seconds=60) for one in rounds_]
        assert processes.stop(second) == ""
    assert [(run.state, run.attempt) for run in done] == [(RunState.DONE, 1)] * 6
    assert len({run.slot for run in done}) == 2
    with labelled.read() as conn:
        curves = [runs.curves(conn, run.run_id) for run in done]
    assert all(len(curve["loss"]) == samples.FRAMES for curve in curves)
    with closing(sqlite3.connect(labelled.root / "jobs.sqlite")) as engine:
        states = engine.execute("SELECT status, count(*) FROM workflow_status GROUP BY status")
        assert states.fetchall() == [("SUCCESS", 6)]


def test_a_failed_run_is_resumed_by_the_same_worker(
    labelled: Workspace, working: subprocess.Popen[bytes]
) -> None:
    one = fake_round(labelled, at=1, wrong="refuse")
    assert ended(labelled, one.run.run_id).state is RunState.FAILED
    jobs.resume(labelled, one.run.run_id)
    run = ended_after(labelled, one.run.run_id, attempt=2)
    assert (run.state, run.error) == (RunState.DONE, None)


def test_a_held_slot_is_refused_in_one_line(labelled: Workspace) -> None:
    with slots.hold(labelled, "gpu"):
        line = [*processes.FAKE_WORKER, str(labelled.root), "gpu"]
        result = subprocess.run(line, capture_output=True, text=True, check=False, timeout=30)
    assert result.returncode == 1
    assert "StudioError: slot 'gpu' of this project is held" in result.stderr.splitlines()[-1]


def test_a_worker_without_jobs_sqlite_starts_anew(
    labelled: Workspace, working: subprocess.Popen[bytes]
) -> None:
    one = fake_round(labelled, at=1, wrong="hang")
    processes.eventually(lambda: predicted(labelled, one.number))
    processes.kill(working)
    for file in labelled.root.glob("jobs.sqlite*"):
        file.unlink()
    with processes.started(processes.FAKE_WORKER, labelled.root):
        assert ended_after(labelled, one.run.run_id, attempt=2).state is RunState.DONE


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.file,)


def test_a_pickle_in_a_project_from_elsewhere_is_not_read(
    labelled: Workspace, working: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    ended(labelled, fake_round(labelled).run.run_id)
    processes.kill(working)
    one = fake_round(labelled)
    plant(labelled.root / "jobs.sqlite", f"{one.run.run_id}.0", tmp_path / "trapped")
    with processes.started(processes.FAKE_WORKER, labelled.root):
        assert ended(labelled, one.run.run_id).state is RunState.DONE
    assert not (tmp_path / "trapped").exists()


def plant(file: Path, workflow: str, trapped: Path) -> None:
    """Enqueue a workflow whose arguments are a pickle that makes a file."""
    code = base64.b64encode(pickle.dumps({"args": (Trap(trapped),), "kwargs": {}})).decode()
    values = {
        "workflow_uuid": workflow,
        "status": "ENQUEUED",
        "name": "runs",
        "queue_name": "runs",
        "application_version": "1",
        "application_name": "rewis3d",
        "inputs": code,
        "serialization": "py_pickle",
        "priority": 0,
    }
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    with closing(sqlite3.connect(file, isolation_level=None)) as engine:
        row = f"INSERT INTO workflow_status ({names}) VALUES ({marks})"  # noqa: S608
        engine.execute(row, tuple(values.values()))


def test_an_idle_worker_takes_up_what_its_own_attempt_left(labelled: Workspace) -> None:
    """As when the disk was full and even the failure could not be written down."""
    one = fake_round(labelled)
    stop = threading.Event()
    with slots.hold(labelled) as slot:
        assert jobs.claim(labelled, one.run.run_id, slot=slot.holder) is not None
        serving = threading.Thread(
            target=worker.serve, args=(labelled, slot, stop), kwargs={"command": COMMAND}
        )
        serving.start()
        try:
            assert ended_after(labelled, one.run.run_id, attempt=2).state is RunState.DONE
        finally:
            stop.set()
            serving.join()
