"""The second stage of a quick round: used where it answers no worse, going on where killed."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from rewis3d import quick, relearn
from rewis3d.checkpoint import WEIGHTS_FILE, load_checkpoint
from rewis3d.fit import Pixels, Portion
from rewis3d.job import read_job, write_job
from rewis3d.publish import FOLDER, FUSED, LEARNT
from rewis3d.reports import Point, Progress, Published, Scores
from rewis3d.rival import JUDGED
from tests.rewis3d import quick_job
from tests.rewis3d.test_quick import swap_judging, weights

STAGES = "head,carried,pseudo"


def test_a_second_head_learns_from_the_frames_around(tmp_path: Path):
    folder = quick_job.make(tmp_path, stages=STAGES)
    reports = list(quick.run(folder))
    first, second = [report for report in reports if isinstance(report, Scores)]
    assert first.around is None
    assert second.strokes == first.miou
    assert second.around is not None
    assert second.helped_by_around
    assert second.miou == second.around
    curves = {report.series for report in reports if isinstance(report, Point)}
    assert {"judge, around", "loss, around"} <= curves
    published = [report for report in reports if isinstance(report, Published)]
    assert [Path(one.labels_file).parent.name for one in published[-3:]] == [LEARNT] * 3
    assert len(published) == 1 + 3 + 3
    assert load_checkpoint(folder.parent / "model").scores == second
    assert load_checkpoint(folder.parent / JUDGED).scores == second


def test_a_head_that_answers_worse_for_it_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    plain = quick_job.make(tmp_path / "a")
    folder = quick_job.make(tmp_path / "b", stages=STAGES)
    real = relearn.portions

    def misled(*args: Any, **more: Any) -> Generator[Progress, None, list[Portion]]:
        strokes, *_ = yield from real(*args, **more)
        wrong = Pixels(strokes.pixels.table, strokes.pixels.rows, 1 - strokes.pixels.labels)
        return [Portion(wrong)]

    monkeypatch.setattr(quick, "portions", misled)
    reports = list(quick.run(folder))
    scores = [report for report in reports if isinstance(report, Scores)][-1]
    assert scores.around is not None
    assert not scores.helped_by_around
    assert scores.miou == scores.strokes
    assert not (folder.parent / LEARNT).exists()
    assert (folder.parent / "model" / WEIGHTS_FILE).read_bytes() == weights(plain)


def test_killed_while_it_looks_around_a_run_goes_on_there(tmp_path: Path):
    clean, killed = (quick_job.make(tmp_path / name, stages=STAGES) for name in "ab")
    running = quick.run(killed)
    while not (isinstance(report := next(running), Progress) and report.stage == "judging around"):
        pass
    del running
    assert weights(clean) == weights(killed)
    reports = list(quick.run(killed))  # all is done: it is told again, and nothing is learnt
    assert not any(isinstance(report, Point) for report in reports)
    assert sum(isinstance(report, Published) for report in reports) == 3


def test_killed_while_it_publishes_what_it_learnt_a_run_publishes_the_rest(tmp_path: Path):
    folder = quick_job.make(tmp_path, stages=STAGES)
    running = quick.run(folder)
    while not (isinstance(report := next(running), Published) and LEARNT in report.labels_file):
        pass
    del running
    published = [report for report in quick.run(folder) if isinstance(report, Published)]
    assert [Path(one.labels_file).parent.name for one in published] == [LEARNT] * 3


def kinds(reports: list[Any]) -> list[str]:
    """Return of each prediction that was published by which stage."""
    published = [report for report in reports if isinstance(report, Published)]
    return [Path(report.labels_file).parent.name for report in published]


def test_where_labels_over_time_follow_the_open_frame_alone_shows_the_second_head(
    tmp_path: Path,
) -> None:
    folder = quick_job.make(tmp_path, stages=f"{STAGES},fused")
    assert kinds(list(quick.run(folder))) == [FOLDER] * 4 + [LEARNT] + [FUSED] * 3
    assert len(list((folder.parent / LEARNT).glob("*.labels.png"))) == 1


def test_where_labels_over_time_are_worse_all_frames_show_the_second_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **more: Any) -> Generator[Any, None, bool]:
        yield from ()
        return False

    monkeypatch.setattr(quick, "over_time", refused)
    folder = quick_job.make(tmp_path, stages=f"{STAGES},fused")
    found = kinds(list(quick.run(folder)))
    assert found == [FOLDER] * 4 + [LEARNT] * 4  # the open frame is told twice
    assert found[4:] == kinds(list(quick.run(folder)))


def test_killed_after_the_second_head_was_shown_a_run_goes_on_over_time(tmp_path: Path) -> None:
    folder = quick_job.make(tmp_path, stages=f"{STAGES},fused")
    running = quick.run(folder)
    while not (isinstance(report := next(running), Published) and LEARNT in report.labels_file):
        pass
    del running
    assert kinds(list(quick.run(folder))) == [LEARNT] + [FUSED] * 3


def test_the_number_of_threads_changes_nothing_that_is_learnt_around(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        folder = quick_job.make(tmp_path / str(threads), stages=STAGES)
        reports = list(quick.run(folder))
        found.append([one for one in reports if isinstance(one, Point | Scores)])
    torch.set_num_threads(before)
    assert found[0] == found[1]


def test_what_judges_is_not_learnt_from_the_frames_around_either(tmp_path: Path):
    clean, swapped = (quick_job.make(tmp_path / name, stages=STAGES) for name in "ab")
    swap_judging(swapped)
    assert weights(clean) != weights(swapped)
    one, other = (folder.parent / JUDGED / WEIGHTS_FILE for folder in (clean, swapped))
    assert one.read_bytes() == other.read_bytes()


def test_reserved_frames_teach_nothing(tmp_path: Path):
    clean, poisoned = (quick_job.make(tmp_path / name, stages=STAGES) for name in "ab")
    for folder in (clean, poisoned):
        job = read_job(folder)
        views = [replace(view, reserved=view.frame_id == 2) for view in job.views]
        write_job(replace(job, views=tuple(views)), folder)
    cv2.imwrite(str(tmp_path / "b" / "frames" / "2.png"), np.full((48, 64, 3), 255, np.uint8))
    assert weights(clean) == weights(poisoned)


def test_nobody_judges_and_nothing_is_tried(tmp_path: Path):
    folder = quick_job.make(tmp_path, stages=STAGES)
    job = read_job(folder)
    write_job(replace(job, views=tuple(replace(view, judge=None) for view in job.views)), folder)
    reports = list(quick.run(folder))
    assert not any(isinstance(report, Scores) for report in reports)
    assert not (folder.parent / LEARNT).exists()
