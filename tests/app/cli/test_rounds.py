"""The history by command."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

import app.attempt
from app.cli.main import main
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


def test_no_rounds_yet(project: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rounds", str(project.root)]) == 0
    assert capsys.readouterr().out.startswith("no rounds yet: draw strokes")
