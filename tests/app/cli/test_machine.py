"""`rewis3d doctor`: findings for people and for programs."""

from __future__ import annotations

import json

import pytest

from app import doctor
from app.cli.main import main
from app.doctor import Finding, State

FINDINGS = [
    Finding("Python", State.OK, "3.11.7"),
    Finding("pointcept", State.ABSENT, "optional: 3D on a GPU", "see its page"),
]


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    given = list(FINDINGS)
    monkeypatch.setattr(doctor, "examine", lambda _folder: given)
    return given


def test_for_people(findings: list[Finding], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ok       Python             3.11.7",
        "absent   pointcept          optional: 3D on a GPU",
        " " * 28 + "see its page",
    ]


def test_for_programs(findings: list[Finding], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["findings"][1] == {
        "name": "pointcept",
        "state": "absent",
        "found": "optional: 3D on a GPU",
        "hint": "see its page",
    }
    assert found["packages"]["torch"]


def test_a_problem_is_the_exit_status(
    findings: list[Finding], capsys: pytest.CaptureFixture[str]
) -> None:
    findings.append(Finding("PyTorch", State.PROBLEM, "does not start", "ImportError"))
    assert main(["doctor"]) == 1
    assert capsys.readouterr().err == "rewis3d: not as it should be: PyTorch\n"
