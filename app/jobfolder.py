"""What all job folders are made of (rewis3d/job.py): frames, classes, ways into the project."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from annotations.types import ClassMap, Frame
from app.database import explained
from app.masks import Masks
from app.workspace import Workspace
from rewis3d.job import View
from rewis3d.types import ClassSpec

FEATURES: Final = "cache/features"
"""The project's feature cache, which all jobs share."""


def view_of(workspace: Workspace, frame: Frame, folder: Path, masks: Masks) -> View:
    """Return a frame as a job in this folder sees it."""
    return View(
        frame.frame_id,
        way_from(folder, workspace.path(frame.file)),
        frame.height,
        frame.width,
        labels=masks.labels,
        judge=masks.judge,
        reserved=frame.reserved,
    )


def class_specs(class_map: ClassMap) -> tuple[ClassSpec, ...]:
    """Return the classes as networks know them: a train id is a place in the tuple."""
    return tuple(
        ClassSpec(label.class_id, label.name, label.colour, label.has_geometry)
        for label in class_map.classes
    )


def way_from(folder: Path, target: Path) -> str:
    """Return the way from a job folder to a place in the project, with slashes."""
    return Path(os.path.relpath(target, folder)).as_posix()


@contextmanager
def written_aside(workspace: Workspace, folder: Path) -> Iterator[Path]:
    """Give a folder to fill that takes its real name at the end of the block."""
    aside = folder.with_name(f"{folder.name}.partial")
    with explained(workspace.root):
        if aside.exists():  # a worker was killed in here
            shutil.rmtree(aside)
        aside.mkdir(parents=True)
        try:
            yield aside
            aside.replace(folder)
        except BaseException:  # cancelled, or refused: nobody may come back to clear it away
            shutil.rmtree(aside, ignore_errors=True)
            raise
