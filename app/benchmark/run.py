"""All cells of a plan, one after the other: made, judged and kept."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from app import process
from app.attempt import threads
from app.benchmark.cell import Cell, cells, home, is_of, write_cell_job
from app.benchmark.judge import judge
from app.benchmark.plan import Plan
from app.benchmark.result import Result, read_result, write_result
from app.benchmark.work import work
from app.environment import Environment
from app.errors import StudioError
from app.workspace import Workspace
from rewis3d.job import JOB_FILE, read_job
from rewis3d.publish import FOLDER as PREDICTIONS
from rewis3d.reports import Progress

_LEARNING: Final = "learning"
_LOCK: Final = "lock"


@runtime_checkable
class Advance(Protocol):
    """Takes how far something is."""

    def __call__(
        self, stage: str, done: int, total: int | None, /, *, left: float | None = None
    ) -> None:
        """Take units done of their total (None: not known), and the seconds that are left."""


@dataclass(frozen=True, slots=True)
class _Tell:
    """Says of each stage which cell it is of."""

    about: str
    advance: Advance

    def __call__(self, stage: str, done: int, total: int | None, left: float | None = None) -> None:
        self.advance(f"{self.about}: {stage}", done, total, left=left)


OnCell = Callable[[Result], None]
"""Told each cell that was made now."""


def run(
    workspace: Workspace,
    plan: Plan,
    *,
    environment: Environment,
    advance: Advance,
    on_cell: OnCell,
    command: Sequence[str] = process.COMMAND,
) -> list[Result]:
    """Return the results of all cells, making those that are not there yet.

    What is finished stays where this is killed, and the cell in the making goes on where it was.
    StudioError names a cell that fails, or says that another process is at work on the same ones.
    """
    wanted = cells(workspace, plan)
    results = []
    with _alone(home(workspace, plan)):
        for place, cell in enumerate(wanted, start=1):
            result = _finished(plan, cell)
            if result is None:
                tell = _Tell(f"{cell.name} ({place} of {len(wanted)})", advance)
                result = _made(
                    workspace, plan, cell, environment=environment, tell=tell, command=command
                )
                on_cell(result)
            results.append(result)
    return results


def _finished(plan: Plan, cell: Cell) -> Result | None:
    """Return the result of a cell that is finished, and is what the plan wants there."""
    result = read_result(cell.folder)
    if result is None or not (cell.job / JOB_FILE).exists():
        return None
    return result if is_of(read_job(cell.job), plan, cell) else None


def _made(
    workspace: Workspace,
    plan: Plan,
    cell: Cell,
    *,
    environment: Environment,
    tell: _Tell,
    command: Sequence[str],
) -> Result:
    job = read_job(write_cell_job(workspace, plan, cell, on_progress=tell))

    def heard(report: Progress) -> None:
        tell(report.stage, report.done, report.total or None, report.eta_seconds)

    cost = work(cell, threads=threads(workspace), on_progress=heard, command=command)
    judgement = judge(workspace, plan, cell, on_progress=tell)
    scene = plan.scenery.of(cell.row)
    result = Result(
        name=cell.row.name,
        seed=cell.seed,
        miou=judgement.marks.miou,
        iou=judgement.marks.iou,
        accuracy=judgement.marks.accuracy,
        frames=judgement.frames,
        drawn_share=judgement.drawn_share,
        seconds=cost.seconds,
        peak_memory_bytes=cost.peak_memory_bytes,
        config=job.config,
        scene=scene and scene.number,
        environment=environment,
    )
    for name in (_LEARNING, PREDICTIONS):  # what is not needed any more
        shutil.rmtree(cell.folder / name, ignore_errors=True)
    write_result(result, cell.folder)
    return result


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the lock of a benchmark's folder; StudioError where another process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StudioError(f"{folder}: a benchmark of the same cells is at work") from error
        yield
    finally:
        os.close(handle)
