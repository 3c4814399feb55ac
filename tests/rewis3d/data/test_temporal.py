"""Files of what the frames around tell a frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rewis3d.data.temporal import MOST, UNIT, TemporalFiles
from rewis3d.job import View
from rewis3d.types import UNLABELLED, TemporalLabels

VIEW = View(7, "7.png", 2, 3)
TOLD = TemporalLabels(
    np.array([[0, 1, UNLABELLED], [2, 2, 0]], np.uint8),
    np.array([[1.0, 0.01, 0.0], [3.3, 99.0, 1.5]], np.float32),
)


def test_labels_come_back_and_weights_nearly(tmp_path: Path) -> None:
    files = TemporalFiles(tmp_path / "told")
    files.begin()
    files.write(7, TOLD)
    files.finish()
    read = files.read(VIEW)
    assert read is not None
    np.testing.assert_array_equal(read.labels, TOLD.labels)
    wanted = np.array([[1.0, UNIT, 0.0], [3.3, MOST, 1.5]], np.float32)
    np.testing.assert_allclose(read.weights, wanted, atol=UNIT)
    assert ((read.weights > 0) == (TOLD.labels != UNLABELLED)).all()  # a small one is not lost
    assert files.read(View(8, "8.png", 2, 3)) is None


def test_the_folder_is_there_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    files = TemporalFiles(tmp_path / "told")
    files.begin()
    files.write(7, TOLD)
    assert not files.complete
    assert files.read(VIEW) is None
    files.begin()  # what a killed run left is not taken for this one's
    files.finish()
    assert files.complete
    assert files.read(VIEW) is None
    files.drop()
    assert not files.complete
    files.drop()  # nothing there: nothing to do
