from __future__ import annotations

from pathlib import Path

import pytest

from app.benchmark.cell import Cell, write_cell_job
from app.benchmark.work import TRACEBACK, work
from app.errors import StudioError
from app.workspace import Workspace
from rewis3d.reports import Progress
from tests.app.benchmark.planned import LEARNER, only_cell, planned, silent, wish


@pytest.fixture
def cell(project: Workspace, labels: Path) -> Cell:
    plan = planned(project, wish(labels))
    write_cell_job(project, plan, only_cell(project, plan), on_progress=silent)
    return only_cell(project, plan)


def test_what_a_child_took_and_how_far_it_was(cell: Cell) -> None:
    told: list[Progress] = []
    cost = work(cell, threads=1, on_progress=told.append, command=LEARNER)
    assert 0 < cost.seconds < 60
    assert cost.peak_memory_bytes > 20 << 20
    assert [(one.stage, one.done) for one in told if one.stage == "learning"] == [
        ("learning", step) for step in (1, 2, 3, 4)
    ]
    assert told[-1] == Progress("predicting", 4, 4)


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ("refuse", "cell ema-0: one view at a time is too much for the memory$"),
        ("raise", r"cell ema-0: ValueError: no such thing \(traceback in .*traceback\.txt\)$"),
        ("kill", "cell ema-0: the system killed the job, most likely because memory ran out$"),
        ("exit", r"cell ema-0: .*\(exit status 3\); .*child\.log says why$"),
    ],
)
def test_a_child_that_fails_is_one_line(
    cell: Cell, monkeypatch: pytest.MonkeyPatch, wrong: str, line: str
) -> None:
    monkeypatch.setenv("LEARNER_WRONG", f"ema-0 {wrong}")
    with pytest.raises(StudioError, match=line):
        work(cell, threads=1, on_progress=silent, command=LEARNER)
    assert (cell.folder / TRACEBACK).exists() is (wrong == "raise")


def test_the_seconds_of_a_child_that_failed_count(
    cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEARNER_WRONG", "ema-0 raise")
    with pytest.raises(StudioError):
        work(cell, threads=1, on_progress=silent, command=LEARNER)
    first = (cell.folder / "spent.json").read_text()
    cost = work(cell, threads=1, on_progress=silent, command=LEARNER)
    assert not (cell.folder / TRACEBACK).exists()
    assert cost.seconds > float(first.split(":")[1].split(",")[0]) > 0
