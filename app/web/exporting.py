"""Label exports: written by a thread of the web process, so that they need not wait for a round.

The run's row is claimed like a worker's, under a slot of its own. Where the studio dies in the
middle, the run is named as interrupted like any other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

from annotations.types import AnnotationError
from app import labels, runs, slots
from app.errors import RunLostError, StudioError
from app.runs import Claim
from app.schema import RunKind
from app.web.context import Studio
from app.workspace import Workspace

_PROGRESS_SECONDS: Final = 0.25
_START_SECONDS: Final = 15.0
_PATIENCE_SECONDS: Final = 0.5
"""The last one is listed as done a moment before its thread has ended."""
_one_at_a_time = threading.Lock()


def start(studio: Studio, request: dict[str, Any]) -> str:
    """Start to write labels or strokes and return the run id; StudioError while another is."""
    if not _one_at_a_time.acquire(timeout=_PATIENCE_SECONDS):
        raise StudioError("labels are being exported already; wait until that is done")
    started: Future[str] = Future()
    threading.Thread(
        target=_export, args=(studio, request, started), name="export", daemon=True
    ).start()
    return started.result(_START_SECONDS)


def _export(studio: Studio, request: dict[str, Any], started: Future[str]) -> None:
    try:
        with slots.hold(studio.workspace, once=True) as slot:
            claim = _begin(studio, request, slot.holder)
            started.set_result(claim.run_id)
            _work(studio, claim)
    except RunLostError:
        return  # whoever has the run now says how it goes on
    except BaseException as error:
        if started.done():
            raise
        started.set_exception(error)
    finally:
        _one_at_a_time.release()


def _begin(studio: Studio, request: dict[str, Any], holder: str) -> Claim:
    with studio.write() as conn:  # claimed at once: a worker takes what it finds in the queue
        run_id = runs.create(conn, RunKind.EXPORT, request=request)
        claim = runs.claim(conn, run_id, slot=holder)
    if claim is None:
        raise StudioError(f"the new run {run_id} can't be taken")
    return claim


def _work(studio: Studio, claim: Claim) -> None:
    tell = _teller(studio.workspace, claim)
    try:
        result = labels.fill_export(studio.workspace, claim.run_id, on_progress=tell)
    except (StudioError, AnnotationError) as error:
        with studio.write() as conn:
            runs.fail(conn, claim, error=str(error))
    else:
        with studio.write() as conn:
            runs.finish(conn, claim, result=result)


def _teller(workspace: Workspace, claim: Claim) -> Callable[[str, int, int | None], None]:
    told = time.monotonic()

    def tell(stage: str, done: int, total: int | None) -> None:
        nonlocal told
        if time.monotonic() - told >= _PROGRESS_SECONDS:
            told = time.monotonic()
            with workspace.write() as conn:
                runs.progress(conn, claim, stage=stage, done=done, total=total or done)

    return tell
