from __future__ import annotations

from pathlib import Path

import pytest

from app.benchmark.cost import FILE, Cost, Meter
from app.errors import StudioError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_attempts_add_up_and_the_largest_memory_counts(tmp_path: Path) -> None:
    clock = Clock()
    first = Meter(tmp_path, clock=clock)
    clock.now += 7.5
    assert first.stop(300) == Cost(7.5, 300)
    clock.now += 1000  # nobody works
    second = Meter(tmp_path, clock=clock)
    clock.now += 2.25
    assert second.stop(200) == Cost(9.75, 300)


def test_a_kill_loses_the_last_second(tmp_path: Path) -> None:
    clock = Clock()
    meter = Meter(tmp_path, clock=clock)
    for _ in range(35):
        clock.now += 0.1
        meter.tick()
    later = Meter(tmp_path, clock=clock).stop(0)
    assert 2.5 < later.seconds <= 3.5


def test_it_is_written_once_a_second(tmp_path: Path) -> None:
    clock = Clock()
    meter = Meter(tmp_path, clock=clock)
    clock.now += 0.9
    meter.tick()
    assert not (tmp_path / FILE).exists()
    clock.now += 0.1
    meter.tick()
    assert (tmp_path / FILE).exists()


@pytest.mark.parametrize("text", ["", "[]", '{"hours": 3}'])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(StudioError, match=r"spent\.json: not what a cell took"):
        Meter(tmp_path)
