"""The label masks of a round's job folder: written frame by frame, as their strokes are painted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from annotations.frames import LabelledFrame
from annotations.holdout import Split, split_frames
from annotations.types import UNLABELLED, ClassMap
from app.errors import StudioError

OnFrame = Callable[[int, int], None]
"""Told how many of how many labelled frames are written; what it raises ends the writing."""


@dataclass(frozen=True, slots=True)
class Masks:
    """The files of a frame's masks in the job folder; None where there is nothing to say."""

    labels: str | None = None
    judge: str | None = None


def write_masks(
    labelled: Sequence[LabelledFrame],
    class_map: ClassMap,
    folder: Path,
    *,
    seed: int,
    on_frame: OnFrame,
) -> dict[int, Masks]:
    """Write the masks of the labelled frames and return their files by frame id.

    One frame is in memory at a time. StudioError where fewer than two classes are left to learn.
    """
    written: dict[int, Masks] = {}
    used: set[int] = set()

    def tell() -> None:
        on_frame(len(written), len(labelled))

    for split in split_frames(labelled, class_map, seed=seed, on_frame=tell):
        written[split.frame_id] = _write(split, folder)
        used |= set(np.flatnonzero(np.bincount(split.labels.ravel())).tolist())
    _check_classes(used, class_map)
    return written


def _check_classes(used: set[int], class_map: ClassMap) -> None:
    names = [label.name for index, label in enumerate(class_map.classes) if index in used]
    if not names:
        raise StudioError("nothing is labelled: the strokes leave no pixel of any class")
    if len(names) == 1:
        raise StudioError(f"only {names[0]!r} is labelled: draw strokes of a second class first")


def _write(split: Split, folder: Path) -> Masks:
    labels = judge = None
    if (split.labels != UNLABELLED).any():
        labels = _write_png(split.labels, folder, f"labels/{split.frame_id}.png")
    if split.judge.any():
        judge = _write_png(
            split.judge.astype(np.uint8) * 255, folder, f"judge/{split.frame_id}.png"
        )
    return Masks(labels, judge)


def _write_png(mask: UInt8[np.ndarray, "h w"], folder: Path, file: str) -> str:
    path = folder / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(cv2.imencode(".png", mask)[1].tobytes())
    return file
