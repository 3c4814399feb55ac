"""The history by command."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

import app.attempt
from app import jobs, rounds, runs, slots
from app.cli.main import main
from app.cli.training import beside, what_is_shown
from app.workspace import Workspace
from tests.app import running, samples

real_attempt = app.attempt.attempt


@pytest.fixture
def project(project: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A project with strokes, whose rounds are worked on by the child without torch."""
    samples.label_all(project)
    monkeypatch.setattr(app.attempt, "attempt", partial(real_attempt, command=running.COMMAND))
    return project


def test_rounds_and_activate(project: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(project.root), "--seed", "3"]) == 0
    assert main(["train", str(project.root)]) == 0
    capsys.readouterr()
    assert main(["rounds", str(project.root)]) == 0
    titles, second, first = capsys.readouterr().out.splitlines()
    assert titles.split() == [
        "round",
        "state",
        "preset",
        "parent",
        "labels",
        "first",
        "all",
        "mIoU",
    ]
    assert first.split()[:4] == ["*1", "done", "quick", "-"]
    assert second.split()[:4] == ["2", "done", "quick", "1"]
    assert main(["activate", str(project.root), "2"]) == 0
    assert capsys.readouterr().out == "round 2 is shown\n"
    assert main(["rounds", str(project.root), "--json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert [one["number"] for one in found] == [2, 1]
    assert [one["active"] for one in found] == [True, False]
    assert found[1]["seed"] == 3
    assert found[1]["scores"]["miou"] == 0.5
    assert 0 < found[1]["seconds_to_first"] <= found[1]["seconds"]
    assert set(found[0]) >= {"number", "state", "preset", "parent", "label_revision", "seconds"}


def test_a_round_that_waits_for_a_scene_says_so(
    project: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    with slots.hold(project) as slot:
        assert main(["train", str(project.root), "--preset", "cpu", "--use-if-better"]) == 0
        with project.read() as conn:
            scene = jobs.scene_awaited(conn, runs.list_runs(conn)[0].run_id)
            assert scene is not None
        rows = _rows(project, capsys)
        assert rows[-1] == "round 1 waits for scene 1, which is queued"
        claim = jobs.claim(project, scene.run.run_id, slot=slot.holder)
        assert claim is not None
        with project.write() as conn:
            runs.progress(conn, claim, stage="measuring depth", done=2, total=5)
        rows = _rows(project, capsys)
        assert rows[-1] == "round 1 waits for scene 1, measuring depth, 40 % done"
        assert main(["rounds", str(project.root), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["scene"], found["waits_for_scene"], found["use_if_better"]) == (1, 1, True)


def _rows(project: Workspace, capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    assert main(["rounds", str(project.root)]) == 0
    return capsys.readouterr().out.splitlines()


def test_what_the_newest_round_died_of_is_said(
    project: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    with slots.hold(project) as slot:
        assert main(["train", str(project.root), "--preset", "cpu"]) == 0
        assert main(["reconstruct", str(project.root), "--cancel", "1"]) == 0
        with project.read() as conn:
            (run_id,) = jobs.waiting(conn)
        app.attempt.attempt(project, run_id, slot=slot.holder, stop=threading.Event())
    line = "round 1 is failed: it trains with scene 1, which is cancelled: resume the scene"
    assert _rows(project, capsys)[-1].startswith(line)


def test_a_round_that_does_better_is_shown(
    project: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(project.root), "--use-if-better"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "it is shown: there was nothing to compare it with"


@pytest.mark.parametrize(
    ("scores", "active", "line"),
    [
        (
            {"rival": {"round": 1, "own": 0.75, "miou": 0.5}},
            2,
            "it is shown: 75.0 % to 50.0 % of round 1 on strokes that neither had learnt",
        ),
        (
            {"rival": {"round": 1, "own": 0.5, "miou": 0.75}},
            1,
            "it is not shown: 50.0 % to 75.0 % of round 1 on strokes that neither had learnt",
        ),
        (
            {"rival": {"round": 1, "own": None, "miou": None}},
            1,
            "it is not shown: no held-out pixel compares it with round 1",
        ),
        (
            {
                "rival": None,
                "no_rival": "the round that was active has left no labels to compare on",
            },
            1,
            "it is not shown: the round that was active has left no labels to compare on",
        ),
    ],
)
def test_what_became_of_use_if_better_is_said(
    project: Workspace, scores: dict[str, Any], active: int, line: str
) -> None:
    with project.write() as conn:
        one = rounds.create(conn, preset="quick", config={}, seed=0)
    assert what_is_shown(replace(one, number=2, scores=scores), active) == line


@pytest.mark.parametrize(
    ("scores", "fused", "words"),
    [
        ({"miou": 0.5}, 0, ""),
        (
            {"strokes": 0.5, "around": 0.625},
            0,
            " (strokes alone 50.0 %, with the frames around 62.5 %)",
        ),
        (
            {"strokes": 0.625, "around": 0.5, "alone": 0.625, "fused": 0.75},
            4,
            (
                " (strokes alone 62.5 %, with the frames around 50.0 %, which is not used;"
                " frame by frame 62.5 %, over time 75.0 %)"
            ),
        ),
        (
            {"alone": 0.75, "fused": 0.5},
            0,
            " (frame by frame 75.0 %, over time 50.0 %, which is not used)",
        ),
    ],
)
def test_what_the_later_stages_brought_is_said(
    project: Workspace, scores: dict[str, Any], fused: int, words: str
) -> None:
    with project.write() as conn:
        one = rounds.create(conn, preset="quick", config={}, seed=0)
    assert beside(replace(one, scores=scores, fused=fused)) == words


def test_no_rounds_yet(project: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rounds", str(project.root)]) == 0
    assert capsys.readouterr().out.startswith("no rounds yet: draw strokes")
