"""Cells are made once: what is finished stays, and what was cut off goes on where it was."""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from annotations import store
from app.benchmark.cell import Cell, cells, home
from app.benchmark.result import FILE
from app.benchmark.run import run
from app.errors import StudioError
from app.workspace import Workspace
from tests import processes
from tests.app.benchmark.learner import STEPS
from tests.app.benchmark.planned import HERE, LEARNER, change_scene, made, planned, silent, wish
from tests.app.scenery import make_scene

DRIVER = """
import sys
from pathlib import Path
from app.workspace import open_workspace
from tests.app.benchmark.planned import made, planned, wish
with open_workspace(Path(sys.argv[1])) as workspace:
    made(workspace, planned(workspace, wish(Path(sys.argv[2]), "quick", "ema")))
"""


def attempts(cell: Cell) -> int:
    return len((cell.folder / "worked.txt").read_text().splitlines())


def test_every_cell_is_made_judged_and_kept(project: Workspace, labels: Path) -> None:
    plan = planned(project, wish(labels, "ema", "full"))
    told: list[str] = []
    ema, full = results = made(project, plan, told=told)
    assert told == ["ema-0", "full-0"]
    assert [one.name for one in results] == ["ema", "full"]
    assert 1 > (full.miou["other"] or 0) > (ema.miou["other"] or 0) > 0
    for cell, one in zip(cells(project, plan), results, strict=True):
        assert one.seconds > 0
        assert one.peak_memory_bytes > 0
        assert one.config["branches"] == "2d"
        assert one.frames == {"same": 1, "other": 3, "reserved": 0}
        assert {path.name for path in cell.folder.iterdir()} == {
            "job",
            "model",
            "spent.json",
            "worked.txt",
            FILE,
        }
    with project.read() as conn:
        assert store.stroke_counts(conn) == {}


def test_finished_cells_are_not_made_again(project: Workspace, labels: Path) -> None:
    (first,) = made(project, planned(project, wish(labels, "ema")))
    told: list[str] = []
    more_rows = planned(project, wish(labels, "quick", "ema"))
    results = made(project, more_rows, told=told, here=replace(HERE, commit="later"))
    assert told == ["quick-0"]
    assert results[1] == first
    more_seeds = planned(project, wish(labels, "ema", seeds=2))
    results = made(project, more_seeds, told=told)
    assert told == ["quick-0", "ema-1"]
    assert results[0] == first
    assert (results[1].miou["other"] or 1) < (first.miou["other"] or 0)
    assert attempts(cells(project, more_seeds)[0]) == 1


def test_a_cell_that_failed_goes_on_where_it_was(
    project: Workspace, labels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(project, wish(labels, "quick", "ema"))
    monkeypatch.setenv("LEARNER_WRONG", "ema-0 kill")
    told: list[str] = []
    with pytest.raises(StudioError, match="cell ema-0: "):
        made(project, plan, told=told)
    assert told == ["quick-0"]
    _, cut = cells(project, plan)
    assert len(list((cut.folder / "learning").iterdir())) == STEPS // 2
    job = (cut.job / "job.json").stat()
    results = made(project, plan, told=told)
    assert told == ["quick-0", "ema-0"]
    assert [one.name for one in results] == ["quick", "ema"]
    assert [attempts(cell) for cell in cells(project, plan)] == [1, 2]
    assert (cut.job / "job.json").stat() == job


def test_kill_9_in_the_middle_of_a_cell(
    project: Workspace, labels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(project, wish(labels, "quick", "ema"))
    quick, ema = cells(project, plan)
    monkeypatch.setenv("LEARNER_WRONG", "ema-0 hang")
    monkeypatch.setenv("PYTHONPATH", str(processes.ROOT))
    with processes.started((sys.executable, "-P", "-c", DRIVER), project.root, labels) as driver:
        processes.eventually((ema.folder / "went-wrong").exists)
        with pytest.raises(StudioError, match="a benchmark of the same cells is at work"):
            made(project, plan)
        child = int((ema.folder / "worked.txt").read_text())
        processes.kill(driver)
    processes.eventually(lambda: not Path(f"/proc/{child}/status").exists() or dead(child))
    before = (quick.folder / FILE).read_bytes()
    told: list[str] = []
    made(project, plan, told=told)
    assert told == ["ema-0"]
    assert (attempts(quick), attempts(ema)) == (1, 2)
    assert (quick.folder / FILE).read_bytes() == before


def dead(pid: int) -> bool:
    """Say whether a process is gone but for its number: nobody has asked how it ended."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


def test_ctrl_c_ends_the_child_and_keeps_what_it_took(
    project: Workspace, labels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(project, wish(labels))
    (cell,) = cells(project, plan)
    monkeypatch.setenv("LEARNER_WRONG", "ema-0 hang")

    def press() -> None:
        processes.eventually((cell.folder / "went-wrong").exists, seconds=120)
        os.kill(os.getpid(), signal.SIGINT)

    # who starts the tests in the background may have them ignore it
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread = threading.Thread(target=press)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            made(project, plan)
    finally:
        signal.signal(signal.SIGINT, before)
    thread.join()
    child = int((cell.folder / "worked.txt").read_text())
    assert not Path(f"/proc/{child}").exists()
    assert (cell.folder / "spent.json").exists()
    told: list[str] = []
    made(project, plan, told=told)
    assert told == ["ema-0"]


def test_a_kill_after_the_training_costs_no_training(project: Workspace, labels: Path) -> None:
    plan = planned(project, wish(labels))
    (cell,) = cells(project, plan)
    first = made(project, plan)
    (cell.folder / FILE).unlink()  # as if it had been killed before it was judged
    (again,) = made(project, plan)
    assert attempts(cell) == 2
    assert not (cell.folder / "learning").exists()
    assert again.miou == first[0].miou
    assert again.seconds > first[0].seconds


def test_a_cell_of_another_scene_is_made_anew(project: Workspace, labels: Path) -> None:
    first = make_scene(project)
    second = make_scene(project)
    wanted = wish(labels, "single")
    assert [one.scene for one in made(project, planned(project, wanted))] == [second]
    change_scene(project, first, config={"backend": "depth"})
    told: list[str] = []
    plan = planned(project, wanted)
    assert [one.scene for one in made(project, plan, told=told)] == [first]
    assert told == ["single-0"]
    assert attempts(cells(project, plan)[0]) == 1


def test_progress_says_which_cell_and_what_is_left(project: Workspace, labels: Path) -> None:
    told: list[tuple[str, int, int | None, float | None]] = []

    def advance(stage: str, done: int, total: int | None, /, *, left: float | None = None) -> None:
        told.append((stage, done, total, left))

    plan = planned(project, wish(labels, "quick", "ema"))
    run(
        project,
        plan,
        environment=HERE,
        advance=advance,
        on_cell=silent,
        command=LEARNER,
    )
    assert ("quick-0 (1 of 2): learning", 1, STEPS, 1.0) in told
    assert ("quick-0 (1 of 2): preparing", 0, 1, None) in told
    assert told[-1] == ("ema-0 (2 of 2): judging", 4, 4, None)
    assert (home(project, plan) / "lock").exists()
