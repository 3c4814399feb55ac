"""The frozen folder that a job works on: written once by app/bridge.py, read by the child.

job.json            what to do (this module's dataclasses)
labels/<frame>.png  uint8 train ids, UNLABELLED, IGNORED; for frames with strokes only
judge/<frame>.png   uint8 0 / 255: the labelled pixels that judge the model and train nothing
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rewis3d.types import ClassSpec, Rewis3dError

JOB_FILE = "job.json"


@dataclass(frozen=True, slots=True)
class View:
    """A frame as the job sees it. Paths are relative to the job folder."""

    frame_id: int
    image: str
    height: int
    width: int
    labels: str | None = None
    """Label map; None for a frame without strokes and for every reserved frame."""
    judge: str | None = None
    name: str = ""
    """The frame's name in the project, for messages and for cameras that come by name."""
    clip: int = 0
    """Frames of one clip are in their order; a clip's neighbours see nearly the same."""
    focal: float | None = None
    """Focal length in pixels of this image, where its file says so."""
    reserved: bool = False
    """Kept for evaluation: it is predicted, and nothing else in it may tell a network anything."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job. `task` is "quick", "train", "predict", "export" or "reconstruct"."""

    task: str
    views: tuple[View, ...]
    """In the order in which predictions are wanted: open frame, its neighbours, the rest."""
    classes: tuple[ClassSpec, ...]
    config: dict[str, Any]
    seed: int
    features: str = "../../../cache/features"
    """The project's feature cache, relative to the job folder."""
    checkpoint: str | None = None
    """The round's model folder to predict with or to export, relative to the job folder."""
    output: str = ".."
    """Where results go, relative to the job folder: the round's folder, or an export's."""
    rival: str | None = None
    """The job folder of the round that was active when a round was started, relative to this one.
    The new round is compared with it (rewis3d/rival.py); it need not be there."""
    scene: str | None = None
    """The folder of the scene that a round trains with, relative to the job folder."""
    start: str | None = None
    """The folder of an earlier full round that this one may begin with, relative to the job's."""
    options: dict[str, str] = field(default_factory=dict)
    """Beside these: an export's format, or where the model that is trained comes from."""


def write_job(job: Job, folder: Path) -> None:
    """Write `job.json` atomically into an existing job folder."""
    aside = folder / f"{JOB_FILE}.partial"
    aside.write_text(json.dumps(asdict(job), indent=1))
    aside.replace(folder / JOB_FILE)


def read_job(folder: Path) -> Job:
    """Read a job folder; Rewis3dError names the folder where it is not one."""
    try:
        fields = json.loads((folder / JOB_FILE).read_text())
        views = tuple(View(**view) for view in fields.pop("views"))
        classes = tuple(
            ClassSpec(**{**spec, "colour": tuple(spec["colour"])}) for spec in fields.pop("classes")
        )
        return Job(views=views, classes=classes, **fields)
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise Rewis3dError(f"{folder}: not a job folder ({error})") from error
