"""Two rounds side by side: the IoU of each class on held-out strokes, and on how many pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from annotations.types import UNLABELLED
from app.bridge import JOB
from app.rounds import Round
from app.workspace import Workspace
from rewis3d.images import read_mask
from rewis3d.job import JOB_FILE, View, read_job


@dataclass(frozen=True, slots=True)
class ClassPair:
    """A class in two rounds, by its id; None where a round has nothing to say of it."""

    class_id: int
    name: str
    """In the first of the two rounds that has it."""
    iou: tuple[float | None, float | None]
    """On the held-out pixels of each round, in [0, 1]."""
    pixels: tuple[int | None, int | None]
    """Held-out pixels of each round that are labelled with it; None: its job folder is gone."""
    shared: int
    """Pixels that both rounds were judged on, as this class."""


def compare(workspace: Workspace, first: Round, second: Round) -> list[ClassPair]:
    """Put two rounds side by side, class by class: those of the first, then what it lacks.

    Rewis3dError where a mask of a job folder can't be read.
    """
    one, two = (_Judges(workspace.path(each.folder) / JOB, each) for each in (first, second))
    counts, shared = _count(one, two)
    names = two.names | one.names
    return [
        ClassPair(
            class_id,
            names[class_id],
            iou=(one.iou(class_id), two.iou(class_id)),
            pixels=(one.told(counts[0, class_id]), two.told(counts[1, class_id])),
            shared=int(shared[class_id]),
        )
        for class_id in dict.fromkeys((*one.names, *two.names))
    ]


class _Judges:
    """What judged a round: its held-out pixels are read from its job folder, a frame at a time."""

    def __init__(self, folder: Path, round_: Round) -> None:
        self._folder = folder
        self._iou: dict[str, float | None] = (round_.scores or {}).get("iou", {})
        self._there = (folder / JOB_FILE).is_file()
        views = read_job(folder).views if self._there else ()
        self.views: dict[int, View] = {v.frame_id: v for v in views if v.judge and v.labels}
        """Frames with held-out pixels, by id."""
        self.names = {label.class_id: label.name for label in round_.class_map.classes}
        """Of its classes at that time, by class id, in train id order."""

    def iou(self, class_id: int) -> float | None:
        """Return the IoU of a class; None where it was not judged."""
        return self._iou.get(self.names.get(class_id, ""))

    def told(self, pixels: np.int64) -> int | None:
        """Return a count of pixels; None where the job folder is gone."""
        return int(pixels) if self._there else None

    def class_ids(self, frame_id: int) -> UInt8[np.ndarray, "h w"] | None:
        """Return class ids where a frame judges, UNLABELLED elsewhere; None where it does not."""
        view = self.views.get(frame_id)
        if view is None or view.labels is None or view.judge is None:
            return None
        ids = np.full(256, UNLABELLED, np.uint8)
        ids[: len(self.names)] = list(self.names)
        found = ids[read_mask(self._folder / view.labels, view.height, view.width)]
        found[read_mask(self._folder / view.judge, view.height, view.width) == 0] = UNLABELLED
        return found


def _count(
    one: _Judges, two: _Judges
) -> tuple[Int64[np.ndarray, "2 256"], Int64[np.ndarray, "256"]]:
    """Count the pixels that judge each round, and those that judge both, by class id."""
    counts, shared = np.zeros((2, 256), np.int64), np.zeros(256, np.int64)
    for frame_id in one.views.keys() | two.views.keys():
        found = [each.class_ids(frame_id) for each in (one, two)]
        for row, ids in zip(counts, found, strict=True):
            if ids is not None:
                row += np.bincount(ids.ravel(), minlength=256)
        if found[0] is not None and found[1] is not None:
            shared += np.bincount(found[0][found[0] == found[1]], minlength=256)
    return counts, shared
