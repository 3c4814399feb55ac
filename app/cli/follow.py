"""Waiting for a run: by a worker that is there already, or by one of this process."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final

from app.cli.terminal import progress
from app.errors import StudioError

if TYPE_CHECKING:
    from app.runs import Run
    from app.workspace import Workspace

POLL_SECONDS: Final = 0.2


def worker_is_there(workspace: Workspace) -> bool:
    """Say whether a worker, of the studio or of `rewis3d worker`, is on the project."""
    from app import jobs

    return jobs.worker_present(workspace)


def finished(workspace: Workspace, run_id: str) -> Run:
    """Wait until a run has ended and return it, done; StudioError says why it is not.

    Where no worker is on the project, one works in this process until then.
    """
    from app import worker

    with nullcontext() if worker_is_there(workspace) else worker.working(workspace.root):
        run = _watch(workspace, run_id)
    return _done(run)


def _watch(workspace: Workspace, run_id: str) -> Run:
    """Show a run's progress until it ends, and return it."""
    from app import runs
    from app.schema import ENDED

    with progress() as advance:
        while True:
            with workspace.read() as conn:
                run = runs.get(conn, run_id)
            if run.state in ENDED:
                return run
            advance(run.stage or str(run.state), run.done or 0, run.total)
            time.sleep(POLL_SECONDS)


def _done(run: Run) -> Run:
    from app.schema import RunState

    if run.state is RunState.DONE:
        return run
    name = f"{run.kind} {run.request.get('round') or ''}".strip()
    raise StudioError(f"{name} was {run.state}" + (f": {run.error}" if run.error else ""))
