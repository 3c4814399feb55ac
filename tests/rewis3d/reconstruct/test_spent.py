from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from rewis3d.reconstruct.spent import SPENT_FILE, Spent
from rewis3d.reports import Progress
from rewis3d.types import Rewis3dError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def work(clock: Clock, *, seconds: float, reports: int) -> Generator[Progress, None, str]:
    for done in range(reports):
        clock.now += seconds
        yield Progress("measuring", done, reports)
    return "made"


def test_reports_and_result_come_through(tmp_path: Path) -> None:
    passing = Spent(tmp_path, clock=(clock := Clock())).through(work(clock, seconds=0.1, reports=3))
    assert [next(passing).done for _ in range(3)] == [0, 1, 2]
    with pytest.raises(StopIteration) as ended:
        next(passing)
    assert ended.value.value == "made"


def test_a_second_attempt_counts_on_from_what_the_killed_one_wrote(tmp_path: Path) -> None:
    clock = Clock()
    killed = Spent(tmp_path, clock=clock).through(work(clock, seconds=2.0, reports=9))
    next(killed)
    next(killed)  # 4 seconds; then it is killed, and the machine stands still for an hour
    clock.now += 3600
    again = Spent(tmp_path, clock=clock)
    assert again.seconds == pytest.approx(4.0)
    clock.now += 1.5
    assert again.seconds == pytest.approx(5.5)


def test_time_is_written_once_a_second_at_most(tmp_path: Path) -> None:
    clock = Clock()
    passing = Spent(tmp_path, clock=clock).through(work(clock, seconds=0.4, reports=3))
    next(passing)
    next(passing)
    assert not (tmp_path / SPENT_FILE).exists()
    next(passing)
    assert float((tmp_path / SPENT_FILE).read_text()) == pytest.approx(1.2)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / SPENT_FILE).write_text("soon")
    with pytest.raises(Rewis3dError, match="spent"):
        Spent(tmp_path)
