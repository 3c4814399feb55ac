"""How well a cell predicts, by the dense labels that its strokes were made from.

The sets are those of an evaluation, and the same for all rows of a seed: pixels under the strokes
of the seed judge no row, and frames with strokes are "same" for rows that never saw the strokes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotations.types import UNLABELLED, Frame
from app.benchmark.annotator import stroked
from app.benchmark.cell import Cell
from app.benchmark.plan import OnProgress, Plan
from app.bridge import read_prediction
from app.errors import StudioError
from app.evaluate import SETS, Counts, Marks, marked, train_ids
from app.rounds import PredictionFiles
from app.workspace import Workspace
from rewis3d import metrics
from rewis3d.publish import published


@dataclass(frozen=True, slots=True)
class Judgement:
    """The scores of a cell."""

    marks: Marks
    frames: dict[str, int]
    """How many were judged, by set."""
    drawn_share: float
    """Of the pixels of the frames with strokes, how many the strokes cover."""


def judge(workspace: Workspace, plan: Plan, cell: Cell, *, on_progress: OnProgress) -> Judgement:
    """Compare a cell's predictions with the labels; StudioError names one that is missing."""
    classes = len(plan.class_map)
    counts: Counts = {name: np.zeros((classes, classes), np.int64) for name in SETS}
    frames: dict[str, int] = dict.fromkeys(SETS, 0)
    drawn = {frame.frame_id for frame in plan.drawn}
    covered = pixels = 0
    for done, frame in enumerate(plan.judged, start=1):
        name = _set_of(frame, drawn)
        truth = train_ids(plan.truth.labels(frame), plan.class_map)
        if name == "same":
            strokes = stroked(plan, frame, seed=cell.seed)
            truth[strokes] = UNLABELLED
            covered, pixels = covered + int(strokes.sum()), pixels + strokes.size
        predicted = read_prediction(workspace, _files(workspace, cell, frame), frame)
        counts[name] += metrics.confusion(truth, predicted, classes)
        frames[name] += 1
        on_progress("judging", done, len(plan.judged))
    return Judgement(marked(counts, plan.class_map), frames, covered / pixels)


def _set_of(frame: Frame, drawn: set[int]) -> str:
    if frame.frame_id in drawn:
        return "same"
    return "reserved" if frame.reserved else "other"


def _files(workspace: Workspace, cell: Cell, frame: Frame) -> PredictionFiles:
    found = published(frame.frame_id, cell.folder)
    if found is None:
        raise StudioError(f"cell {cell.name}: frame {frame.name!r} is not predicted")
    files = [cell.folder / name for name in (found.labels_file, found.confidence_file)]
    return PredictionFiles(frame.frame_id, *map(workspace.relative, files))
