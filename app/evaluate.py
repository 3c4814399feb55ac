"""How well a round predicts, by dense labels that it has not seen.

Three sets of frames are judged apart. "same": the frames whose strokes the round learnt from,
without the pixels of those strokes; "other": frames without strokes; "reserved": frames that are
kept for evaluation. A frame that was reserved only after the round had learnt from it is "same".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Int64, UInt8
from sqlalchemy import Connection

from annotations import store
from annotations.rasterise import rasterise
from annotations.types import UNLABELLED, ClassMap, Frame
from app import rounds
from app.bridge import read_prediction
from app.errors import StudioError
from app.rounds import PredictionFiles, Round
from app.truth import Truth, find_truth
from app.workspace import Workspace
from rewis3d import metrics
from rewis3d.job import read_job

SETS: Final = ("same", "other", "reserved")
OnProgress = Callable[[str, int, int | None], None]
"""Told the stage, and how many of how many frames are through."""
Counts = dict[str, Int64[np.ndarray, "k k"]]
"""The confusion of each set."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The scores of a round: fractions in [0, 1] by set, None where a set has no labelled pixel.

    Its fields are what `evaluate --json` writes.
    """

    round: int
    classes: list[str]
    """Names of the round's classes in train id order."""
    miou: dict[str, float | None]
    """Mean over the classes that the labels of the set show; the others are left out."""
    iou: dict[str, dict[str, float | None]]
    """By set and class; None where the labels of the set don't show the class."""
    accuracy: dict[str, float | None]
    frames: dict[str, int]
    """How many were judged."""
    unlabelled: list[str]
    """Frames that the folder has no labels for."""
    unpredicted: list[str]
    """Frames with labels that the round has not predicted."""
    left_out: list[str]
    """Classes of the project that the round doesn't have: their pixels are not judged."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Scores by set, as an Evaluation has them."""

    miou: dict[str, float | None]
    iou: dict[str, dict[str, float | None]]
    accuracy: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is judged, read from the database at once."""

    round_: Round
    frames: list[Frame]
    truth: Truth
    predictions: dict[int, PredictionFiles]
    taught: frozenset[int]
    """Ids of the frames that the round learnt from."""


def evaluate(
    workspace: Workspace,
    folder: Path,
    *,
    ignore: int | None = None,
    round_number: int | None = None,
    on_progress: OnProgress | None = None,
) -> Evaluation:
    """Compare the predictions of a round (the active one by default) with a folder of label PNGs.

    The files are named as the frames and hold class ids; 255 and `ignore` mean no class.
    StudioError or AnnotationError say in one line what can't be compared: no round, no
    predictions, no labels for any frame, a file of another size or with an unknown id.
    """
    subject = _subject(workspace, folder, ignore=ignore, round_number=round_number)
    judged = [
        frame
        for frame in subject.frames
        if frame.frame_id in subject.truth.files and frame.frame_id in subject.predictions
    ]
    classes = len(subject.round_.class_map)
    counts: Counts = {name: np.zeros((classes, classes), np.int64) for name in SETS}
    frames: dict[str, int] = dict.fromkeys(SETS, 0)
    for done, frame in enumerate(judged, start=1):
        name = _set_of(frame, subject.taught)
        counts[name] += _confusion(workspace, subject, frame)
        frames[name] += 1
        if on_progress is not None:
            on_progress("evaluating", done, len(judged))
    return _report(subject, counts, frames)


def _subject(
    workspace: Workspace, folder: Path, *, ignore: int | None, round_number: int | None
) -> _Subject:
    with workspace.read() as conn:
        round_ = _round(conn, round_number)
        frames = store.list_frames(conn)
        files = rounds.predictions_of(conn, round_.number)
        revision = round_.label_revision
        truth = find_truth(conn, folder, frames, ignore=ignore, revision=revision)
    if not files:
        raise StudioError(f"round {round_.number} has predicted nothing (it is {round_.run.state})")
    job = read_job(workspace.path(round_.folder) / "job")
    taught = frozenset(view.frame_id for view in job.views if view.labels is not None)
    return _Subject(round_, frames, truth, files, taught)


def _round(conn: Connection, number: int | None) -> Round:
    number = rounds.active_round(conn) if number is None else number
    if number is None:
        raise StudioError("no round has predicted anything yet; start one with `rewis3d train`")
    return rounds.get_round(conn, number)


def _set_of(frame: Frame, taught: frozenset[int]) -> str:
    if frame.frame_id in taught:
        return "same"
    return "reserved" if frame.reserved else "other"


def _confusion(workspace: Workspace, subject: _Subject, frame: Frame) -> Int64[np.ndarray, "k k"]:
    """Count a frame's pixels by true and predicted train id; stroked ones are left out."""
    truth = train_ids(subject.truth.labels(frame), subject.round_.class_map)
    if frame.frame_id in subject.taught:
        truth[_stroked(workspace, frame, subject.round_)] = UNLABELLED
    predicted = read_prediction(workspace, subject.predictions[frame.frame_id], frame)
    return metrics.confusion(truth, predicted, len(subject.round_.class_map))


def train_ids(ids: UInt8[np.ndarray, "h w"], class_map: ClassMap) -> UInt8[np.ndarray, "h w"]:
    """Return the train ids of class ids; UNLABELLED for those that are not in the class map."""
    places = np.full(256, UNLABELLED, np.uint8)
    places[list(class_map.class_ids)] = np.arange(len(class_map))
    return places[ids]


def _stroked(workspace: Workspace, frame: Frame, round_: Round) -> np.ndarray:
    """Return the pixels (h, w) that strokes labelled or ignored when the round was made."""
    with workspace.read() as conn:
        strokes = store.strokes_at(conn, frame.frame_id, round_.label_revision)
    return rasterise(strokes, round_.class_map, frame.height, frame.width) != UNLABELLED


def _report(subject: _Subject, counts: Counts, frames: dict[str, int]) -> Evaluation:
    marks = marked(counts, subject.round_.class_map)
    labelled = [frame for frame in subject.frames if frame.frame_id in subject.truth.files]
    return Evaluation(
        round=subject.round_.number,
        classes=[label.name for label in subject.round_.class_map.classes],
        miou=marks.miou,
        iou=marks.iou,
        accuracy=marks.accuracy,
        frames=frames,
        unlabelled=[
            frame.name for frame in subject.frames if frame.frame_id not in subject.truth.files
        ],
        unpredicted=[frame.name for frame in labelled if frame.frame_id not in subject.predictions],
        left_out=list(subject.truth.left_out),
    )


def marked(counts: Counts, class_map: ClassMap) -> Marks:
    """Return the scores that the confusions of all sets make."""
    names = [label.name for label in class_map.classes]
    return Marks(
        miou={key: metrics.miou(counts[key]) for key in SETS},
        iou={key: dict(zip(names, metrics.iou(counts[key]), strict=True)) for key in SETS},
        accuracy={key: metrics.accuracy(counts[key]) for key in SETS},
    )
