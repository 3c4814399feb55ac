"""Predictions and scores by command; the figures themselves are tested with app/evaluate.py."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import app.attempt
from app.cli.main import main
from app.workspace import Workspace
from tests.app import running, samples

real_attempt = app.attempt.attempt


@pytest.fixture
def predicted(
    drawn: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Workspace:
    """A project whose first round says class 1, "thing", everywhere (the child without torch)."""
    monkeypatch.setattr(app.attempt, "attempt", partial(real_attempt, command=running.COMMAND))
    assert main(["reserve", str(drawn.root), "--frames", "3"]) == 0
    assert main(["train", str(drawn.root)]) == 0
    capsys.readouterr()
    return drawn


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    folder = tmp_path / "labels"
    folder.mkdir()
    for index in range(samples.FRAMES):
        Image.fromarray(samples.truth(index)).save(folder / f"frame{index}.png")
    return folder


def test_a_table_for_people(
    predicted: Workspace, labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(predicted.root), "--labels", str(labels)]) == 0
    out, err = capsys.readouterr()
    rows = {line[:8].strip(): line[8:].split() for line in out.splitlines()}
    assert rows["round 1"] == ["same", "other", "reserved"]
    assert rows["frames"] == ["1", "2", "1"]
    things = 20 * 16 / (48 * 64)
    assert rows["thing"][1:] == [f"{100 * things:.1f}"] * 2
    assert rows["sky"] == ["0.0"] * 3
    assert rows["accuracy"][1:] == [f"{100 * things:.1f}"] * 2
    assert err == ""


def test_json_for_programs(
    predicted: Workspace, labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", str(predicted.root), "--labels", str(labels), "--json"]
    assert main([*words, str(tmp_path / "report.json")]) == 0
    assert "mIoU" in capsys.readouterr().out
    assert main([*words, "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads((tmp_path / "report.json").read_text())
    assert found["round"] == 1
    assert found["classes"] == ["ground", "thing", "sky"]
    assert set(found) >= {"miou", "iou", "accuracy", "frames"}
    assert found["iou"]["other"]["thing"] == pytest.approx(20 * 16 / (48 * 64))
    assert found["frames"] == {"same": 1, "other": 2, "reserved": 1}


def test_frames_without_labels_are_named(
    predicted: Workspace, labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (labels / "frame3.png").unlink()
    assert main(["evaluate", str(predicted.root), "--labels", str(labels)]) == 0
    out, err = capsys.readouterr()
    assert err == "1 frames have no labels there: frame3\n"
    rows = {line[:8].strip(): line[8:].split() for line in out.splitlines()}
    assert rows["mIoU"][2] == "-"


def test_a_value_that_means_no_class(predicted: Workspace, labels: Path) -> None:
    ids = samples.truth(1)
    ids[:5] = 11
    Image.fromarray(ids).save(labels / "frame1.png")
    words = ["evaluate", str(predicted.root), "--labels", str(labels)]
    assert main(words) == 1
    assert main([*words, "--ignore", "11"]) == 0


def test_predictions_are_class_ids(
    predicted: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "predictions"
    assert main(["predict", str(predicted.root), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"4 predictions in {out}\n"
    for index in range(samples.FRAMES):
        assert (np.asarray(Image.open(out / f"frame{index}.png")) == 1).all()
    assert main(["predict", str(predicted.root), "--out", str(out)]) == 1  # nothing is overwritten
    assert "is not empty; give a new or empty folder" in capsys.readouterr().err


def test_without_a_round_there_is_nothing_to_predict_or_judge(
    project: Workspace, labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(project.root)
    assert main(["predict", root, "--out", str(tmp_path / "out")]) == 1
    assert "no round" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main(["evaluate", root, "--labels", str(labels)]) == 1
    assert "no round" in capsys.readouterr().err
