"""Which labelled pixels a fit sees."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from rewis3d.array_cache import ArrayCache
from rewis3d.checkpoint import build
from rewis3d.config import QuickConfig
from rewis3d.features import Frames
from rewis3d.fit import Pixels
from rewis3d.job import read_job
from rewis3d.labelled import Training, chosen_pixels, read_labelled
from rewis3d.models.network import ready
from rewis3d.models.segmenter import Head
from rewis3d.models.weights import lite0
from rewis3d.types import IGNORED, UNLABELLED
from tests.rewis3d import quick_job


def read(folder: Path, grow: int = 500) -> Training:
    network = ready(build(QuickConfig(), Head(hidden=4, classes=2), lite0()))
    frames = Frames(folder, ArrayCache(folder / "cache"), torch.device("cpu"))
    reading = read_labelled(read_job(folder), frames, network=network, folder=folder, grow=grow)
    while True:
        try:
            next(reading)
        except StopIteration as stop:
            return stop.value


def columns_of(pixels: Pixels) -> torch.Tensor:
    return pixels.table[pixels.rows]


def test_judging_pixels_are_kept_apart(tmp_path: Path):
    training = read(quick_job.make(tmp_path))
    assert len(training.judge.labels) == 2 * 2 * 30
    assert len(training.without_judge.drawn.labels) == 2 * 2 * 135
    assert len(training.everything.drawn.labels) == 2 * 2 * 165


def test_grown_pixels_are_new_ones_with_the_class_around_them(tmp_path: Path):
    training = read(quick_job.make(tmp_path))
    pixels = training.everything.grown
    assert len(pixels.labels) == 2 * 500
    rows = columns_of(pixels)[:, -1]  # y in -1 to 1: the sky, class 1, is the upper half
    assert ((rows < 0) == (pixels.labels == 1)).float().mean() > 0.95


def test_the_gap_around_judging_pixels_is_not_grown_over(tmp_path: Path):
    training = read(quick_job.make(tmp_path), grow=100_000)
    columns = columns_of(training.without_judge.grown)
    x = (columns[:, -2] + 1) * quick_job.WIDTH / 2
    y = (columns[:, -1] + 1) * quick_job.HEIGHT / 2
    judged_rows = ((y > 4) & (y < 7)) | ((y > 40) & (y < 43))
    assert not (judged_rows & (x > 42.1) & (x < 67.9)).any()
    assert (judged_rows & (x < 5)).any()


def test_without_growing_ignored_pixels_are_as_unlabelled_ones(tmp_path: Path):
    clean, ignoring = quick_job.make(tmp_path / "a"), quick_job.make(tmp_path / "b")
    path = str(ignoring / "labels" / "0.png")
    mask = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    mask[20:30] = IGNORED
    cv2.imwrite(path, mask)
    one, other = read(clean, 0).everything, read(ignoring, 0).everything
    assert torch.equal(columns_of(one.drawn), columns_of(other.drawn))
    assert len(one.grown.labels) == len(other.grown.labels) == 0


@pytest.mark.parametrize(("most", "expected"), [(10_000, 3200), (1000, 1000), (300, 300)])
def test_of_a_dense_mask_a_share_of_each_class_is_read(most: int, expected: int):
    labels = np.full((60, 60), UNLABELLED, np.uint8)
    labels[:40], labels[40:50], labels[50:55, :40] = 0, 1, 2
    rc = chosen_pixels(labels, 3, most=most, rng=np.random.default_rng(0))
    counts = np.bincount(labels[rc[:, 0], rc[:, 1]], minlength=3)
    assert len(np.unique(rc, axis=0)) == len(rc)
    assert counts.min() >= min(200, most // 3)
    assert expected <= len(rc) <= 1.5 * expected


def test_all_sets_are_rows_of_one_table(tmp_path: Path):
    training = read(quick_job.make(tmp_path))
    sets = [
        training.everything.drawn,
        training.everything.grown,
        training.without_judge.drawn,
        training.without_judge.grown,
        training.judge,
    ]
    assert len({pixels.table.data_ptr() for pixels in sets}) == 1
    used = torch.cat([pixels.rows for pixels in (sets[0], sets[1], sets[3])]).sort().values
    assert torch.equal(used, torch.arange(len(sets[0].table)))  # none is kept in vain, or twice
    drawn = set(training.everything.drawn.rows.tolist())
    assert drawn == {*sets[2].rows.tolist(), *training.judge.rows.tolist()}
