"""Waiting for a run: by a worker that is there already, or by this process in its place."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import sleep
from typing import TYPE_CHECKING, Final

from app.cli.terminal import progress
from app.errors import StudioError

if TYPE_CHECKING:
    from app.runs import Run
    from app.workspace import Workspace

POLL_SECONDS: Final = 0.2


def finished(workspace: Workspace, run_id: str) -> Run:
    """Wait until a run is done and return it; StudioError says why it is not.

    Where no worker is on the project, or the last one dies, this process takes the run.
    """
    from app import jobs
    from app.schema import RunKind, RunState

    with progress() as advance:

        def look() -> tuple[Run, bool]:
            """Return the run and whether it has ended for good, and show how far it is."""
            run, ended = _look(workspace, run_id)
            if not ended:
                stage = run.stage or str(run.state)
                advance(stage, run.done or 0, run.total, left=run.eta_seconds)
            return run, ended

        while True:
            left_alone = not jobs.worker_alive(workspace)
            if left_alone:
                jobs.name_interrupted(workspace)
            run, ended = look()
            if ended:
                break
            if left_alone:
                _work(workspace, run_id, look)
            else:
                sleep(POLL_SECONDS)
    if run.state is RunState.DONE:
        return run
    about = "scene" if run.kind is RunKind.RECONSTRUCT else run.kind
    name = f"{about} {run.request.get('round') or run.request.get('scene') or ''}".strip()
    raise StudioError(f"{name} is {run.state}" + (f": {run.error}" if run.error else ""))


def _look(workspace: Workspace, run_id: str) -> tuple[Run, bool]:
    """Return a run and whether it has ended and no worker will take it up again."""
    from app import jobs, runs
    from app.schema import ENDED

    with workspace.read() as conn:
        run = runs.get(conn, run_id)
        return run, run.state in ENDED and run_id not in jobs.waiting(conn)


def _work(workspace: Workspace, run_id: str, look: Callable[[], object]) -> None:
    """Work on a run in a thread until it ends; what interrupts this interrupts the run."""
    from app import slots  # the parts of a worker that need no job engine
    from app.attempt import attempt

    stop = Event()
    with slots.hold(workspace, once=True) as slot, ThreadPoolExecutor(1) as thread:
        working = thread.submit(attempt, workspace, run_id, slot=slot.holder, stop=stop)
        try:
            while not working.done():
                look()
                sleep(POLL_SECONDS)
        finally:  # Ctrl+C: the run is written down as interrupted
            stop.set()
        working.result()  # raises what the database or the disk refused
