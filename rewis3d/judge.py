"""How well a network does on labels that were kept from it, and the round before it on the same.

A network is asked for whole frames, and its answers are read at the judging pixels. Quick rounds
ask their heads at these pixels alone (rewis3d/quick.py); how answers are marked is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import UInt8

from rewis3d import metrics
from rewis3d.checkpoint import Checkpoint, load_checkpoint
from rewis3d.features import Frames
from rewis3d.images import read_mask
from rewis3d.job import Job, View
from rewis3d.models.network import Network, ready
from rewis3d.predict import predict_frame
from rewis3d.reports import Progress, Rival, Scores
from rewis3d.types import UNLABELLED, ClassSpec, Rewis3dError

STAGE: Final = "judging"

Compare = Callable[[Checkpoint], Generator[Progress, None, Rival]]
"""Judges the model of another round on the pixels that judge this one."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Train ids at the judging pixels of a job, in the order of its views."""

    truth: UInt8[np.ndarray, "n"]
    """What was drawn there."""
    found: UInt8[np.ndarray, "n"]
    """What a network says."""


def judged(
    network: Network, job: Job, frames: Frames, *, folder: Path
) -> Generator[Progress, None, Scores | None]:
    """Judge a network that is `ready`, and the job's rival beside it; None where nothing judges."""
    own = yield from answers(network, job, frames, folder=folder)
    if len(own.truth) == 0:
        return None
    return (yield from beside_rival(scored(own, job.classes), own, job, frames, folder=folder))


def answers(
    network: Network, job: Job, frames: Frames, *, folder: Path
) -> Generator[Progress, None, Answers]:
    """Predict the frames with judging pixels and read these: none where nothing judges.

    The network is `ready` and on its device. Its classes are its own: they need not be the job's.
    """
    truth, found = [np.zeros(0, np.uint8)], [np.zeros(0, np.uint8)]
    views = [view for view in job.views if view.judge is not None]
    for index, view in enumerate(views):
        yield Progress(STAGE, index, len(views))
        labels = _kept_back(view, folder)
        places = labels < len(job.classes)
        if places.any():
            truth.append(labels[places])
            found.append(predict_frame(network, frames, view).labels[places])
    return Answers(np.concatenate(truth), np.concatenate(found))


def _kept_back(view: View, folder: Path) -> UInt8[np.ndarray, "h w"]:
    """Return a frame's labels where they judge, UNLABELLED elsewhere."""
    if view.labels is None or view.judge is None:
        raise ValueError(f"frame {view.frame_id} has no judging labels")
    labels = read_mask(folder / view.labels, view.height, view.width)
    labels[read_mask(folder / view.judge, view.height, view.width) == 0] = UNLABELLED
    return labels


def scored(own: Answers, classes: tuple[ClassSpec, ...]) -> Scores:
    """Mark answers given in a job's own classes."""
    counts = metrics.confusion(own.truth, own.found, len(classes))
    names = [spec.name for spec in classes]
    return Scores(
        miou=metrics.miou(counts),
        accuracy=metrics.accuracy(counts),
        iou=dict(zip(names, metrics.iou(counts), strict=True)),
        pixels=len(own.truth),
    )


def beside_rival(
    scores: Scores, own: Answers, job: Job, frames: Frames, *, folder: Path
) -> Generator[Progress, None, Scores]:
    """Add how the job's rival answers for whole frames; the same where the job has none."""

    def compare(checkpoint: Checkpoint) -> Generator[Progress, None, Rival]:
        return by_frames(checkpoint, own, job, frames, folder=folder)

    return (yield from compared(scores, job, compare, folder=folder))


def by_frames(
    checkpoint: Checkpoint, own: Answers, job: Job, frames: Frames, *, folder: Path
) -> Generator[Progress, None, Rival]:
    """Ask a rival for whole frames, as `own` was; Rewis3dError where no class is shared."""
    network = ready(checkpoint.network).to(frames.device)
    theirs = yield from answers(network, job, frames, folder=folder)
    return rivalled(checkpoint, job.classes, own, theirs.found)


def compared(
    scores: Scores, job: Job, compare: Compare, *, folder: Path
) -> Generator[Progress, None, Scores]:
    """Add the comparison with the job's rival, or why there is none, to scores."""
    if job.rival is None:
        return scores
    try:
        rival = yield from compare(_rival_model(folder / job.rival))
        return replace(scores, rival=rival)
    except Rewis3dError as error:  # a round does not fail for want of another one's model
        return replace(scores, no_rival=str(error))


def _rival_model(folder: Path) -> Checkpoint:
    """Read the active round's model; Rewis3dError says why there is nothing to compare with."""
    if not folder.is_dir():
        raise Rewis3dError("the round that was active has no model any more")
    checkpoint = load_checkpoint(folder)
    if "round" not in checkpoint.origin:
        raise Rewis3dError("the model that was active does not say which round made it")
    return checkpoint


def rivalled(
    checkpoint: Checkpoint,
    classes: tuple[ClassSpec, ...],
    own: Answers,
    theirs: UInt8[np.ndarray, "n"],
) -> Rival:
    """Mark another round's answers at the same pixels, and anew one's own, on shared classes.

    Classes are the same where their ids are; pixels labelled with another class judge neither.
    Rewis3dError where no class is shared.
    """
    place = {spec.class_id: index for index, spec in enumerate(classes)}
    shared = {spec.class_id for spec in checkpoint.classes} & place.keys()
    if not shared:
        raise Rewis3dError("the round that was active has none of these classes")
    other = len(classes)  # what neither truth nor a shared class is: a pixel that is missed
    mine = [index if spec.class_id in shared else other for index, spec in enumerate(classes)]
    its = [place.get(spec.class_id, other) for spec in checkpoint.classes]
    truth = np.array(mine, np.uint8)[own.truth]
    truth[truth == other] = UNLABELLED

    def miou(train_ids: UInt8[np.ndarray, "n"], mapped: list[int]) -> float | None:
        counts = metrics.confusion(truth, np.array(mapped, np.uint8)[train_ids], other + 1)
        return metrics.miou(counts)

    number = int(checkpoint.origin["round"])
    return Rival(number, miou(theirs, its), miou(own.found, mine), len(shared))
