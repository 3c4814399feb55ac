"""The table by command; what its figures mean is tested with app/benchmark."""

from __future__ import annotations

import json
import signal
import threading
from functools import partial
from pathlib import Path

import pytest

import app.benchmark.run
from app.benchmark.plan import Plan
from app.benchmark.result import Result
from app.cli.main import main
from app.workspace import Workspace
from tests import processes
from tests.app.benchmark.planned import LEARNER, make_reported_scene, result
from tests.app.cli.conftest import Refused, strokes
from tests.app.judged import write_labels

real_run = app.benchmark.run.run


@pytest.fixture
def labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Dense labels of the small project, whose cells are made by a child without torch."""
    monkeypatch.setattr(app.benchmark.run, "run", partial(real_run, command=LEARNER))
    return write_labels(tmp_path / "labels")


def words(project: Workspace, labels: Path, *more: str) -> list[str]:
    return ["benchmark", str(project.root), "--labels", str(labels), "--frames", "1", *more]


def test_table_json_and_plot(
    project: Workspace, labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "table.json", tmp_path / "out"
    command = words(project, labels, "--rows", "full, ema", "--seeds", "1")
    assert main([*command, "--json", str(file), "--out", str(out)]) == 0
    said, told = capsys.readouterr()
    assert said.startswith("# Benchmark of project\n\n- commit: ")
    assert "| full | dense labels on the same frames |" in said
    assert (out / "table.md").read_text() == said
    assert (out / "plot.svg").read_text().count("<circle") == 2
    found = json.loads(file.read_text())
    made = [(row["name"], row["seed"]) for row in found["rows"]]
    assert made == [("ema", 0), ("full", 0)]
    assert [row["gap_closed"] for row in found["summary"]] == [0.0, 1.0]
    assert all(f"{name}-{seed}: mIoU " in told for name, seed in made)
    assert strokes(project) == 0
    assert main([*command, "--json", "-"]) == 0
    again, told = capsys.readouterr()
    assert json.loads(again)["rows"] == found["rows"]
    assert "mIoU" not in told  # no cell was made twice
    assert list(project.root.glob("benchmarks/*/plot.svg"))


def test_the_rows_that_are_made_where_none_are_named(
    project: Workspace,
    labels: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Not those that take a scene of given depth, nor the ablations."""

    def run(_: Workspace, plan: Plan, **_words: object) -> list[Result]:
        return [result(row.name, seed) for seed in plan.seeds for row in plan.rows]

    monkeypatch.setattr(app.benchmark.run, "run", run)
    make_reported_scene(project)
    assert main(words(project, labels)) == 0
    out, err = capsys.readouterr()
    assert (err, "- recon on scene 1 (colmap)" in out.splitlines()) == ("", True)
    assert main(words(project, labels, "--json", "-")) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["name"] for row in rows] == ["quick", "ce", "ema", "recon", "full"] * 3


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--rows", "ema,rekon"], "unknown row 'rekon'; known: quick, ce, ema, flow, recon,"),
        (["--rows", ","], "a table needs a row"),
        (["--rows", "recon"], "row 'recon' needs a scene with depth: make one with `rewis3d"),
        (["--rows", "real3d"], "row 'real3d' needs --real-scene, a scene of given depth:"),
        (["--rows", "real3d", "--real-scene", "3"], "there is no scene 3"),
        (["--frames", "4"], "strokes on 4 frames leave none to judge"),
        (["--preset", "quick"], "preset 'quick' has no rows"),
        (["--preset", "slow"], "unknown preset 'slow'"),
        (["--set", "speed=3"], "unknown setting 'speed'"),
        (["--set", "sampling=own"], "setting 'sampling' tells the rows apart"),
        (["--labels", "nowhere"], "nowhere is not a folder"),
    ],
)
def test_what_cant_be_compared_is_one_line(
    project: Workspace, labels: Path, refused: Refused, options: list[str], line: str
) -> None:
    command = words(project, labels, "--rows", "ema")
    assert line in refused(*command, *options)
    assert not (project.root / "benchmarks").exists()


@pytest.mark.parametrize(
    "options", [["--frames", "0"], ["--seeds", "0"], ["--kind", "circles"], ["--set", "steps"]]
)
def test_wrong_usage(project: Workspace, labels: Path, options: list[str]) -> None:
    assert main(words(project, labels, *options)) == 2


def test_a_cell_that_fails_is_one_line_and_the_finished_ones_stay(
    project: Workspace, labels: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEARNER_WRONG", "ema-0 refuse")
    line = refused(*words(project, labels, "--rows", "quick,ema", "--seeds", "1"))
    assert line == "cell ema-0: one view at a time is too much for the memory"
    assert [file.parent.name for file in project.root.glob("benchmarks/*/*/result.json")] == [
        "quick-0"
    ]


def test_frames_of_another_name_have_no_labels(
    project: Workspace, labels: Path, refused: Refused
) -> None:
    for file in labels.iterdir():
        file.rename(file.with_name(f"other-{file.name}"))
    line = refused(*words(project, labels, "--rows", "ema"))
    assert "holds labels of none of the 4 frames; the first would be frame0.png" in line


def test_sigterm_stops_the_child_and_says_how_to_go_on(
    project: Workspace,
    labels: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LEARNER_WRONG", "ema-0 hang")
    kept = app.benchmark.run.run

    def asked(*args: object, **kwargs: object) -> object:
        def ask() -> None:
            processes.eventually(lambda: list(project.root.glob("benchmarks/*/*/went-wrong")))
            signal.raise_signal(signal.SIGTERM)

        threading.Thread(target=ask).start()
        return kept(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(app.benchmark.run, "run", asked)
    assert main(words(project, labels, "--rows", "ema", "--seeds", "1")) == 143
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1] == "stopped; the same command goes on with what is there"
