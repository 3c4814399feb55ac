from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from app import environment
from app.environment import Environment, examine


def test_this_checkout_on_this_machine() -> None:
    found = examine()
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"],
        cwd=environment.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert head.stdout.startswith(found.commit[:12])
    assert found.cpu
    assert 1 <= found.threads <= (os.cpu_count() or 1)
    assert found.load >= 0


def test_an_installed_package_has_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    assert examine().commit.startswith("rewis3d-studio ")


def test_a_checkout_without_git_has_the_version_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()  # git says that it is none of its own
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    assert examine().commit.startswith("rewis3d-studio ")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert examine().commit.startswith("rewis3d-studio ")


@pytest.mark.parametrize(("load", "word"), [(0.5, "0.50"), (0.51, "0.51 (busy)")])
def test_as_lines(load: float, word: str) -> None:
    assert Environment("abc", "a processor", 2, load).lines() == [
        "- commit: abc",
        "- CPU: a processor",
        "- threads: 2",
        f"- load average before: {word}",
    ]
