"""The labelled pixels of a job: drawn ones, and those around them that the image hints at."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Int64, UInt8

from rewis3d.features import Frames, hypercolumns
from rewis3d.fit import Pixels
from rewis3d.grow import grown
from rewis3d.images import read_mask
from rewis3d.job import Job, View
from rewis3d.models.segmenter import Segmenter
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
    found: list[Training] = []
    for index, view in enumerate(views):
        yield Progress("reading", index, len(views))
        found.append(_frame(view, job, frames=frames, network=network, folder=folder, most=shares))
    training = Training(
        _joined([part.everything for part in found]),
        _joined([part.without_judge for part in found]),
        _pixels([part.judge for part in found]),
    )
    if len(training.everything.drawn.labels) == 0:
        raise Rewis3dError(f"{folder}: no pixel is labelled with a class")
    return training


def _frame(
    view: View, job: Job, *, frames: Frames, network: Segmenter, folder: Path, most: _Shares
) -> Training:
    labels, judged = _masks(view, folder)
    rgb, maps = frames.read(network, view)
    image = rgb[0].permute(1, 2, 0).to(torch.uint8).cpu().numpy()
    classes, nowhere = len(job.classes), np.zeros_like(judged)

    def drawn(mask: Bool[np.ndarray, "h w"], stream: int) -> Pixels:
        """Return the drawn pixels of a mask."""
        rng = np.random.default_rng([job.seed, view.frame_id, stream])
        found = np.where(mask, labels, UNLABELLED)
        return at(found, chosen_pixels(found, classes, most=most.drawn, rng=rng))

    def around(hidden: Bool[np.ndarray, "h w"], stream: int) -> Pixels:
        """Return pixels that the labels outside `hidden` grow to."""
        rng = np.random.default_rng([job.seed, view.frame_id, stream])
        found = grown(labels, image, hidden=hidden)
        places = np.flatnonzero(found < classes)
        chosen = rng.choice(places, min(most.grown, len(places)), replace=False)
        return at(found, np.stack(np.unravel_index(chosen, found.shape), axis=1))

    def at(values: UInt8[np.ndarray, "h w"], rc: Int64[np.ndarray, "n 2"]) -> Pixels:
        """Return pixels by their places, with these labels."""
        chosen = torch.from_numpy(values[rc[:, 0], rc[:, 1]].astype(np.int64))
        columns = hypercolumns(maps, rgb, torch.from_numpy(rc).to(rgb.device))
        return Pixels(columns, chosen.to(rgb.device))

    without, judge = drawn(~judged, 0), drawn(judged, 1)
    return Training(
        Labelled(_pixels([without, judge]), around(nowhere, 2)),
        Labelled(without, around(_widened(judged), 3)),
        judge,
    )


def _masks(view: View, folder: Path) -> tuple[UInt8[np.ndarray, "h w"], Bool[np.ndarray, "h w"]]:
    """Return a frame's label map and where it judges."""
    if view.labels is None:
        raise ValueError(f"frame {view.frame_id} has no label map")
    labels = read_mask(folder / view.labels, view.height, view.width)
    if view.judge is None:
        return labels, np.zeros(labels.shape, bool)
    return labels, read_mask(folder / view.judge, view.height, view.width) > 0


def _widened(judged: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
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


def _joined(parts: Sequence[Labelled]) -> Labelled:
    return Labelled(
        _pixels([part.drawn for part in parts]), _pixels([part.grown for part in parts])
    )


def _pixels(parts: Sequence[Pixels]) -> Pixels:
    return Pixels(
        torch.cat([part.columns for part in parts]), torch.cat([part.labels for part in parts])
    )
