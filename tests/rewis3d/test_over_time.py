"""The stage of a round that reads its labels off over time, where held-out strokes agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewis3d import over_time, quick
from rewis3d.clip import Clip
from rewis3d.flow import cache
from rewis3d.job import read_job, write_job
from rewis3d.publish import FOLDER, FUSED
from rewis3d.reports import Done, Progress, Published, Report, Scores
from rewis3d.types import Prediction
from tests.rewis3d import quick_job


def told(reports: list[Report]) -> list[bool]:
    """Return of each prediction that was published whether it was read off over time."""
    return [report.fused for report in reports if isinstance(report, Published)]


def last_scores(reports: list[Report]) -> Scores:
    return [report for report in reports if isinstance(report, Scores)][-1]


def test_labels_are_published_frame_by_frame_and_then_over_time(tmp_path: Path) -> None:
    folder = quick_job.make(tmp_path, stages="head,fused")
    reports = list(quick.run(folder))
    assert told(reports) == [False] * 4 + [True] * 3  # the open frame is published twice
    scores = last_scores(reports)
    assert scores.alone is not None
    assert scores.fused is not None
    assert scores.fused >= scores.alone
    assert scores.miou == pytest.approx(scores.alone, abs=0.05)
    stages = [report.stage for report in reports if isinstance(report, Progress)]
    assert list(dict.fromkeys(stages))[-2:] == [over_time.COMPARING, over_time.FUSING]
    for kind in (FOLDER, FUSED):
        assert len(list((folder.parent / kind).iterdir())) == 6
    assert isinstance(reports[-1], Done)


def test_a_run_that_was_killed_goes_on_with_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = quick_job.make(tmp_path, stages="head,fused")
    running = quick.run(folder)
    while not (isinstance(report := next(running), Published) and report.fused):
        pass
    del running
    monkeypatch.setattr(cache, "motion", lambda *_: pytest.fail("it is in the cache"))
    reports = list(quick.run(folder))
    assert told(reports)[0] is True  # what was read off over time is announced at once
    assert told(reports)[-3:] == [True] * 3


def test_without_held_out_strokes_frames_are_read_off_alone(tmp_path: Path) -> None:
    folder = quick_job.make(tmp_path, stages="head,fused")
    job = read_job(folder)
    write_job(replace(job, views=tuple(replace(view, judge=None) for view in job.views)), folder)
    assert not any(told(list(quick.run(folder))))


def test_where_it_was_not_asked_for_frames_are_read_off_alone(tmp_path: Path) -> None:
    reports = list(quick.run(quick_job.make(tmp_path)))
    assert not any(told(reports))
    assert last_scores(reports).fused is None


def test_what_is_worse_on_held_out_strokes_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def worse(_network: Any, clip: Clip, **_: Any) -> Iterator[Prediction]:
        for view in clip.views:
            labels = np.zeros((view.height, view.width), np.uint8)
            yield Prediction(view.frame_id, labels, np.ones(labels.shape, np.float32))

    monkeypatch.setattr(over_time, "read_off", worse)
    reports = list(quick.run(quick_job.make(tmp_path, stages="head,fused")))
    assert not any(told(reports))
    assert last_scores(reports).fused == 0.25
    assert not (tmp_path / "rounds" / "0001" / FUSED).exists()


def test_the_judged_network_is_asked_and_not_the_one_that_has_learnt_the_strokes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    real = over_time.read_off

    def watched(network: Any, *rest: Any, **more: Any) -> Iterator[Prediction]:
        asked.append(network.head.classify.bias.clone())
        return real(network, *rest, **more)

    monkeypatch.setattr(over_time, "read_off", watched)
    list(quick.run(quick_job.make(tmp_path, stages="head,fused")))
    assert len(asked) == 2
    assert not np.allclose(asked[0], asked[1])
