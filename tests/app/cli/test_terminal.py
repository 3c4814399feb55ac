"""Results on stdout, progress on stderr, files complete or not at all."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from app.cli import terminal


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_lines_come_every_two_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr(terminal, "monotonic", lambda: now[0])
    with terminal.progress() as advance:
        for done in range(50):
            advance("importing", done, 50, left=None if done < 40 else 7.4)
            now[0] += 0.125
    assert capsys.readouterr() == (
        "",
        "importing 16 of 50\nimporting 32 of 50\nimporting 48 of 50, 7 s left\n",
    )


def test_what_has_not_moved_is_not_said_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr(terminal, "monotonic", lambda: now[0])
    with terminal.progress() as advance:
        for _ in range(5):
            now[0] += 3
            advance("queued", 0, None)
    assert capsys.readouterr().err == "queued 0\n"


def test_a_terminal_gets_a_bar_that_is_gone_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Tty()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with terminal.progress() as advance:
        advance("training", 3, 10, left=12.0)
    assert "training" in screen.getvalue()
    assert "3/10" in screen.getvalue()
    assert "12 s left" in screen.getvalue()
    assert screen.getvalue().endswith("\x1b[2K")  # the line is wiped


def test_json_goes_to_stdout_or_to_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.write_json({"miou": None}, Path("-"))
    assert json.loads(capsys.readouterr().out) == {"miou": None}
    terminal.write_json([1], tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text()) == [1]
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_failed_write_leaves_the_older_file(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text("old")
    (tmp_path / "report.json.partial").mkdir()
    with pytest.raises(OSError, match="directory"):
        terminal.write_json([1], report)
    assert report.read_text() == "old"
