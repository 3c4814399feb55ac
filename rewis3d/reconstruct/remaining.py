"""How long a reconstruction that runs still takes: its forecast, corrected by what was seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from rewis3d.reports import Progress

PRIOR: Final = 0.05
"""Share of the whole that has to be done until what was seen counts as much as the forecast."""

Result = TypeVar("Result")


@dataclass(slots=True)
class Pace:
    """Seconds for each second of the forecast, of one run."""

    seconds: Mapping[str, float]
    """What was forecast for each stage, in their order."""
    begun: tuple[float, float] | None = None
    """When the first report came, and what was forecast to be left then."""

    def left(self, report: Progress, now: float) -> float:
        """Return the seconds that all stages from this report on will take."""
        whole = sum(self.seconds.values())
        forecast = _forecast_left(report, self.seconds)
        self.begun = self.begun or (now, forecast)
        spent, gone = now - self.begun[0], self.begun[1] - forecast
        return forecast * (spent + PRIOR * whole) / max(gone + PRIOR * whole, 1e-9)


def timed(
    work: Generator[Progress, None, Result],
    seconds: Mapping[str, float],
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Generator[Progress, None, Result]:
    """Pass a work's reports and result on, each with the time that all that is left will take.

    `seconds` is the forecast of each stage. A stage that it does not know goes by its own pace.
    """
    pace = Pace(seconds)
    first: dict[str, tuple[float, int]] = {}
    while True:
        try:
            report = next(work)
        except StopIteration as end:
            return end.value
        now = clock()
        begun, done = first.setdefault(report.stage, (now, report.done))
        if report.stage in seconds:
            yield replace(report, eta_seconds=pace.left(report, now))
        elif report.done > done:
            each = (now - begun) / (report.done - done)
            yield replace(report, eta_seconds=each * (report.total - report.done))
        else:
            yield report


def _forecast_left(report: Progress, seconds: Mapping[str, float]) -> float:
    stages = list(seconds)
    later = stages[stages.index(report.stage) + 1 :]
    share = 1 - report.done / report.total if report.total else 0.0
    return seconds[report.stage] * share + sum(seconds[stage] for stage in later)
