"""A round beside the one that was active, on pixels that neither has learnt."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from rewis3d import judge, quick, rival
from rewis3d.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from rewis3d.job import JOB_FILE, read_job, write_job
from rewis3d.judge import Answers
from rewis3d.models.network import Network, ready
from rewis3d.reports import Rival, Scores
from rewis3d.types import ClassSpec, Rewis3dError
from tests.rewis3d import quick_job, tiny_segformer
from tests.rewis3d.test_checkpoint import some_model
from tests.rewis3d.test_judge import HalfAndHalf, finish, opened

PIXELS = 120
"""Of a job of quick_job judge, all in the frames 0 and 1."""


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """Return the job folder of a quick round that was active; its published model is gone."""
    folder = quick_job.make(tmp_path / "before")
    list(quick.run(folder))
    shutil.rmtree(folder.parent / "model")
    return folder


def compared(network: Network, folder: Path, active: Path) -> Scores:
    """Return the scores of a network beside the round of another job folder."""
    job, frames = opened(folder)
    job = replace(job, rival=os.path.relpath(active, folder))
    own, _ = finish(judge.answers(network, job, frames, folder=folder))
    scores = judge.scored(own, job.classes)
    assert scores is not None
    return finish(rival.beside_rival(scores, own, job, frames, folder=folder))[0]


def hold_out(folder: Path, frame: int, columns: slice) -> None:
    """Let the columns of a frame's strokes judge, and no others of it."""
    mask = np.zeros((quick_job.HEIGHT, quick_job.WIDTH), np.uint8)
    mask[4:7, columns] = mask[40:43, columns] = 255
    cv2.imwrite(str(folder / "judge" / f"{frame}.png"), mask)


def test_the_network_that_was_judged_is_asked_for_the_same_pixels(
    tmp_path: Path, before: Path
) -> None:
    folder = quick_job.make(tmp_path / "now")
    scores = compared(HalfAndHalf(1, 1), folder, before)
    assert scores.no_rival is None
    assert scores.rival is not None
    assert replace(scores.rival, miou=None) == Rival(1, None, 0.25, classes=2, pixels=PIXELS)
    job, frames = opened(folder)
    judged = load_checkpoint(before.parent / rival.JUDGED)
    own, _ = finish(judge.answers(ready(judged.network), job, frames, folder=folder))
    again = judge.scored(own, job.classes)
    assert again is not None
    assert scores.rival.miou == again.miou


def test_what_the_rival_has_learnt_is_not_asked(tmp_path: Path, before: Path) -> None:
    # Frame 0 judges at columns 50 to 60 then and at 45 to 55 now, frame 1 at the same ones.
    folder = quick_job.make(tmp_path / "now")
    hold_out(folder, 0, slice(45, 55))
    scores = compared(HalfAndHalf(1, 0), folder, before)
    assert scores.pixels == PIXELS
    assert scores.rival is not None
    assert scores.rival.pixels == PIXELS - 2 * 3 * 5
    assert scores.rival.own == 1.0


def test_without_a_stroke_that_was_held_out_from_both_nothing_is_compared(
    tmp_path: Path, before: Path
) -> None:
    folder = quick_job.make(tmp_path / "now")
    for frame in (0, 1):
        hold_out(folder, frame, slice(10, 20))
    scores = compared(HalfAndHalf(1, 0), folder, before)
    assert (scores.miou, scores.rival) == (1.0, None)
    assert scores.no_rival == "no stroke was held out from both rounds"


def test_a_frame_that_the_rival_did_not_know_compares_nothing(tmp_path: Path, before: Path) -> None:
    job = read_job(before)
    write_job(replace(job, views=job.views[1:]), before)
    scores = compared(HalfAndHalf(1, 0), quick_job.make(tmp_path / "now"), before)
    assert scores.rival is not None
    assert scores.rival.pixels == PIXELS / 2


def test_a_network_of_another_kind_is_compared(tmp_path: Path, before: Path) -> None:
    network = tiny_segformer.network(tiny_segformer.save(tmp_path / "weights"))
    scores = compared(ready(network), quick_job.make(tmp_path / "now"), before)
    assert scores.rival is not None
    assert scores.rival.own == scores.miou
    assert (scores.rival.miou or 0) > 0.9


def _no_judged(folder: Path) -> None:
    shutil.rmtree(folder.parent / rival.JUDGED)


def _no_job(folder: Path) -> None:
    shutil.rmtree(folder)


def _broken(folder: Path) -> None:
    (folder.parent / rival.JUDGED / "model.json").write_text("{")


def _of_no_round(folder: Path) -> None:
    write_job(replace(read_job(folder), options={}), folder)


def _no_description(folder: Path) -> None:
    (folder / JOB_FILE).unlink()


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (_no_judged, "the round that was active kept no network that was judged"),
        (_no_job, "the round that was active has left no labels to compare on"),
        (_no_description, "not a job folder"),
        (_broken, "not a model folder"),
        (_of_no_round, "the job that was active does not say which round it was"),
    ],
)
def test_a_rival_that_is_gone_costs_the_comparison_alone(
    tmp_path: Path, before: Path, spoil, line: str
) -> None:
    spoil(before)
    scores = compared(HalfAndHalf(1, 0), quick_job.make(tmp_path / "now"), before)
    assert (scores.miou, scores.rival) == (1.0, None)
    assert line in (scores.no_rival or "")


GRASS, SKY, TREE = 0, 1, 2
"""Train ids of classes 0, 1 and 5."""


def rivalled(tmp_path: Path, ids: tuple[int, ...]) -> Rival:
    """Compare with a rival of these classes, which answers with their train ids 1, 2, 0, 1, 0."""
    specs = [ClassSpec(number, f"class {number}", (0, 0, 0)) for number in (0, 1, 5, 7, 8, 9)]
    of = {spec.class_id: spec for spec in specs}
    classes = tuple(of[number] for number in ids)
    network = some_model().network.grown(range(len(some_model().classes)), ids, generator=_seeded())
    folder = quick_job.make(tmp_path)
    model: Checkpoint = replace(some_model(), network=network, classes=classes)
    save_checkpoint(model, folder.parent / rival.JUDGED)
    truth = np.array([GRASS, GRASS, SKY, SKY, TREE], np.uint8)
    at = np.zeros((5, 3), np.int32)
    own = Answers(truth, np.array([GRASS, GRASS, SKY, TREE, TREE], np.uint8), at)
    theirs = Answers(truth, np.array([1, 2, 0, 1, 0], np.uint8), at)
    return rival.rivalled(rival.Kept(folder), (of[0], of[1], of[5]), own, theirs)


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_two_rounds_are_compared_on_the_classes_that_both_have(tmp_path: Path) -> None:
    # The rival has sky 1, grass 0 and car 9. Grass: 1 hit, 2 shown, 2 found: 1/3. Sky: 1 hit,
    # 2 shown, 1 found: 1/2. Our own grass: 2 of 2; sky: 1 of 2. The tree's pixel judges neither.
    found = rivalled(tmp_path, (1, 0, 9))
    assert (found.round, found.classes, found.pixels) == (1, 2, 4)
    assert (found.miou, found.own) == pytest.approx((5 / 12, 3 / 4))


def test_classes_are_the_same_by_their_id_alone(tmp_path: Path) -> None:
    with pytest.raises(Rewis3dError, match="none of these classes"):
        rivalled(tmp_path, (7, 8, 9))
