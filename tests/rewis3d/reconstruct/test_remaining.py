"""How long a reconstruction still takes, by a clock that a test holds."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from rewis3d.reconstruct.remaining import timed
from rewis3d.reports import Progress
from tests.rewis3d.reconstruct.test_mapanything import finish

SECONDS = {"features": 10.0, "mapping": 30.0, "measuring depth": 60.0}


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def work(clock: Clock, *steps: tuple[float, str, int, int]) -> Generator[Progress, None, str]:
    for seconds, stage, done, total in steps:
        clock.now += seconds
        yield Progress(stage, done, total)
    return "made"


def left(*steps: tuple[float, str, int, int]) -> list[float | None]:
    clock = Clock()
    return [
        report.eta_seconds for report in timed(work(clock, *steps), SECONDS, frames=60, clock=clock)
    ]


def test_the_first_report_says_how_long_all_of_it_takes() -> None:
    assert left((0, "features", 0, 4)) == [100]


def test_what_goes_as_forecast_leaves_what_was_forecast() -> None:
    steps = [
        (0, "features", 0, 2),
        (5, "features", 1, 2),
        (5, "mapping", 0, 1),
        (60, "mapping", 1, 1),
    ]
    told = left(*steps)
    assert told[:3] == pytest.approx([100, 95, 90])
    assert told[3] == pytest.approx(60 * 75 / 45)  # 70 s instead of 40, 5 of each as a prior


def test_a_machine_half_as_fast_takes_twice_as_long() -> None:
    told = left(
        (0, "features", 0, 1),
        (20, "features", 1, 1),
        (0, "mapping", 0, 1),
        (60, "mapping", 1, 1),
    )
    assert told[-1] == pytest.approx(120, rel=0.06)


def test_a_run_that_goes_on_counts_what_is_left() -> None:
    """The depth of 30 frames of 60 is there; stages that are done take no time and say nothing."""
    told = left(
        (0, "features", 4, 4),
        (0, "mapping", 2, 3),
        (10, "mapping", 3, 3),
        (0, "measuring depth", 0, 30),
        (15, "measuring depth", 15, 30),
    )
    assert told == pytest.approx([90, 70, 60, 30, 15])
    assert left((0, "measuring depth", 0, 0)) == [0]


def test_a_stage_that_nobody_knows_goes_by_its_own_pace() -> None:
    told = left((0, "mapanything", 0, 600), (50, "mapanything", 200, 600), (0, "x", 3, 9))
    assert told == [None, 100, None]


def test_reports_and_result_are_passed_on() -> None:
    clock = Clock()
    assert (
        finish(timed(work(clock, (1, "features", 2, 4)), SECONDS, frames=60, clock=clock)) == "made"
    )
    (report,) = timed(work(clock, (1, "features", 2, 4)), SECONDS, frames=60, clock=clock)
    assert (report.stage, report.done, report.total) == ("features", 2, 4)
