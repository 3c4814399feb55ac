"""What a head learns of strokes and of what grows from them."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

import torch

from rewis3d.config import QuickConfig
from rewis3d.fit import Pixels, Portion
from rewis3d.heads import LEARNING, answered, fitted, fitted_around
from rewis3d.job import Job
from rewis3d.labelled import Labelled
from rewis3d.models.segmenter import HYPERCOLUMN
from rewis3d.reports import Point, Progress
from rewis3d.types import ClassSpec

CONFIG = QuickConfig(hidden=8, heads=2, steps=80, grown_steps=80, around_steps=80, batch=64)
CLASSES = (ClassSpec(0, "grass", (0, 200, 0)), ClassSpec(1, "sky", (0, 0, 200)))
JOB = Job("quick", (), CLASSES, {}, seed=0)
Result = TypeVar("Result")


def table() -> Pixels:
    """Return 200 pixels of two classes that some features tell apart."""
    columns = torch.rand(200, HYPERCOLUMN, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(200) % 2
    columns[:, :400] += 5 * labels[:, None]
    return Pixels(columns, torch.arange(200), labels)


def end_of(
    running: Generator[Point | Progress, None, Result],
) -> tuple[list[Point | Progress], Result]:
    reports = []
    while True:
        try:
            reports.append(next(running))
        except StopIteration as end:
            return reports, end.value


def test_grown_labels_are_learnt_where_the_strokes_agree() -> None:
    everything = table()
    few = everything.where(torch.arange(200) < 100)
    grown = everything.where(torch.arange(200) >= 100)
    grown.labels[:30] = 1 - grown.labels[:30]  # grown wrongly
    reports, found = end_of(fitted(Labelled(few, grown), JOB, CONFIG, stage=LEARNING))
    assert len(found.pixels.labels) == 100 + 70
    assert torch.equal(found.pixels.rows[100:], torch.arange(130, 200))
    assert found.head.hidden.out_features == CONFIG.heads * CONFIG.hidden
    assert (answered(found.head, everything) == everything.labels.numpy()).mean() > 0.95
    series = {report.series for report in reports if isinstance(report, Point)}
    assert series == {"loss, strokes", "loss, grown"}


def test_where_none_agrees_the_strokes_are_learnt_alone() -> None:
    everything = table()
    wrong = Pixels(everything.table, everything.rows, 1 - everything.labels)
    reports, found = end_of(fitted(Labelled(everything, wrong), JOB, CONFIG, stage=LEARNING))
    assert found.pixels is everything
    assert found.head.hidden.out_features == CONFIG.heads * CONFIG.hidden
    series = {report.series for report in reports if isinstance(report, Point)}
    assert series == {"loss, strokes"}


def test_a_fit_to_the_frames_around_starts_from_nothing_and_the_seed() -> None:
    portions = [Portion(table(), 0.5), Portion(table(), 0.5)]
    heads = [end_of(fitted_around(portions, JOB, CONFIG, stage=LEARNING))[1] for _ in range(2)]
    assert torch.equal(heads[0].hidden.weight, heads[1].hidden.weight)
    assert (answered(heads[0], table()) == table().labels.numpy()).mean() > 0.95


def test_without_grown_labels_the_strokes_are_learnt_once() -> None:
    everything = table()
    nothing = everything.where(torch.zeros(200, dtype=torch.bool))
    reports, found = end_of(fitted(Labelled(everything, nothing), JOB, CONFIG, stage=LEARNING))
    assert found.head.hidden.out_features == CONFIG.heads * CONFIG.hidden
    steps = [report.done for report in reports if isinstance(report, Progress)]
    assert steps[-1] == CONFIG.steps
    assert steps == sorted(set(steps))
