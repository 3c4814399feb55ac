"""Marking what a network says of labels that were kept from it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
import torch

from rewis3d import judge
from rewis3d.array_cache import ArrayCache
from rewis3d.features import Frames
from rewis3d.job import Job, read_job
from rewis3d.models.network import Network
from rewis3d.reports import Progress, Scores
from rewis3d.types import IGNORED, UNLABELLED
from tests.rewis3d import quick_job

T = TypeVar("T")


class HalfAndHalf(Network):
    """Finds one class in the upper half of a frame and another one below."""

    def __init__(self, upper: int, lower: int, classes: int = 2) -> None:
        super().__init__()
        self.halves = (upper, lower)
        self.layer = torch.nn.Linear(1, classes)

    @property
    def classifier(self) -> torch.nn.Linear:
        return self.layer

    def record(self) -> dict[str, Any]:
        return {"kind": "half and half"}

    def coarse(self, rgb: torch.Tensor) -> torch.Tensor:
        labels = torch.tensor(self.halves).repeat_interleave(rgb.shape[2] // 2)
        labels = labels[:, None].expand(rgb.shape[2:])
        return torch.nn.functional.one_hot(labels, self.classes).permute(2, 0, 1)[None].float()


def finish(steps: Generator[Any, None, T]) -> tuple[T, list[Any]]:
    """Return what a generator returns, and what it said before."""
    said = []
    while True:
        try:
            said.append(next(steps))
        except StopIteration as end:
            return end.value, said


def opened(folder: Path) -> tuple[Job, Frames]:
    job = read_job(folder)
    return job, Frames(folder, ArrayCache(folder / "cache"), torch.device("cpu"))


def judged(network: Network, folder: Path, **changes: Any) -> Scores | None:
    job, frames = opened(folder)
    job = replace(job, **changes)
    own, _ = finish(judge.answers(network, job, frames, folder=folder))
    return judge.scored(own, job.classes)


def repaint(folder: Path, file: str, value: int, rows: slice) -> None:
    path = str(folder / file)
    mask = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    mask[rows] = np.where(mask[rows] == UNLABELLED, mask[rows], value)
    cv2.imwrite(path, mask)


def test_answers_are_read_at_the_judging_pixels(tmp_path: Path) -> None:
    # Of each of two frames 3 x 10 pixels of sky judge in the upper half, 3 x 10 of grass below.
    folder = quick_job.make(tmp_path)
    job, frames = opened(folder)
    network = HalfAndHalf(1, 1)
    own, said = finish(judge.answers(network, job, frames, folder=folder))
    assert own.truth.tolist() == (30 * [1] + 30 * [0]) * 2
    assert set(own.found.tolist()) == {1}
    assert own.at[0].tolist() == [0, 4, 50]
    assert own.at[-1].tolist() == [1, 42, 59]
    assert said == [Progress("judging", 0, 2), Progress("judging", 1, 2)]


def test_scores_by_hand(tmp_path: Path) -> None:
    folder = quick_job.make(tmp_path)
    right = judged(HalfAndHalf(1, 0), folder)
    assert right == Scores(miou=1.0, accuracy=1.0, iou={"grass": 1.0, "sky": 1.0}, pixels=120)
    all_sky = judged(HalfAndHalf(1, 1), folder)
    assert all_sky == Scores(miou=0.25, accuracy=0.5, iou={"grass": 0.0, "sky": 0.5}, pixels=120)


def test_what_is_ignored_or_of_no_class_does_not_judge(tmp_path: Path) -> None:
    folder = quick_job.make(tmp_path)
    repaint(folder, "labels/0.png", IGNORED, slice(0, 24))
    scores = judged(HalfAndHalf(1, 0), folder)
    assert scores is not None
    assert scores.pixels == 90


def test_where_nothing_judges_there_are_no_scores(tmp_path: Path) -> None:
    folder = quick_job.make(tmp_path)
    views = tuple(replace(view, judge=None) for view in read_job(folder).views)
    assert judged(HalfAndHalf(1, 0), folder, views=views) is None
