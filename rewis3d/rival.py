"""A round beside the one that was active when it was started, on strokes that neither has learnt.

The network that predicts has learnt the held-out labels after they judged it, and would answer them
from memory. So a round keeps the network that was judged too (JUDGED), and two such networks are
compared where labels were held out from both of them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Int32

from rewis3d import metrics
from rewis3d.checkpoint import Checkpoint, load_checkpoint
from rewis3d.features import Frames
from rewis3d.images import read_mask
from rewis3d.job import Job, read_job
from rewis3d.judge import Answers, answers
from rewis3d.models.network import ready
from rewis3d.reports import Progress, Rival, Scores
from rewis3d.types import UNLABELLED, ClassSpec, Rewis3dError

JUDGED: Final = "judged"
"""The folder under a job's output with the network that its held-out labels judged."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What two networks say at the same pixels."""

    own: Answers
    theirs: Answers
    """In the train ids of the rival's classes; the truth is in the job's."""


Ask = Callable[[Checkpoint], Generator[Progress, None, Pair]]
"""Asks a rival, and the judged network, at pixels that judge the latter."""


def beside_rival(
    scores: Scores, own: Answers, job: Job, frames: Frames, *, folder: Path
) -> Generator[Progress, None, Scores]:
    """Add how the job's rival answers for whole frames; the same where the job has none."""

    def ask(checkpoint: Checkpoint) -> Generator[Progress, None, Pair]:
        return by_frames(checkpoint, own, job, frames, folder=folder)

    return (yield from compared(scores, job, ask, folder=folder))


def by_frames(
    checkpoint: Checkpoint, own: Answers, job: Job, frames: Frames, *, folder: Path
) -> Generator[Progress, None, Pair]:
    """Ask a rival for whole frames, as `own` was."""
    network = ready(checkpoint.network).to(frames.device)
    return Pair(own, (yield from answers(network, job, frames, folder=folder)))


def compared(
    scores: Scores, job: Job, ask: Ask, *, folder: Path
) -> Generator[Progress, None, Scores]:
    """Add the comparison with the job's rival, or why there is none, to scores."""
    if job.rival is None:
        return scores
    try:
        rival = Kept(folder / job.rival)
        pair = yield from ask(rival.network)
        both = rival.held_out(pair.own.at)
        if not both.any():
            raise Rewis3dError("no stroke was held out from both rounds")
        found = rivalled(rival, job.classes, pair.own.where(both), pair.theirs.where(both))
        return replace(scores, rival=found)
    except Rewis3dError as error:  # a round does not fail for want of another one's model
        return replace(scores, no_rival=str(error))


class Kept:
    """What the round that was active has left: its frozen job, and the network that was judged."""

    def __init__(self, folder: Path) -> None:
        """Read a job folder of an earlier round; Rewis3dError says why there is nothing to ask."""
        if not folder.is_dir():
            raise Rewis3dError("the round that was active has left no labels to compare on")
        self._folder = folder
        job = read_job(folder)
        place = folder / job.output / JUDGED
        if not place.is_dir():
            raise Rewis3dError("the round that was active kept no network that was judged")
        self.network = load_checkpoint(place)
        if "round" not in job.options:
            raise Rewis3dError("the job that was active does not say which round it was")
        self.round = int(job.options["round"])
        self._views = {view.frame_id: view for view in job.views}

    def held_out(self, at: Int32[np.ndarray, "n 3"]) -> Bool[np.ndarray, "n"]:
        """Say which (frame id, row, column) it was judged at."""
        held = np.zeros(len(at), bool)
        for frame_id in np.unique(at[:, 0]).tolist():
            view = self._views.get(frame_id)
            if view is not None and view.judge is not None:
                mask = read_mask(self._folder / view.judge, view.height, view.width) > 0
                here = at[:, 0] == frame_id
                held[here] = mask[at[here, 1], at[here, 2]]
        return held


def rivalled(rival: Kept, classes: tuple[ClassSpec, ...], own: Answers, theirs: Answers) -> Rival:
    """Mark another round's answers and anew one's own, on the classes that both rounds have.

    Classes are the same where their ids are; pixels labelled with another class judge neither.
    Rewis3dError where no class is shared.
    """
    place = {spec.class_id: index for index, spec in enumerate(classes)}
    its_classes = rival.network.classes
    shared = {spec.class_id for spec in its_classes} & place.keys()
    if not shared:
        raise Rewis3dError("the round that was active has none of these classes")
    other = len(classes)  # what neither truth nor a shared class is: a pixel that is missed
    mine = [index if spec.class_id in shared else other for index, spec in enumerate(classes)]
    its = [place.get(spec.class_id, other) for spec in its_classes]
    truth = np.array(mine, np.uint8)[own.truth]
    truth[truth == other] = UNLABELLED

    def miou(answers: Answers, mapped: list[int]) -> float | None:
        found = np.array(mapped, np.uint8)[answers.found]
        return metrics.miou(metrics.confusion(truth, found, other + 1))

    return Rival(
        rival.round,
        miou(theirs, its),
        miou(own, mine),
        classes=len(shared),
        pixels=int((truth != UNLABELLED).sum()),
    )
