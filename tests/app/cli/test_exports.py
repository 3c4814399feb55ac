"""Exports by command: complete, into new folders, in formats that are there."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import app.attempt
from app import rounds
from app.cli.main import main
from app.workspace import Workspace
from tests.app import running

real_attempt = app.attempt.attempt


def test_strokes(drawn: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    words = ["export", "labels", str(drawn.root), "--format", "strokes", "--out", str(out)]
    assert main(words) == 0
    assert capsys.readouterr().out == f"6 strokes of 1 frames in {out}\n"
    assert (out / "strokes.json").is_file()


def test_masks_are_what_was_drawn(
    drawn: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["export", "labels", str(drawn.root), "--format", "png", "--out", str(out)]
    assert main(words) == 0
    assert capsys.readouterr().out == f"labels of 1 frames in {out}, 0 with a prediction\n"
    ids = np.asarray(Image.open(out / "frame0.png"))
    assert ids[5, 30] == 2
    assert ids[40, 30] == 0
    assert ids[16, 60] == 255
    assert main(words) == 1
    assert "is not empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("what", "there"),
    [("labels", "'png', 'strokes'"), ("model", "'huggingface', 'onnx', 'torch-export'")],
)
def test_a_format_that_is_not_there_names_those_that_are(
    project: Workspace, capsys: pytest.CaptureFixture[str], what: str, there: str
) -> None:
    assert main(["export", what, str(project.root), "--format", "voc", "--out", "x"]) == 2
    assert there in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_a_model_needs_a_round(
    project: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "model"
    assert main(["export", "model", str(project.root), "--format", "onnx", "--out", str(out)]) == 1
    assert capsys.readouterr().err == "rewis3d: there is no round yet; train one first\n"
    assert not out.exists()


def test_an_export_that_fails_leaves_no_folder(
    drawn: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The child without torch makes no model, which the export finds out."""
    monkeypatch.setattr(app.attempt, "attempt", partial(real_attempt, command=running.COMMAND))
    assert main(["train", str(drawn.root)]) == 0
    out = tmp_path / "model"
    assert main(["export", "model", str(drawn.root), "--format", "onnx", "--out", str(out)]) == 1
    assert "round 1 has no model" in capsys.readouterr().err
    assert not out.exists()
    with drawn.read() as conn:
        assert rounds.active_round(conn) == 1
