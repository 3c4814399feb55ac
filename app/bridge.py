"""The one translator between what people drew and what the method works on.

It writes job folders (rewis3d/job.py says what is in one) from the project folder. A job folder is
written aside and renamed, and never changed after that: a resumed run finds what it started with.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from jaxtyping import UInt8
from sqlalchemy import Connection, select

from annotations import store, types
from annotations.rasterise import rasterise
from annotations.types import ClassMap, Frame, Stroke
from app import rounds, runs
from app.database import explained
from app.errors import StudioError
from app.rounds import Round
from app.schema import project
from app.workspace import Workspace
from rewis3d import types as method
from rewis3d.job import JOB_FILE, Job, View, write_job
from rewis3d.types import ClassSpec

if (types.UNLABELLED, types.IGNORED) != (method.UNLABELLED, method.IGNORED):
    raise ImportError("annotations and rewis3d disagree on the values of unlabelled and ignored")

FEATURES: Final = "cache/features"
MODEL: Final = "model"
_JOB: Final = "job"


def write_training_job(
    workspace: Workspace, round_number: int, *, current_frame: int | None = None
) -> Path:
    """Write the job folder of a round, frozen at its label revision, and return it.

    Every frame is predicted, `current_frame` first, then its neighbours. Reserved frames carry no
    labels. A folder that is there already is left as it is. StudioError where the strokes leave
    fewer than two classes to learn.
    """
    with workspace.read() as conn:
        round_ = rounds.get_round(conn, round_number)
        frames = wanted_order(store.list_frames(conn), current_frame)
        strokes = _strokes_to_learn(conn, frames, round_.label_revision)
    folder = workspace.path(round_.folder) / _JOB
    if (folder / JOB_FILE).exists():
        return folder
    masks = _masks(frames, strokes, round_.class_map)
    _check_classes(masks, round_.class_map)
    judges: dict[int, UInt8[np.ndarray, "_ _"]] = {}
    with _written_aside(workspace, folder) as aside:
        views = []
        for frame in frames:
            labels = _write_mask(masks.get(frame.frame_id), aside, f"labels/{frame.frame_id}.png")
            judge = _write_mask(judges.get(frame.frame_id), aside, f"judge/{frame.frame_id}.png")
            views.append(_view(workspace, frame, folder, labels=labels, judge=judge))
        write_job(
            Job(
                task="quick",
                views=tuple(views),
                classes=_class_specs(round_.class_map),
                config=round_.config,
                seed=round_.seed,
                features=_from(folder, workspace.path(FEATURES)),
            ),
            aside,
        )
    return folder


def write_predict_job(workspace: Workspace, run_id: str) -> Path:
    """Write the job folder of a run that predicts with a round's model, and return it.

    The run's request names the `round` and may name `frames` (ids; all where it does not) and the
    `current_frame`, predicted first. StudioError where the round has no model.
    """
    with workspace.read() as conn:
        request = runs.get(conn, run_id).request
        round_ = rounds.get_round(conn, request["round"])
        frames = wanted_order(store.list_frames(conn), request.get("current_frame"))
    chosen = request.get("frames")
    wanted = [frame for frame in frames if chosen is None or frame.frame_id in chosen]
    folder = workspace.path(round_.folder) / "jobs" / run_id
    return _write_model_job(workspace, round_, wanted, folder, task="predict", output="../..")


def write_export_job(workspace: Workspace, run_id: str) -> Path:
    """Write the job folder of a run that exports a round's model, and return it.

    The run's request names the `round` and the `format`; results go to exports/<run id>.
    StudioError where the round has no model.
    """
    with workspace.read() as conn:
        request = runs.get(conn, run_id).request
        round_ = rounds.get_round(conn, request["round"])
        frames = store.list_frames(conn)
        name = conn.execute(select(project.c.name)).scalar_one()
    options = {"format": request["format"], "project": name, "round": str(round_.number)}
    folder = workspace.path(f"exports/{run_id}") / _JOB
    return _write_model_job(workspace, round_, frames, folder, task="export", options=options)


def _write_model_job(
    workspace: Workspace,
    round_: Round,
    frames: Sequence[Frame],
    folder: Path,
    *,
    task: str,
    output: str = "..",
    options: dict[str, str] | None = None,
) -> Path:
    model = workspace.path(round_.folder) / MODEL
    if not model.is_dir():
        raise StudioError(f"round {round_.number} has no model (it is {round_.run.state})")
    if (folder / JOB_FILE).exists():
        return folder
    with _written_aside(workspace, folder) as aside:
        job = Job(
            task=task,
            views=tuple(_view(workspace, frame, folder) for frame in frames),
            classes=_class_specs(round_.class_map),
            config=round_.config,
            seed=round_.seed,
            features=_from(folder, workspace.path(FEATURES)),
            checkpoint=_from(folder, model),
            output=output,
            options=options or {},
        )
        write_job(job, aside)
    return folder


def wanted_order(frames: Sequence[Frame], current_frame: int | None) -> list[Frame]:
    """Return the frames by distance from the current one in its clip, then the other clips'.

    The order is the project's where no frame is current.
    """
    here = next((frame for frame in frames if frame.frame_id == current_frame), None)
    if here is None:
        return list(frames)

    def distance(frame: Frame) -> tuple[bool, int]:
        same_clip = frame.clip_id == here.clip_id
        return not same_clip, abs(frame.index - here.index) if same_clip else 0

    return sorted(frames, key=distance)


def _strokes_to_learn(
    conn: Connection, frames: Sequence[Frame], revision: int
) -> dict[int, list[Stroke]]:
    """Return the strokes at the revision of the frames that have any and are not reserved."""
    found = {
        frame.frame_id: store.strokes_at(conn, frame.frame_id, revision)
        for frame in frames
        if not frame.reserved
    }
    return {frame_id: strokes for frame_id, strokes in found.items() if strokes}


def _masks(
    frames: Sequence[Frame], strokes: dict[int, list[Stroke]], class_map: ClassMap
) -> dict[int, UInt8[np.ndarray, "_ _"]]:
    """Return the train ids of the frames whose strokes leave a mark."""
    masks = {
        frame.frame_id: rasterise(strokes[frame.frame_id], class_map, frame.height, frame.width)
        for frame in frames
        if frame.frame_id in strokes
    }
    return {key: mask for key, mask in masks.items() if (mask != types.UNLABELLED).any()}


def _check_classes(masks: dict[int, UInt8[np.ndarray, "_ _"]], class_map: ClassMap) -> None:
    used = np.unique(np.concatenate([np.zeros(0, np.uint8), *map(np.unique, masks.values())]))
    names = [class_map.classes[index].name for index in used if index < len(class_map)]
    if not names:
        raise StudioError("nothing is labelled: the strokes leave no pixel of any class")
    if len(names) == 1:
        raise StudioError(f"only {names[0]!r} is labelled: draw strokes of a second class first")


def _write_mask(mask: UInt8[np.ndarray, "h w"] | None, folder: Path, file: str) -> str | None:
    """Write a mask as PNG and return its name in the job folder; None where there is no mask."""
    if mask is None:
        return None
    path = folder / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(cv2.imencode(".png", mask)[1].tobytes())
    return file


def _view(
    workspace: Workspace,
    frame: Frame,
    folder: Path,
    *,
    labels: str | None = None,
    judge: str | None = None,
) -> View:
    image = _from(folder, workspace.path(frame.file))
    return View(frame.frame_id, image, frame.height, frame.width, labels=labels, judge=judge)


def _class_specs(class_map: ClassMap) -> tuple[ClassSpec, ...]:
    return tuple(
        ClassSpec(label.class_id, label.name, label.colour, label.has_geometry)
        for label in class_map.classes
    )


def _from(folder: Path, target: Path) -> str:
    """Return the way from a job folder to a place in the project, with slashes."""
    return Path(os.path.relpath(target, folder)).as_posix()


@contextmanager
def _written_aside(workspace: Workspace, folder: Path) -> Iterator[Path]:
    """Give a folder to fill that takes its real name at the end of the block."""
    aside = folder.with_name(f"{folder.name}.partial")
    with explained(workspace.root):
        if aside.exists():  # a worker was killed in here
            shutil.rmtree(aside)
        aside.mkdir(parents=True)
        yield aside
        aside.replace(folder)
