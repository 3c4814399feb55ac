from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from annotations import store
from annotations.types import UNLABELLED
from app.benchmark.annotator import stroked
from app.benchmark.cell import cells
from app.benchmark.judge import judge
from app.benchmark.plan import Plan
from app.errors import StudioError
from app.evaluate import evaluate
from app.simulate import draw_strokes
from app.workspace import Workspace
from tests.app import samples
from tests.app.benchmark.planned import only_cell, planned, silent, wish
from tests.app.judged import predicted_round, write_labels
from tests.app.samples import frame_ids

WRONG = {0: 3, 1: 10, 2: 20, 3: 33}
"""Columns that are predicted one class too high, by frame."""


def prediction(index: int) -> np.ndarray:
    labels = samples.truth(index)
    labels[:, : WRONG[index]] = (labels[:, : WRONG[index]] + 1) % 3
    return labels


def predict(project: Workspace, plan: Plan) -> None:
    for cell in cells(project, plan):
        folder = cell.folder / "predictions"
        folder.mkdir(parents=True)
        for index, frame_id in enumerate(frame_ids(project)):
            Image.fromarray(prediction(index)).save(folder / f"{frame_id}.labels.png")


def slow_miou(truths: list[np.ndarray], found: list[np.ndarray]) -> float:
    """Return the mean IoU of the classes that are shown, pixel by pixel."""
    pairs = [
        (int(t), int(p))
        for truth, labels in zip(truths, found, strict=True)
        for t, p in zip(truth.ravel(), labels.ravel(), strict=True)
        if t != UNLABELLED
    ]
    shares = []
    for k in sorted({t for t, _ in pairs}):
        both = sum(t == p == k for t, p in pairs)
        shares.append(both / sum(k in (t, p) for t, p in pairs))
    return sum(shares) / len(shares)


def test_scores_by_set_worked_out_slowly(project: Workspace, labels: Path) -> None:
    with project.write() as conn:
        store.set_reserved(conn, frame_ids(project)[3:])
    plan = planned(project, wish(labels, seeds=2))
    (drawn,) = plan.drawn
    assert drawn.index == 1
    predict(project, plan)
    for cell in cells(project, plan):
        found = judge(project, plan, cell, on_progress=silent)
        assert found.frames == {"same": 1, "other": 2, "reserved": 1}
        strokes = stroked(plan, drawn, seed=cell.seed)
        same = np.where(strokes, UNLABELLED, samples.truth(1))
        assert found.drawn_share == pytest.approx(strokes.mean())
        wanted = {
            "same": slow_miou([same], [prediction(1)]),
            "other": slow_miou([samples.truth(i) for i in (0, 2)], [prediction(i) for i in (0, 2)]),
            "reserved": slow_miou([samples.truth(3)], [prediction(3)]),
        }
        assert found.marks.miou == pytest.approx(wanted)


def test_scores_are_those_of_an_evaluation_with_these_strokes(
    project: Workspace, labels: Path
) -> None:
    plan = planned(project, wish(labels, frames=2))
    predict(project, plan)
    found = judge(project, plan, only_cell(project, plan), on_progress=silent)
    draw_strokes(project, labels, frames=plan.drawn)
    predicted_round(project, {index: prediction(index) for index in range(4)})
    evaluation = evaluate(project, labels)
    assert found.marks.miou == evaluation.miou
    assert found.marks.iou == evaluation.iou
    assert found.marks.accuracy == evaluation.accuracy
    assert found.frames == evaluation.frames


def test_rows_of_a_seed_are_judged_on_the_same_pixels(project: Workspace, labels: Path) -> None:
    """Dense labels cover every pixel: the strokes that others saw are left out all the same."""
    plan = planned(project, wish(labels, "ema", "full", "ceiling"))
    predict(project, plan)
    found = [judge(project, plan, cell, on_progress=silent) for cell in cells(project, plan)]
    assert found[0] == found[1] == found[2]


def test_frames_without_labels_judge_nothing(project: Workspace, tmp_path: Path) -> None:
    plan = planned(project, wish(write_labels(tmp_path / "labels", frames=(0, 2))))
    predict(project, plan)
    found = judge(project, plan, only_cell(project, plan), on_progress=silent)
    assert found.frames == {"same": 1, "other": 1, "reserved": 0}
    assert found.marks.miou["reserved"] is None


def test_a_prediction_that_is_missing_is_named(project: Workspace, labels: Path) -> None:
    plan = planned(project, wish(labels))
    cell = only_cell(project, plan)
    with pytest.raises(StudioError, match="cell ema-0: frame 'frame0' is not predicted"):
        judge(project, plan, cell, on_progress=silent)
