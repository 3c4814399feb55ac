"""The child process of a cell: started, watched to its end, and measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from app import process
from app.benchmark.cell import Cell
from app.benchmark.cost import Cost, Meter
from app.errors import StudioError
from app.process import Process
from rewis3d.reports import Done, Failed, Progress, Report

TRACEBACK: Final = "traceback.txt"
"""In the folder of a cell whose child went wrong."""
_POLL_SECONDS: Final = 0.1

OnReport = Callable[[Progress], None]
"""Told how far the child is."""


def work(
    cell: Cell, *, threads: int, on_progress: OnReport, command: Sequence[str] = process.COMMAND
) -> Cost:
    """Have a child work on a cell's job folder and return what it took.

    A child that was killed before goes on where it was. StudioError says why it did not finish.
    """
    (cell.folder / TRACEBACK).unlink(missing_ok=True)
    meter = Meter(cell.folder)
    child = Process(cell.job, threads=threads, command=command)
    try:
        with child:
            end, status = _watched(child, meter, on_progress)
    finally:  # also where this process is interrupted
        cost = meter.stop(child.peak_memory_bytes)
    _check(cell, end, status)
    return cost


def _watched(
    child: Process, meter: Meter, on_progress: OnReport
) -> tuple[Done | Failed | None, int]:
    """Return the child's last word and its exit status."""
    end: Done | Failed | None = None
    while child.reporting:
        for report in child.poll(_POLL_SECONDS):
            end = _heard(report, on_progress) or end
        meter.tick()
    return end, child.leave()


def _heard(report: Report, on_progress: OnReport) -> Done | Failed | None:
    if isinstance(report, Progress):
        on_progress(report)
    return report if isinstance(report, Done | Failed) else None


def _check(cell: Cell, end: Done | Failed | None, status: int) -> None:
    if end is None:
        log = cell.job / process.LOG
        raise StudioError(f"cell {cell.name}: {process.how_it_ended(status, str(log))}")
    if isinstance(end, Failed):
        where = ""
        if end.traceback:
            file = cell.folder / TRACEBACK
            file.write_text(end.traceback)
            where = f" (traceback in {file})"
        raise StudioError(f"cell {cell.name}: {end.message}{where}")
