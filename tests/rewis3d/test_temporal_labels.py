"""What frames are told by those around them: carried strokes, and what is sure elsewhere."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rewis3d.array_cache import ArrayCache
from rewis3d.config import QuickConfig
from rewis3d.data.temporal import TemporalFiles
from rewis3d.features import Frames
from rewis3d.job import Job, read_job
from rewis3d.method import Temporal
from rewis3d.models.network import ready
from rewis3d.propagate import Ghosts
from rewis3d.quick import without_judge
from rewis3d.temporal_labels import MOST_CARRIED, STAGE, told_of, write_temporal
from rewis3d.types import UNLABELLED, TemporalLabels
from tests.rewis3d import quick_job

SETTINGS = Temporal(temporal=True)


def probabilities(*certain: tuple[int, float]) -> np.ndarray:
    """Return those of a row of pixels with three classes: its best one, and how sure it is."""
    found = np.zeros((3, 1, len(certain)), np.float32)
    for column, (label, chance) in enumerate(certain):
        found[:, 0, column] = (1 - chance) / 2
        found[label, 0, column] = chance
    return found


def carried(labels: list[int], confidence: float = 0.5) -> Ghosts:
    known = np.array([labels], np.uint8)
    trust = np.where(known == UNLABELLED, 0, confidence).astype(np.float32)
    return Ghosts(known, trust, np.where(known == UNLABELLED, -1, 0))


def test_what_is_sure_is_told_and_large_classes_are_no_louder_than_by_their_root() -> None:
    told = told_of(probabilities(*[(0, 0.9)] * 4, (1, 0.9), (2, 0.55)), None, SETTINGS)
    assert told.labels.tolist() == [[0, 0, 0, 0, 1, UNLABELLED]]
    weights = told.weights[0]
    assert weights[:5].mean() == pytest.approx(1)
    assert weights[4] == pytest.approx(2 * weights[0])  # a fourth of the cells, half the sum
    assert weights[5] == 0


def test_carried_labels_come_first_where_the_network_gives_them_a_chance() -> None:
    seen = probabilities((0, 0.9), (0, 0.5), (0, 0.7), (1, 0.9))
    told = told_of(seen, carried([0, 1, 1, UNLABELLED]), SETTINGS)
    assert told.labels.tolist() == [[0, 1, 0, 1]]  # the third one has .15 of a chance
    assert (told.weights > 0).all()


def test_carried_labels_have_a_limited_share() -> None:
    many = told_of(probabilities(*[(0, 0.9)] * 100), carried([0] * 60 + [255] * 40), SETTINGS)
    share = many.weights[0, :60].sum() / many.weights.sum()
    assert share == pytest.approx(SETTINGS.temporal_carried)
    few = told_of(probabilities(*[(0, 0.9)] * 100), carried([0] + [255] * 99), SETTINGS)
    assert few.weights[0, 0] == pytest.approx(MOST_CARRIED)


def test_carried_labels_alone_count_by_the_trust_in_their_way() -> None:
    told = told_of(probabilities((0, 0.5), (0, 0.5)), carried([0, UNLABELLED], 0.4), SETTINGS)
    assert told.labels.tolist() == [[0, UNLABELLED]]
    assert told.weights.tolist() == [[pytest.approx(0.4), 0]]


def run(asking: Generator) -> list[str]:
    return [progress.stage for progress in asking]


def asked(folder: Path, job: Job) -> dict[int, TemporalLabels | None]:
    """Ask the network of a quick round that judges nothing, and return what each frame is told."""
    frames = Frames(folder, ArrayCache(folder / job.features), torch.device("cpu"))
    learning = without_judge(job, QuickConfig(steps=20, heads=1), frames=frames, folder=folder)
    try:
        while True:
            next(learning)
    except StopIteration as end:
        network = ready(end.value)
    files = TemporalFiles(folder.parent / "told")
    stages = run(write_temporal(network, job, frames, files, SETTINGS, folder=folder))
    assert set(stages) == {STAGE}
    assert run(write_temporal(network, job, frames, files, SETTINGS, folder=folder)) == []
    return {view.frame_id: files.read(view) for view in job.views}


def test_every_frame_near_one_with_strokes_is_told_something(tmp_path: Path) -> None:
    folder = quick_job.make(tmp_path)
    job = read_job(folder)
    found = asked(folder, job)
    assert len(found) == len(job.views)
    for view in job.views:
        told = found[view.frame_id]
        assert told is not None
        assert told.labels.shape == (view.height, view.width)
        assert (told.labels != UNLABELLED).mean() > 0.1


def test_a_reserved_frame_is_told_nothing(tmp_path: Path) -> None:
    folder = quick_job.make(tmp_path)
    job = read_job(folder)
    bare = next(view for view in job.views if view.labels is None)
    views = tuple(replace(v, reserved=True) if v is bare else v for v in job.views)
    found = asked(folder, replace(job, views=views))
    assert found[bare.frame_id] is None
