"""How well a network does on labels that were kept from it.

A network is asked for whole frames, and its answers are read at the judging pixels. Quick rounds
ask their heads at these pixels alone (rewis3d/quick.py); how answers are marked is the same.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Int32, UInt8

from rewis3d import metrics
from rewis3d.features import Frames
from rewis3d.images import read_mask
from rewis3d.job import Job, View
from rewis3d.labelled import placed
from rewis3d.models.network import Network
from rewis3d.predict import predict_frame, reads_maps
from rewis3d.prefetch import side_by_side
from rewis3d.reports import Progress, Scores
from rewis3d.types import UNLABELLED, ClassSpec

STAGE: Final = "judging"


@dataclass(frozen=True, slots=True)
class Answers:
    """Train ids at the judging pixels of a job, in the order of its views."""

    truth: UInt8[np.ndarray, "n"]
    """What was drawn there."""
    found: UInt8[np.ndarray, "n"]
    """What a network says."""
    at: Int32[np.ndarray, "n 3"]
    """Frame id, row and column."""

    def where(self, chosen: Bool[np.ndarray, "n"]) -> Answers:
        """Return the answers that a mask chooses."""
        return Answers(self.truth[chosen], self.found[chosen], self.at[chosen])


_NONE: Final = Answers(np.zeros(0, np.uint8), np.zeros(0, np.uint8), np.zeros((0, 3), np.int32))


def answers(
    network: Network, job: Job, frames: Frames, *, folder: Path
) -> Generator[Progress, None, Answers]:
    """Predict the frames with judging pixels and read these: none where nothing judges.

    The network is `ready` and on its device. Its classes are its own: they need not be the job's.
    """
    views = [view for view in job.views if view.judge is not None]

    def ask(view: View) -> Answers:
        labels = _kept_back(view, folder)
        places = labels < len(job.classes)
        at = placed(view.frame_id, np.argwhere(places))
        if not places.any():
            return Answers(labels[places], labels[places], at)
        return Answers(labels[places], predict_frame(network, frames, view).labels[places], at)

    asked = (side_by_side if reads_maps(network) else map)(ask, views)
    given = [_NONE]
    for index in range(len(views)):
        yield Progress(STAGE, index, len(views))
        given.append(next(asked))
    return Answers(
        np.concatenate([each.truth for each in given]),
        np.concatenate([each.found for each in given]),
        np.concatenate([each.at for each in given]),
    )


def _kept_back(view: View, folder: Path) -> UInt8[np.ndarray, "h w"]:
    """Return a frame's labels where they judge, UNLABELLED elsewhere."""
    if view.labels is None or view.judge is None:
        raise ValueError(f"frame {view.frame_id} has no judging labels")
    labels = read_mask(folder / view.labels, view.height, view.width)
    labels[read_mask(folder / view.judge, view.height, view.width) == 0] = UNLABELLED
    return labels


def scored(own: Answers, classes: tuple[ClassSpec, ...]) -> Scores | None:
    """Mark answers given in a job's own classes; None where there are none."""
    if len(own.truth) == 0:
        return None
    counts = metrics.confusion(own.truth, own.found, len(classes))
    names = [spec.name for spec in classes]
    return Scores(
        miou=metrics.miou(counts),
        accuracy=metrics.accuracy(counts),
        iou=dict(zip(names, metrics.iou(counts), strict=True)),
        pixels=len(own.truth),
    )
