"""The one translator between what people drew and what the method works on.

It writes job folders (rewis3d/job.py says what is in one) from the project folder. A job folder is
written aside and renamed, and never changed after that: a resumed run finds what it started with.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final
from uuid import uuid4

import cv2
import numpy as np
from jaxtyping import UInt8
from sqlalchemy import Connection, select

from annotations import store, types
from annotations.frames import LabelledFrame
from annotations.types import Frame
from app import rounds, runs, scenes
from app.errors import StudioError
from app.jobfolder import FEATURES, class_specs, view_of, way_from, written_aside
from app.masks import Masks, OnFrame, write_masks
from app.rounds import PredictionFiles, Round
from app.schema import project
from app.workspace import Workspace
from rewis3d import types as method
from rewis3d.job import JOB_FILE, Job, read_job, write_job
from rewis3d.presets import KIND

if (types.UNLABELLED, types.IGNORED) != (method.UNLABELLED, method.IGNORED):
    raise ImportError("annotations and rewis3d disagree on the values of unlabelled and ignored")

EXPORTS: Final = "exports"
MODEL: Final = "model"
PREPARING: Final = "preparing"
"""The stage of a run whose job folder is being written."""
JOB: Final = "job"

OnProgress = Callable[[str, int, int], None]
"""Told the stage, and how many of how many frames are through; what it raises ends the work."""


def write_training_job(
    workspace: Workspace,
    round_number: int,
    *,
    current_frame: int | None = None,
    on_progress: OnProgress = lambda *_: None,
) -> Path:
    """Write the job folder of a round, frozen at its label revision, and return it.

    Every frame is predicted, `current_frame` first, then its neighbours. Reserved frames carry no
    labels. A folder that is there already is left as it is, but for two cases: one of another round
    of that number (the database was restored from a copy) makes way, and one that would learn from
    a frame reserved since is written anew. StudioError where the strokes leave fewer than two
    classes to learn.
    """
    with workspace.read() as conn:
        round_ = rounds.get_round(conn, round_number)
        parent = None if round_.parent is None else rounds.get_round(conn, round_.parent)
        scene = _scene_to_train_with(conn, round_)
        earlier = rounds.full_round_before(conn, round_number)
        frames = wanted_order(store.list_frames(conn), current_frame)
    folder = workspace.path(round_.folder) / JOB
    _make_way(folder, round_, reserved={frame.frame_id for frame in frames if frame.reserved})
    if (folder / JOB_FILE).exists():
        return folder
    tell = partial(on_progress, PREPARING)
    labelled = _labels_to_learn(workspace, frames, round_.label_revision, on_frame=tell)
    with written_aside(workspace, folder) as aside:
        masks = write_masks(labelled, round_.class_map, aside, seed=round_.seed, on_frame=tell)
        views = [
            view_of(workspace, frame, folder, masks.get(frame.frame_id, Masks()))
            for frame in frames
        ]
        write_job(
            Job(
                task="train" if KIND in round_.config else "quick",
                views=tuple(views),
                classes=class_specs(round_.class_map),
                config=round_.config,
                seed=round_.seed,
                features=way_from(folder, workspace.path(FEATURES)),
                rival=parent and way_from(folder, workspace.path(parent.folder) / JOB),
                scene=scene and way_from(folder, workspace.path(scene)),
                start=earlier and way_from(folder, workspace.path(earlier.folder)),
                options=_origin(round_),
            ),
            aside,
        )
    return folder


def _make_way(folder: Path, round_: Round, *, reserved: set[int]) -> None:
    """Take away a job folder that is not this round's to work on."""
    if not (folder / JOB_FILE).exists():
        return
    job = read_job(folder)
    if job.options != _origin(round_):
        left = folder.parent.with_name(f"{folder.parent.name}.left-{uuid4().hex[:8]}")
        folder.parent.rename(left)
    elif not (folder.parent / MODEL).is_dir() and any(
        view.frame_id in reserved
        and not view.reserved
        and (view.labels is not None or job.task == "train")  # which looks at all frames
        for view in job.views
    ):
        shutil.rmtree(folder)


def _scene_to_train_with(conn: Connection, round_: Round) -> str | None:
    """Return the folder of the scene that a round was started with, in the project.

    None where it needs none, or where the clip has no geometry. StudioError where the scene was
    given up or failed: the round would be another one without it.
    """
    number = round_.run.request.get("scene")
    if number is None:
        return None
    scene = scenes.get_scene(conn, number)
    if scene.report is None:
        raise StudioError(
            f"it trains with scene {number}, which is {scene.run.state}: resume the scene and then"
            " the round, or train another one with --set branches=2d"
        )
    return scene.folder if scene.report["frames"]["registered"] else None


def _origin(round_: Round) -> dict[str, str]:
    """Return where a round's model comes from: the child keeps it in the model's folder."""
    return {
        "round": str(round_.number),
        "preset": round_.preset,
        "label_revision": str(round_.label_revision),
        "run": round_.run.run_id,
    }


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

    The run's request names the `round` and the `format`. What is made goes to exports/<run id>,
    alone: the job folder lies with the round. StudioError where the round has no model.
    """
    with workspace.read() as conn:
        request = runs.get(conn, run_id).request
        round_ = rounds.get_round(conn, request["round"])
        frames = store.list_frames(conn)
        name = conn.execute(select(project.c.name)).scalar_one()
    options = {"format": request["format"], "project": name}
    folder = workspace.path(round_.folder) / "jobs" / run_id
    output = way_from(folder, workspace.path(f"{EXPORTS}/{run_id}"))
    return _write_model_job(
        workspace, round_, frames, folder, task="export", output=output, options=options
    )


def _write_model_job(
    workspace: Workspace,
    round_: Round,
    frames: Sequence[Frame],
    folder: Path,
    *,
    task: str,
    output: str,
    options: dict[str, str] | None = None,
) -> Path:
    model = workspace.path(round_.folder) / MODEL
    if not model.is_dir():
        raise StudioError(f"round {round_.number} has no model (it is {round_.run.state})")
    if (folder / JOB_FILE).exists():
        return folder
    with written_aside(workspace, folder) as aside:
        job = Job(
            task=task,
            views=tuple(view_of(workspace, frame, folder, Masks()) for frame in frames),
            classes=class_specs(round_.class_map),
            config=round_.config,
            seed=round_.seed,
            features=way_from(folder, workspace.path(FEATURES)),
            checkpoint=way_from(folder, model),
            output=output,
            options=options or {},
        )
        write_job(job, aside)
    return folder


def read_prediction(
    workspace: Workspace, files: PredictionFiles, frame: Frame
) -> UInt8[np.ndarray, "h w"]:
    """Return the train ids of a published prediction, of the frame's size.

    StudioError where the file is gone or is none.
    """
    labels = cv2.imread(str(workspace.path(files.labels_file)), cv2.IMREAD_UNCHANGED)
    if labels is None or labels.dtype != np.uint8 or labels.shape != (frame.height, frame.width):
        raise StudioError(
            f"{files.labels_file}: not a prediction of frame {frame.name!r}"
            f" ({frame.width} x {frame.height}); train the round again"
        )
    return np.asarray(labels, np.uint8)


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


def _labels_to_learn(
    workspace: Workspace, frames: Sequence[Frame], revision: int, *, on_frame: OnFrame
) -> list[LabelledFrame]:
    """Return the frames that carry strokes at the revision and are not reserved.

    They come in the project's order: what judges must not depend on the frame that is open.
    """
    free = sorted((f for f in frames if not f.reserved), key=lambda frame: frame.frame_id)
    found = []
    for frame in free:
        with workspace.read() as conn:  # a revision never changes: no need to hold one view of it
            found.append(LabelledFrame(frame, store.strokes_at(conn, frame.frame_id, revision)))
        on_frame(0, len(free))
    return [one for one in found if one.strokes]
