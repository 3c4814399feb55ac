"""The labelled pixels of a job: drawn ones, and those around them that the image hints at."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float32, Int32, Int64, UInt8
from torch import Tensor

from rewis3d.features import Frames, hypercolumns
from rewis3d.fit import Pixels
from rewis3d.grow import grown
from rewis3d.images import read_mask
from rewis3d.job import Job, View
from rewis3d.models.segmenter import Segmenter
from rewis3d.prefetch import side_by_side
from rewis3d.reports import Progress
from rewis3d.types import UNLABELLED, Rewis3dError

MOST_DRAWN: Final = 200_000
"""Of all frames' drawn pixels about so many are read: a mask of every pixel has too many."""
MOST_OF_A_FRAME: Final = 20_000
"""Of one frame's drawn pixels about so many are read, classes in proportion."""
MOST_GROWN: Final = 120_000
"""Of all frames' grown pixels so many are read."""
GAP: Final = 8.0
"""Pixels around judging ones that the judged fit never sees (annotations/holdout.py)."""
FEWEST_PIXELS: Final = 200
"""A class of a dense mask keeps so many of its pixels in a frame, if it has them."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """What one fit may learn from."""

    drawn: Pixels
    """Labelled by strokes."""
    grown: Pixels
    """Unlabelled pixels with the class whose strokes flow there (rewis3d/grow.py): guesses."""


@dataclass(frozen=True, slots=True)
class Training:
    """The labelled pixels of a job, with and without those that judge."""

    everything: Labelled
    without_judge: Labelled
    judge: Pixels
    judged_at: Int32[np.ndarray, "n 3"]
    """Frame id, row and column of each judging pixel."""


class _Use(IntEnum):
    """What a pixel that is read is for."""

    TRAINS = 0
    """Drawn, and not held out."""
    JUDGES = 1
    GROWN = 2
    """Grown from all strokes."""
    GROWN_WITHOUT_JUDGE = 3


@dataclass(frozen=True, slots=True)
class _Frame:
    """What is read of one frame, by use."""

    columns: Float32[Tensor, "n f"]
    labels: Int64[Tensor, "n"]
    uses: Int64[Tensor, "n"]
    judged_at: Int32[np.ndarray, "m 3"]


@dataclass(frozen=True, slots=True)
class _Shares:
    """How many pixels of each frame are read."""

    drawn: int
    grown: int


def read_labelled(
    job: Job, frames: Frames, *, network: Segmenter, folder: Path, grow: int
) -> Generator[Progress, None, Training]:
    """Return the job's labelled pixels, reporting frame by frame; `grow` grown ones of a frame.

    Frames without a label map are not opened. Rewis3dError where nothing is labelled.
    """
    views = sorted(
        (view for view in job.views if view.labels is not None), key=lambda view: view.frame_id
    )  # what is learnt must not depend on the frame that was open
    if not views:
        raise Rewis3dError(f"{folder}: no frame is labelled")
    shares = _Shares(
        min(MOST_OF_A_FRAME, MOST_DRAWN // len(views)), min(grow, MOST_GROWN // len(views))
    )
    found: list[_Frame] = []
    reading = side_by_side(
        lambda view: _frame(view, job, frames=frames, network=network, folder=folder, most=shares),
        views,
    )
    for index in range(len(views)):
        yield Progress("reading", index, len(views))
        found.append(next(reading))
    training = _joined(found)
    if len(training.everything.drawn.labels) == 0:
        raise Rewis3dError(f"{folder}: no pixel is labelled with a class")
    return training


def _frame(
    view: View, job: Job, *, frames: Frames, network: Segmenter, folder: Path, most: _Shares
) -> _Frame:
    labels, judged = masks(view, folder)
    rgb, maps = frames.read(network, view)
    image = frames.image(view)
    classes, device = len(job.classes), rgb.device
    places: list[Int64[np.ndarray, "n 2"]] = []
    values: list[UInt8[np.ndarray, "n"]] = []

    def take(use: _Use, mask: Bool[np.ndarray, "h w"]) -> None:
        """Choose among the drawn pixels of a mask, or among those that grow outside of it."""
        rng = np.random.default_rng([job.seed, view.frame_id, use])
        if use in (_Use.TRAINS, _Use.JUDGES):
            found = np.where(mask, labels, UNLABELLED)
            rc = chosen_pixels(found, classes, most=most.drawn, rng=rng)
        else:
            found = grown(labels, image, hidden=mask)
            free = np.flatnonzero(found < classes)
            free = rng.choice(free, min(most.grown, len(free)), replace=False)
            rc = np.stack(np.unravel_index(free, found.shape), axis=1)
        places.append(rc)
        values.append(found[rc[:, 0], rc[:, 1]])

    take(_Use.TRAINS, ~judged)
    take(_Use.JUDGES, judged)
    take(_Use.GROWN, np.zeros_like(judged))
    take(_Use.GROWN_WITHOUT_JUDGE, widened(judged))
    uses = np.repeat(np.arange(len(_Use)), [len(part) for part in values])
    return _Frame(
        hypercolumns(maps, rgb, torch.from_numpy(np.concatenate(places)).to(device)),
        torch.from_numpy(np.concatenate(values).astype(np.int64)).to(device),
        torch.from_numpy(uses).to(device),
        placed(view.frame_id, places[_Use.JUDGES]),
    )


def placed(frame_id: int, rc: Int64[np.ndarray, "n 2"]) -> Int32[np.ndarray, "n 3"]:
    """Return frame id, row and column of pixels of a frame, from rows and columns."""
    return np.insert(rc, 0, frame_id, axis=1).astype(np.int32)


def masks(view: View, folder: Path) -> tuple[UInt8[np.ndarray, "h w"], Bool[np.ndarray, "h w"]]:
    """Return a frame's label map and where it judges."""
    if view.labels is None:
        raise ValueError(f"frame {view.frame_id} has no label map")
    labels = read_mask(folder / view.labels, view.height, view.width)
    if view.judge is None:
        return labels, np.zeros(labels.shape, bool)
    return labels, read_mask(folder / view.judge, view.height, view.width) > 0


def drawn_on(
    folder: Path, *, without_judge: bool
) -> Callable[[View], UInt8[np.ndarray, "h w"] | None]:
    """Return what tells what was drawn on a frame: its label map, None where there is none.

    Without the judge, what was held out is UNLABELLED.
    """

    def drawn(view: View) -> UInt8[np.ndarray, "h w"] | None:
        if view.labels is None:
            return None
        labels, judged = masks(view, folder)
        if without_judge:
            labels[judged] = UNLABELLED
        return labels

    return drawn


def widened(judged: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Return the judging pixels and those within GAP of one: growing must not close the gap."""
    if not judged.any():
        return judged
    distance = cv2.distanceTransform((~judged).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance <= GAP)


def chosen_pixels(
    labels: UInt8[np.ndarray, "h w"], classes: int, *, most: int, rng: np.random.Generator
) -> Int64[np.ndarray, "n 2"]:
    """Return (row, col) of the pixels that carry a class, of dense masks a share of each class."""
    places = [np.argwhere(labels == train_id) for train_id in range(classes)]
    share = min(1.0, most / max(1, sum(map(len, places))))
    if share == 1:
        return np.concatenate(places)
    fewest = min(FEWEST_PIXELS, max(1, most // classes))
    return np.concatenate(
        [rng.permutation(place)[: max(fewest, round(share * len(place)))] for place in places]
    )


def _joined(found: list[_Frame]) -> Training:
    """Return the pixels of all frames over one table; empties the list.

    A frame's columns are let go as soon as they are copied: all of them are there once, not twice.
    """
    labels = torch.cat([frame.labels for frame in found])
    uses = torch.cat([frame.uses for frame in found])
    judged_at = np.concatenate([frame.judged_at for frame in found])
    table = torch.empty((len(labels), found[0].columns.shape[1]), device=labels.device)
    end = len(table)
    while found:
        columns = found.pop().columns
        table[end - len(columns) : end] = columns
        end -= len(columns)

    def used(*wanted: _Use) -> Pixels:
        rows = torch.isin(uses, torch.tensor(wanted, device=uses.device)).nonzero()[:, 0]
        return Pixels(table, rows, labels[rows])

    return Training(
        Labelled(used(_Use.TRAINS, _Use.JUDGES), used(_Use.GROWN)),
        Labelled(used(_Use.TRAINS), used(_Use.GROWN_WITHOUT_JUDGE)),
        used(_Use.JUDGES),
        judged_at,
    )
