"""Marking what a network says of kept labels, and the round before it on the same pixels."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
import pytest
import torch

from rewis3d import judge, quick
from rewis3d.checkpoint import Checkpoint, load_checkpoint
from rewis3d.features import FeatureCache, Frames
from rewis3d.job import Job, read_job
from rewis3d.judge import Answers
from rewis3d.models.network import Network, ready
from rewis3d.reports import Progress, Rival, Scores
from rewis3d.types import IGNORED, UNLABELLED, ClassSpec, Rewis3dError
from tests.rewis3d import quick_job, tiny_segformer
from tests.rewis3d.test_checkpoint import some_model

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
    return job, Frames(folder, FeatureCache(folder / "cache"), torch.device("cpu"))


def judged(network: Network, folder: Path, **changes: Any) -> Scores | None:
    job, frames = opened(folder)
    return finish(judge.judged(network, replace(job, **changes), frames, folder=folder))[0]


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


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """Return the model of a quick round that was active."""
    folder = quick_job.make(tmp_path / "before")
    list(quick.run(folder))
    shutil.rmtree(folder)
    return folder.parent / "model"


def test_the_rival_is_asked_for_the_same_frames(tmp_path: Path, before: Path) -> None:
    folder = quick_job.make(tmp_path / "now")
    scores = judged(HalfAndHalf(1, 1), folder, rival=str(before))
    assert scores is not None
    assert scores.rival is not None
    assert (scores.rival.round, scores.rival.classes, scores.rival.own) == (1, 2, 0.25)
    again = judged(ready(load_checkpoint(before).network), folder)
    assert again is not None
    assert scores.rival.miou == again.miou


def test_a_network_of_another_kind_judges_and_is_judged(tmp_path: Path, before: Path) -> None:
    folder = quick_job.make(tmp_path / "now")
    network = tiny_segformer.network(tiny_segformer.save(tmp_path / "weights"))
    scores = judged(ready(network), folder, rival=str(before))
    assert scores is not None
    assert scores.rival is not None
    assert scores.rival.own == scores.miou
    assert (scores.rival.miou or 0) > 0.9


def test_a_rival_that_is_gone_costs_the_comparison_alone(tmp_path: Path) -> None:
    folder = quick_job.make(tmp_path)
    scores = judged(HalfAndHalf(1, 0), folder, rival="../none")
    assert scores is not None
    assert scores.miou == 1.0
    assert scores.no_rival == "the round that was active has no model any more"


def test_a_rival_of_no_round_is_not_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = quick_job.make(tmp_path)
    monkeypatch.setattr(judge, "load_checkpoint", lambda _: replace(some_model(), origin={}))
    scores = judged(HalfAndHalf(1, 0), folder, rival=".")
    assert scores is not None
    assert scores.no_rival == "the model that was active does not say which round made it"


GRASS, SKY, TREE = 0, 1, 2
"""Train ids of classes 0, 1 and 5."""


def rivalled(ids: tuple[int, ...]) -> Rival:
    """Compare with a rival of these classes, which answers with their train ids 1, 2, 0, 1, 0."""
    specs = [ClassSpec(number, f"class {number}", (0, 0, 0)) for number in (0, 1, 5, 7, 8, 9)]
    of = {spec.class_id: spec for spec in specs}
    rival: Checkpoint = replace(
        some_model(), classes=tuple(of[number] for number in ids), origin={"round": "4"}
    )
    truth = np.array([GRASS, GRASS, SKY, SKY, TREE], np.uint8)
    own = Answers(truth, np.array([GRASS, GRASS, SKY, TREE, TREE], np.uint8))
    return judge.rivalled(rival, (of[0], of[1], of[5]), own, np.array([1, 2, 0, 1, 0], np.uint8))


def test_two_rounds_are_compared_on_the_classes_that_both_have() -> None:
    # The rival has sky 1, grass 0 and car 9. Grass: 1 hit, 2 shown, 2 found: 1/3. Sky: 1 hit,
    # 2 shown, 1 found: 1/2. Our own grass: 2 of 2; sky: 1 of 2. The tree's pixel judges neither.
    found = rivalled((1, 0, 9))
    assert (found.round, found.classes) == (4, 2)
    assert (found.miou, found.own) == pytest.approx((5 / 12, 3 / 4))


def test_classes_are_the_same_by_their_id_alone() -> None:
    with pytest.raises(Rewis3dError, match="none of these classes"):
        rivalled((7, 8, 9))
