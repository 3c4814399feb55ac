"""Predictions as files: a frame counts as published when all of it is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rewis3d import publish
from rewis3d.images import read_mask
from rewis3d.types import Prediction

LABELS = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)
CONFIDENCE = np.array([[0.0, 0.5, 1.0], [0.25, 0.999, 0.001]], np.float32)
PREDICTION = Prediction(7, LABELS, CONFIDENCE)


def test_the_files_hold_labels_and_confidence_of_0_to_255(tmp_path: Path) -> None:
    report = publish.publish(PREDICTION, tmp_path / "round")
    assert report.labels_file == "predictions/7.labels.png"
    labels = read_mask(tmp_path / "round" / report.labels_file, 2, 3)
    confidence = read_mask(tmp_path / "round" / report.confidence_file, 2, 3)
    assert (labels == LABELS).all()
    assert confidence.tolist() == [[0, 128, 255], [64, 255, 0]]


def test_what_is_published_is_found_again(tmp_path: Path) -> None:
    assert publish.published(7, tmp_path) is None
    report = publish.publish(PREDICTION, tmp_path)
    assert publish.published(7, tmp_path) == report
    assert publish.published(8, tmp_path) is None


def test_a_frame_whose_labels_were_not_written_is_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []

    def once(mask: np.ndarray, path: Path) -> None:
        if written:
            raise OSError(28, "No space left on device")
        written.append(path)
        path.touch()

    monkeypatch.setattr(publish, "write_mask", once)
    with pytest.raises(OSError, match="No space left"):
        publish.publish(PREDICTION, tmp_path)
    assert publish.published(7, tmp_path) is None
