"""Waiting for a run: by a worker that is there already, or by this process in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from time import sleep
from typing import TYPE_CHECKING, Final

from app.cli.terminal import progress
from app.errors import StudioError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from app.runs import Run
    from app.workspace import Workspace

POLL_SECONDS: Final = 0.2


def finished(workspace: Workspace, run_id: str) -> Run:
    """Wait until a run is done and return it; StudioError says why it is not.

    Where no worker is on the project, this process takes the run.
    """
    from app import jobs

    if jobs.worker_alive(workspace):
        _watch(workspace, run_id, lambda: jobs.worker_alive(workspace))
    else:
        with _working(workspace, run_id) as going_on:
            _watch(workspace, run_id, going_on)
    jobs.name_interrupted(workspace)
    with workspace.read() as conn:
        return _done(conn, run_id)


@contextmanager
def _working(workspace: Workspace, run_id: str) -> Iterator[Callable[[], bool]]:
    """Work on a run in a thread; the run is interrupted where the block ends before it.

    Yields a function that says whether the work goes on and raises what ended it.
    """
    from app import slots
    from app.attempt import attempt

    stop = Event()
    with slots.hold(workspace) as slot, ThreadPoolExecutor(1) as thread:
        work = thread.submit(attempt, workspace, run_id, slot=slot.holder, stop=stop)

        def going_on() -> bool:
            if work.done():
                work.result()  # raises what the database or the disk refused
            return not work.done()

        try:
            yield going_on
        finally:
            stop.set()


def _watch(workspace: Workspace, run_id: str, going_on: Callable[[], bool]) -> None:
    """Show a run's progress until it has ended or nobody works on it any more."""
    from app import runs
    from app.schema import ENDED, RunState

    with progress() as advance:
        while True:
            worked_on = going_on()
            with workspace.read() as conn:
                run = runs.get(conn, run_id)
            # another worker may take an interrupted run up again
            if run.state in ENDED - {RunState.INTERRUPTED} or not worked_on:
                return
            stage = run.stage or str(run.state)
            advance(stage, run.done or 0, run.total, left=run.eta_seconds)
            sleep(POLL_SECONDS)


def _done(conn: Connection, run_id: str) -> Run:
    from app import runs
    from app.schema import RunState

    run = runs.get(conn, run_id)
    if run.state is RunState.DONE:
        return run
    name = f"{run.kind} {run.request.get('round') or ''}".strip()
    if run.state is RunState.QUEUED:
        raise StudioError(f"{name} waits, and no worker is left; start one with `rewis3d worker`")
    raise StudioError(f"{name} is {run.state}" + (f": {run.error}" if run.error else ""))
