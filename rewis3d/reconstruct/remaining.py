"""How long a reconstruction that runs still takes: its forecast, corrected by what was seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from rewis3d.reports import Progress

PRIOR: Final = 0.05
"""Share of the whole that has to be done until what was seen counts as much as the forecast."""
OF_FRAMES: Final = ("measuring depth", "checking depth")
"""Stages that count the frames that are left where an earlier run has done the others."""

Result = TypeVar("Result")


@dataclass(slots=True)
class Pace:
    """Seconds for each second of the forecast, of one run."""

    seconds: Mapping[str, float]
    """What was forecast for each stage, in their order."""
    frames: int
    spent: float = 0.0
    gone: float = 0.0
    """Seconds of the forecast that were done in that time."""
    last: tuple[str, float, float] | None = None
    """Stage and time of the last report, and what was forecast to be left then."""

    def left(self, report: Progress, now: float) -> float:
        """Return the seconds that all stages from this report on will take."""
        forecast = self._forecast(report)
        if self.last is not None:
            stage, at, left = self.last
            # what is there already when a stage begins took no time
            until = forecast if report.stage == stage else self._from(report.stage)
            self.spent += now - at
            self.gone += left - until
        self.last = (report.stage, now, forecast)
        prior = PRIOR * sum(self.seconds.values())
        return forecast * (self.spent + prior) / max(self.gone + prior, 1e-9)

    def _forecast(self, report: Progress) -> float:
        total = self.frames if report.stage in OF_FRAMES else report.total
        done = 1 - (report.total - report.done) / total if total else 1.0
        return self._from(report.stage) - self.seconds[report.stage] * done

    def _from(self, stage: str) -> float:
        stages = list(self.seconds)
        return sum(self.seconds[each] for each in stages[stages.index(stage) :])


def timed(
    work: Generator[Progress, None, Result],
    seconds: Mapping[str, float],
    *,
    frames: int,
    clock: Callable[[], float] = time.monotonic,
) -> Generator[Progress, None, Result]:
    """Pass a work's reports and result on, each with the time that all that is left will take.

    `seconds` is the forecast of each stage, `frames` how many there are in all. A stage that the
    forecast does not know goes by its own pace.
    """
    pace = Pace(seconds, frames)
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
