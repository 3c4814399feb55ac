"""Fixtures of the command line's tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from annotations import store
from app.cli.main import main
from app.workspace import Workspace
from tests.app import samples

Refused = Callable[..., str]


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refused:
    """Run a command that must fail; return the line that it says."""

    def run(*words: object) -> str:
        capsys.readouterr()
        assert main([str(word) for word in words]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert "Traceback" not in err
        last = err.splitlines()[-1]
        assert last.startswith("rewis3d: ")
        assert "unexpected" not in last
        return last.removeprefix("rewis3d: ")

    return run


@pytest.fixture
def drawn(project: Workspace) -> Workspace:
    samples.label_all(project)
    return project


def strokes(workspace: Workspace) -> int:
    with workspace.read() as conn:
        return sum(store.stroke_counts(conn).values())
