"""Labels out of the project.

An exported mask shows what is known best of each pixel: the strokes of now over the predictions of
a round. Predictions of classes that were merged since count as the class that took them; of
deleted ones, and where the ignore brush went, nothing is exported (255).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import UInt8
from sqlalchemy import Connection

from annotations import labelset, store
from annotations.classes import class_targets, classes_at
from annotations.formats import png, strokes
from annotations.frames import LabelledFrame
from annotations.rasterise import rasterise
from annotations.types import IGNORED, UNLABELLED, ClassMap
from app import rounds, runs
from app.archive import filling, write_zip
from app.bridge import EXPORTS, read_prediction
from app.errors import StudioError
from app.ingest.strokes import import_strokes as import_strokes
from app.rounds import PredictionFiles, Round
from app.workspace import Workspace

FORMATS: Final = ("png", "strokes")
CLASSES_FILE: Final = "classes.json"
OnProgress = Callable[[str, int, int | None], None]
"""Told the stage, and how many of how many frames are through."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    frames: int
    """Frames that have labels; the others have no file."""
    predicted: int
    """Frames whose labels are a prediction, with strokes over it where there are any."""
    strokes: int
    round: int | None
    """Whose predictions they are."""


def export_labels(
    workspace: Workspace,
    out: Path,
    *,
    format: str = "png",  # noqa: A002 - the option's name everywhere
    round_number: int | None = None,
    on_progress: OnProgress | None = None,
) -> Exported:
    """Write labels into a new or empty folder, all or nothing.

    "png": a palette PNG of class ids per frame, named as the frame, and classes.json; "strokes":
    strokes.json, which `import_strokes` reads. The round is the active one by default. StudioError
    names an unknown format, a folder in use, or says that there is nothing to write.
    """
    if format not in FORMATS:
        raise StudioError(f"unknown format {format!r} of labels; known: {', '.join(FORMATS)}")
    with filling(out) as folder:
        if format == "strokes":
            return _write_strokes(workspace, folder)
        return _write_masks(workspace, folder, round_number, on_progress)


def export_strokes(workspace: Workspace, out: Path) -> Exported:
    """Write all strokes as strokes.json into a new or empty folder."""
    return export_labels(workspace, out, format="strokes")


def export_predictions(
    workspace: Workspace,
    out: Path,
    *,
    round_number: int | None = None,
    on_progress: OnProgress | None = None,
) -> int:
    """Write what a round (the active one by default) predicts, and nothing else; return how many.

    The PNGs hold the ids of the round's own classes, which classes.json lists. StudioError where
    nothing is predicted or the folder is in use.
    """
    with workspace.read() as conn:
        round_ = _round(conn, round_number)
        if round_ is None:
            raise StudioError("no round has predicted anything yet; start one with `rewis3d train`")
        files = rounds.predictions_of(conn, round_.number)
        frames = [frame for frame in store.list_frames(conn) if frame.frame_id in files]
    if not frames:
        raise StudioError(f"round {round_.number} has predicted nothing (it is {round_.run.state})")
    with filling(out) as folder:
        _write_classes(folder, round_.class_map)
        for done, frame in enumerate(frames, start=1):
            labels = read_prediction(workspace, files[frame.frame_id], frame)
            png.write_ids(folder / f"{frame.name}.png", labels, round_.class_map)
            _tell(on_progress, "writing predictions", done, len(frames))
    return len(frames)


def fill_export(
    workspace: Workspace, run_id: str, *, on_progress: OnProgress | None = None
) -> dict[str, Any]:
    """Do the work of an export run for labels or strokes, zip included; return its result.

    What a killed attempt left is written anew.
    """
    with workspace.read() as conn:
        request = runs.get(conn, run_id).request
    what, form = request["what"], request["format"]
    out = workspace.path(f"{EXPORTS}/{run_id}")
    if out.exists():
        shutil.rmtree(out)
    report = export_labels(
        workspace,
        out,
        format="strokes" if what == "strokes" else form,
        round_number=request.get("round"),
        on_progress=on_progress,
    )
    write_zip(out, out.with_suffix(".zip"))
    return asdict(report)


def _round(conn: Connection, number: int | None) -> Round | None:
    number = rounds.active_round(conn) if number is None else number
    return None if number is None else rounds.get_round(conn, number)


def _write_strokes(workspace: Workspace, folder: Path) -> Exported:
    with workspace.read() as conn:
        class_map = classes_at(conn)
        drawn = [
            LabelledFrame(frame, store.strokes_at(conn, frame.frame_id))
            for frame in store.list_frames(conn)
        ]
    labelled = [one for one in drawn if one.strokes]
    if not labelled:
        raise StudioError("there are no strokes to export")
    strokes.write_strokes(folder / strokes.FILE_NAME, labelled, class_map)
    count = sum(len(one.strokes) for one in labelled)
    return Exported(frames=len(labelled), predicted=0, strokes=count, round=None)


@dataclass(frozen=True, slots=True)
class _Known:
    """What there is to know of all frames, read at once."""

    labelled: Sequence[LabelledFrame]
    class_map: ClassMap
    round_: Round | None
    predictions: Mapping[int, PredictionFiles]
    living: UInt8[np.ndarray, "256"]
    """For each train id of the round the train id of now; UNLABELLED where the class is gone."""


def _read_known(conn: Connection, round_number: int | None) -> _Known:
    class_map, round_ = classes_at(conn), _round(conn, round_number)
    living = np.full(256, UNLABELLED, np.uint8)
    if round_ is not None:
        targets = class_targets(conn)
        for train_id, class_id in enumerate(round_.class_map.class_ids):
            target = targets[class_id]
            living[train_id] = UNLABELLED if target is None else class_map.train_id(target)
    return _Known(
        labelled=[
            LabelledFrame(frame, store.strokes_at(conn, frame.frame_id))
            for frame in store.list_frames(conn)
        ],
        class_map=class_map,
        round_=round_,
        predictions={} if round_ is None else rounds.predictions_of(conn, round_.number),
        living=living,
    )


def _write_masks(
    workspace: Workspace, folder: Path, round_number: int | None, on_progress: OnProgress | None
) -> Exported:
    with workspace.read() as conn:
        known = _read_known(conn, round_number)
    _write_classes(folder, known.class_map)
    written = 0
    for done, one in enumerate(known.labelled, start=1):
        labels = _best_labels(workspace, one, known)
        if (labels < IGNORED).any():
            png.write_ids(folder / f"{one.frame.name}.png", labels, known.class_map)
            written += 1
        _tell(on_progress, "writing labels", done, len(known.labelled))
    if not written:
        raise StudioError("there are no labels to export: no prediction and no stroke")
    return Exported(
        frames=written,
        predicted=len(known.predictions),
        strokes=sum(len(one.strokes) for one in known.labelled),
        round=None if known.round_ is None else known.round_.number,
    )


def _best_labels(
    workspace: Workspace, one: LabelledFrame, known: _Known
) -> UInt8[np.ndarray, "h w"]:
    """Return a frame's train ids of now: its strokes, and the prediction where they say nothing."""
    drawn = rasterise(one.strokes, known.class_map, one.frame.height, one.frame.width)
    files = known.predictions.get(one.frame.frame_id)
    if files is None:
        return drawn
    predicted = known.living[read_prediction(workspace, files, one.frame)]
    return np.where(drawn == UNLABELLED, predicted, drawn)


def _write_classes(folder: Path, class_map: ClassMap) -> None:
    text = json.dumps(labelset.to_json(class_map), indent=1, ensure_ascii=False)
    (folder / CLASSES_FILE).write_text(text + "\n", encoding="utf-8")


def _tell(on_progress: OnProgress | None, stage: str, done: int, total: int) -> None:
    if on_progress is not None:
        on_progress(stage, done, total)
