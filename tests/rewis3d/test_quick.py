"""The quick round on a tiny job: what it publishes, what it learns from, how it goes on."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from rewis3d import quick
from rewis3d.checkpoint import WEIGHTS_FILE, load_checkpoint, save_checkpoint
from rewis3d.job import read_job, write_job
from rewis3d.reports import Done, Point, Progress, Published, Scores
from rewis3d.rival import JUDGED
from rewis3d.types import IGNORED, UNLABELLED, Rewis3dError
from tests.rewis3d import quick_job


def weights(folder: Path) -> bytes:
    list(quick.run(folder))
    return (folder.parent / "model" / WEIGHTS_FILE).read_bytes()


def repaint(folder: Path, file: str, change) -> None:
    path = str(folder / file)
    mask = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    change(mask)
    cv2.imwrite(path, mask)


def test_learns_strokes_and_publishes_every_frame_in_order(tmp_path: Path):
    folder = quick_job.make(tmp_path)
    reports = list(quick.run(folder))
    published = [report.frame_id for report in reports if isinstance(report, Published)]
    kinds = [type(report) for report in reports]
    assert published == [0, 0, 1, 2]  # the open frame first, before the judgement
    assert kinds.index(Published) < kinds.index(Scores)
    truth = np.repeat([1, 0], [24, 24])[:, None] * np.ones((1, 64), int)
    assert (quick_job.read_labels(folder, 2) == truth).mean() > 0.85
    (scores,) = [report for report in reports if isinstance(report, Scores)]
    assert scores.pixels == 2 * 2 * 30
    assert scores.accuracy is not None
    assert scores.accuracy > 0.9
    assert isinstance(reports[-1], Done)
    curves = {report.series for report in reports if isinstance(report, Point)}
    assert curves == {"loss, strokes", "loss, grown", "judge, strokes", "judge, grown"}
    stages = [report.stage for report in reports if isinstance(report, Progress)]
    assert list(dict.fromkeys(stages)) == ["reading", "learning", "judging", "predicting"]


def test_the_same_seed_gives_the_same_weights(tmp_path: Path):
    assert weights(quick_job.make(tmp_path / "a")) == weights(quick_job.make(tmp_path / "b"))


def test_frames_without_labels_leave_no_trace_in_the_weights(tmp_path: Path):
    clean, poisoned = quick_job.make(tmp_path / "a"), quick_job.make(tmp_path / "b")
    image = np.full((48, 64, 3), 255, np.uint8)
    cv2.imwrite(str(tmp_path / "b" / "frames" / "2.png"), image)
    cv2.imwrite(str(poisoned / "labels" / "2.png"), np.zeros((48, 64), np.uint8))
    assert weights(clean) == weights(poisoned)


def test_strokes_alone_are_learnt_where_nothing_may_grow(tmp_path: Path):
    clean, ignoring = (
        quick_job.make(tmp_path / "a", grow="0"),
        quick_job.make(tmp_path / "b", grow="0"),
    )

    def ignore(mask: np.ndarray) -> None:
        mask[20:30][mask[20:30] == UNLABELLED] = IGNORED

    repaint(ignoring, "labels/0.png", ignore)
    assert weights(clean) == weights(ignoring)


def test_judging_pixels_train_nothing_before_the_judgement(tmp_path: Path):
    clean, poisoned = quick_job.make(tmp_path / "a"), quick_job.make(tmp_path / "b")

    def swap(labels: np.ndarray) -> None:
        labels[4:7, 50:60], labels[40:43, 50:60] = 0, 1

    repaint(poisoned, "labels/0.png", swap)

    def judged(folder: Path) -> list[Point]:
        points = [report for report in quick.run(folder) if isinstance(report, Point)]
        return [point for point in points if point.series.startswith("judge")]

    assert judged(clean) == judged(poisoned)
    assert weights(clean) != weights(poisoned)


def test_a_killed_run_goes_on_with_its_model_and_keeps_what_it_published(tmp_path: Path):
    folder = quick_job.make(tmp_path)
    running = quick.run(folder)
    while not isinstance(next(running), Scores):
        pass
    del running
    first = folder.parent / "predictions" / "0.labels.png"
    stamp = first.stat().st_mtime_ns
    reports = list(quick.run(folder))
    assert not any(isinstance(report, Point) for report in reports)
    assert [r.frame_id for r in reports if isinstance(r, Published)] == [0, 1, 2]
    assert sum(isinstance(report, Scores) for report in reports) == 1
    assert first.stat().st_mtime_ns == stamp


def test_progress_ends_at_the_last_frame(tmp_path: Path):
    reports = quick.run(quick_job.make(tmp_path, frames=2))
    last = [report for report in reports if isinstance(report, Progress)][-1]
    assert (last.done, last.total, last.eta_seconds) == (2, 2, 0.0)


def test_says_that_nothing_is_labelled(tmp_path: Path):
    with pytest.raises(Rewis3dError, match="no frame is labelled"):
        list(quick.run(quick_job.make(tmp_path, labelled=())))


def test_one_frame_with_one_class_is_enough(tmp_path: Path):
    folder = quick_job.make(tmp_path, frames=1, labelled=(0,))

    def one_class(labels: np.ndarray) -> None:
        labels[labels == 1] = UNLABELLED

    repaint(folder, "labels/0.png", one_class)
    list(quick.run(folder))
    assert (quick_job.read_labels(folder, 0) == 0).all()


def test_names_a_frame_that_can_not_be_read(tmp_path: Path):
    folder = quick_job.make(tmp_path)
    (tmp_path / "frames" / "2.png").write_bytes(b"no image")
    with pytest.raises(Rewis3dError, match=r"2\.png: not an image"):
        list(quick.run(folder))


def test_killed_before_its_model_is_saved_a_run_gives_the_same(tmp_path: Path):
    clean, killed = quick_job.make(tmp_path / "a"), quick_job.make(tmp_path / "b")
    running = quick.run(killed)
    while not isinstance(next(running), Published):
        pass
    del running
    assert not (killed.parent / "model").exists()
    assert weights(clean) == weights(killed)


def after(folder: Path, active: Path) -> Scores:
    """Run a job beside the round of another job folder and return its scores."""
    write_job(replace(read_job(folder), rival=os.path.relpath(active, folder)), folder)
    reports = list(quick.run(folder))
    assert isinstance(reports[-1], Done)
    (scores,) = [one for one in reports if isinstance(one, Scores)]
    assert load_checkpoint(folder.parent / "model").scores == scores
    return scores


def test_the_active_round_is_judged_on_the_same_pixels(tmp_path: Path):
    active = quick_job.make(tmp_path / "a")
    list(quick.run(active))
    scores = after(quick_job.make(tmp_path / "b"), active)
    assert scores.no_rival is None
    assert scores.rival is not None
    assert (scores.rival.round, scores.rival.classes, scores.rival.pixels) == (1, 2, scores.pixels)
    assert scores.rival.own == scores.rival.miou == scores.miou  # it is the very same round


@pytest.mark.parametrize("touched", [False, True])
def test_a_rival_that_sees_frames_in_another_way_is_asked_for_whole_frames(
    tmp_path: Path, touched: bool
):
    active = quick_job.make(tmp_path / "a", scale="1.5" if touched else "1.0")
    list(quick.run(active))
    if touched:
        judged = load_checkpoint(active.parent / JUDGED)
        save_checkpoint(replace(judged, network=judged.network.trainable()), active.parent / JUDGED)
    scores = after(quick_job.make(tmp_path / "b"), active)
    assert scores.no_rival is None
    assert scores.rival is not None
    assert (scores.rival.round, scores.rival.classes) == (1, 2)
    assert scores.rival.miou is not None
    assert scores.rival.miou > 0.9
    assert scores.rival.own == pytest.approx(scores.miou, abs=0.05)


def test_a_rival_that_does_not_fit_costs_the_comparison_alone(tmp_path: Path):
    scores = after(quick_job.make(tmp_path, steps="1", grown_steps="1"), tmp_path / "none")
    assert scores.rival is None
    assert scores.no_rival == "the round that was active has left no labels to compare on"


def test_what_is_kept_to_be_compared_has_not_learnt_what_judged_it(tmp_path: Path):
    clean, swapped = quick_job.make(tmp_path / "a"), quick_job.make(tmp_path / "b")
    swap_judging(swapped)
    assert weights(clean) != weights(swapped)
    one, other = (folder.parent / JUDGED / WEIGHTS_FILE for folder in (clean, swapped))
    assert one.read_bytes() == other.read_bytes()


def swap_judging(folder: Path) -> None:
    """Give the pixels that judge the other class."""
    for name in ("0.png", "1.png"):
        judge = cv2.imread(str(folder / "judge" / name), cv2.IMREAD_UNCHANGED) > 0

        def swap(mask: np.ndarray, judge: np.ndarray = judge) -> None:
            mask[judge] = 1 - mask[judge]

        repaint(folder, f"labels/{name}", swap)
