"""One attempt at a run: its job folder, its child, and its reports written down as they come."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Any, Final

from sqlalchemy import Connection

from annotations.types import AnnotationError
from app import archive, bridge, jobs, labels, process, reconstruction, rounds, runs, scenes, slots
from app.errors import RunLostError, StudioError
from app.process import Process
from app.runs import Claim, Run
from app.schema import RunKind
from app.settings import read_settings
from app.workspace import Workspace
from rewis3d.reports import Done, Failed, Point, Progress, Published, Report, Scores
from rewis3d.types import Rewis3dError

_POLL_SECONDS: Final = 0.1
_PROGRESS_SECONDS: Final = 0.25
"""Progress and points are written so often; predictions at once."""
_HEARTBEAT_SECONDS: Final = 1.0
_PATIENCE_SECONDS: Final = 1.5
"""What waits for a worker longer than this goes before a scene or a round of the method."""


class _StopError(Exception):
    """The attempt is to end before its child has."""


class _GiveWayError(_StopError):
    """Something that a person waits for goes first."""


class _CancelledError(_StopError):
    """Somebody asked for it."""


def attempt(
    workspace: Workspace,
    run_id: str,
    *,
    slot: str,
    stop: Event,
    command: Sequence[str] = process.COMMAND,
) -> None:
    """Work on a run until it ends, it is cancelled, or `stop` is set (then it is interrupted).

    Does nothing where the run has ended or a living worker has it.
    """
    claim = jobs.claim(workspace, run_id, slot=slot)
    if claim is None:
        return
    try:
        _work(workspace, claim, stop, command)
    except RunLostError:
        return  # whoever has the run now says how it goes on
    except _CancelledError:
        with workspace.write() as conn:
            runs.cancel(conn, claim)
    except _GiveWayError:
        with workspace.write() as conn:
            runs.give_way(conn, claim)
    except _StopError:
        with workspace.write() as conn:
            runs.interrupt(conn, claim, error=jobs.INTERRUPTED)
    except (StudioError, AnnotationError, Rewis3dError) as error:
        _fail(workspace, claim, str(error))
    except Exception as error:  # noqa: BLE001  else the run would look as if it ran for ever
        _fail(workspace, claim, f"{type(error).__name__}: {error}", traceback.format_exc())


def _fail(workspace: Workspace, claim: Claim, message: str, details: str | None = None) -> None:
    with workspace.write() as conn:
        runs.fail(conn, claim, error=message, traceback=details)


def _work(workspace: Workspace, claim: Claim, stop: Event, command: Sequence[str]) -> None:
    with workspace.read() as conn:
        run = runs.get(conn, claim.run_id)
    record = _Record(workspace, claim)

    def tell(stage: str, done: int, total: int | None) -> None:
        """Write down how far this process is itself, and look whether it is to go on."""
        record.take([Progress(stage, done, total or 0)])
        _check(stop)
        record.write()

    if run.kind is RunKind.EXPORT and run.request["what"] != "model":
        # Labels or strokes: no network takes part in it.
        record.take([Done(labels.fill_export(workspace, run.run_id, on_progress=tell))])
        record.end("")
        return
    folder = job_folder(workspace, run, on_progress=tell)
    with Process(folder, threads=threads(workspace), command=command) as child:
        patience = _Patience(workspace, run)
        while child.reporting:
            record.take(child.poll(_POLL_SECONDS))
            _check(stop)
            record.write()
            patience.check()
        status = child.leave()
    if run.kind is RunKind.EXPORT and record.is_done:
        made = workspace.path(f"{bridge.EXPORTS}/{run.run_id}")
        archive.write_zip(made, made.with_suffix(".zip"))
    if run.kind is RunKind.RECONSTRUCT and record.is_done:
        record.scene_report = reconstruction.read_report(workspace, run.request["scene"])
    record.end(process.how_it_ended(status, workspace.relative(folder / process.LOG)))


def _check(stop: Event) -> None:
    if stop.is_set():
        raise _StopError


def job_folder(
    workspace: Workspace, run: Run, *, on_progress: bridge.OnProgress = lambda *_: None
) -> Path:
    """Return the job folder of a run, written now where it is not there yet."""
    if run.kind is RunKind.ROUND:
        return bridge.write_training_job(
            workspace,
            run.request["round"],
            current_frame=run.request.get("current_frame"),
            on_progress=on_progress,
        )
    if run.kind is RunKind.PREDICT:
        return bridge.write_predict_job(workspace, run.run_id)
    if run.kind is RunKind.RECONSTRUCT:
        return reconstruction.write_reconstruct_job(workspace, run.request["scene"])
    return bridge.write_export_job(workspace, run.run_id)


def threads(workspace: Workspace) -> int:
    """Return how many threads a child may use: all cores, but one while a studio runs."""
    chosen = read_settings().threads
    if chosen is not None:
        return chosen
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, (cores or 1) - slots.studio_runs(workspace))


class _Patience:
    """Ends the attempt at what takes minutes where a person waits for what takes seconds.

    Scenes and rounds of the method keep what they have done. Another worker, where there is one,
    has taken what waits before anybody here runs out of patience; where there is none at all, as
    beside a command that works on its own run, nobody would take it.
    """

    def __init__(self, workspace: Workspace, run: Run) -> None:
        self._workspace = workspace
        with workspace.read() as conn:
            self._patient = not jobs.gives_way(conn, run)
        self._looked = time.monotonic()

    def check(self) -> None:
        """_GiveWayError where somebody has waited long enough."""
        if self._patient or time.monotonic() - self._looked < _PATIENCE_SECONDS:
            return
        self._looked = time.monotonic()
        with self._workspace.read() as conn:
            waits = jobs.somebody_waits(conn, seconds=_PATIENCE_SECONDS)
        if waits and jobs.worker_alive(self._workspace):
            raise _GiveWayError


class _Record:
    """What the child has said and the rows don't say yet."""

    def __init__(self, workspace: Workspace, claim: Claim) -> None:
        self._workspace = workspace
        self._claim = claim
        self.scene_report: dict[str, Any] | None = None
        """What a reconstruction that is done says of itself."""
        self._published: list[Published] = []
        self._points: list[Point] = []
        self._progress: Progress | None = None
        self._scores: Scores | None = None
        self._end: Done | Failed | None = None
        self._told = self._beaten = 0.0

    def take(self, reports: Sequence[Report]) -> None:
        """Remember reports; of progress the last one."""
        for report in reports:
            match report:
                case Published():
                    self._published.append(report)
                case Point():
                    self._points.append(report)
                case Progress():
                    self._progress = report
                case Scores():
                    self._scores = report
                case Done() | Failed():
                    self._end = report

    def write(self) -> None:
        """Write what is due, as one transaction; _CancelledError where that was asked for."""
        now = time.monotonic()
        told = bool(self._points or self._progress or self._scores)
        tell = told and now - self._told >= _PROGRESS_SECONDS
        if not (self._published or tell or now - self._beaten >= _HEARTBEAT_SECONDS):
            return
        with self._workspace.write() as conn:
            cancelled = runs.heartbeat(conn, self._claim)
            self._publish(conn)
            if tell:
                self._tell(conn)
        self._beaten = now
        self._told = now if tell else self._told
        if cancelled:
            raise _CancelledError

    def _publish(self, conn: Connection) -> None:
        rounds.publish(conn, self._claim, self._published)
        self._published = []

    def _tell(self, conn: Connection) -> None:
        runs.add_points(conn, self._claim, self._points)
        if self._scores:
            rounds.record_scores(conn, self._claim, self._scores)
        if self._progress:
            runs.progress(
                conn,
                self._claim,
                stage=self._progress.stage,
                done=self._progress.done,
                total=self._progress.total,
                eta_seconds=self._progress.eta_seconds,
            )
        self._points, self._scores, self._progress = [], None, None

    @property
    def is_done(self) -> bool:
        """Whether the child has said that it did all that it should."""
        return isinstance(self._end, Done)

    def end(self, otherwise: str) -> None:
        """Write the rest and how the run ended; `otherwise` where the child did not say."""
        with self._workspace.write() as conn:
            self._publish(conn)
            self._tell(conn)
            match self._end:
                case Done(result=result):
                    if self.scene_report is not None:
                        scenes.finish(conn, self._claim, self.scene_report)
                    rounds.finish(conn, self._claim)
                    runs.finish(conn, self._claim, result=result)
                case Failed(message=message, traceback=details):
                    runs.fail(conn, self._claim, error=message, traceback=details or None)
                case None:
                    runs.fail(conn, self._claim, error=otherwise)
