"""What the frames around tell each frame near one with strokes: time as a second teacher.

Two things are known of a frame that nobody drew on. Strokes of its neighbours, carried along the
optical flow, are nearly always right, and few. What a network makes of the clip, fused over time,
is right where it is sure, and all over the frame: it errs in one frame and not in the next. Both
become labels with weights, which the network learns as it goes on
(docs/decisions/0014-time-in-a-full-round.md).
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from rewis3d.carried_labels import carried_labels
from rewis3d.clip import Clip, near_drawn
from rewis3d.data.temporal import TemporalFiles
from rewis3d.features import Frames
from rewis3d.flow.carry import REACH
from rewis3d.grown_labels import AGREED
from rewis3d.job import Job, View
from rewis3d.labelled import drawn_on
from rewis3d.method import Temporal
from rewis3d.models.network import Network
from rewis3d.over_time import flows_of
from rewis3d.propagate import Ghosts
from rewis3d.readoff import fused_over
from rewis3d.reports import Progress
from rewis3d.scene import SceneFolder
from rewis3d.scene_labels import scene_labels
from rewis3d.types import UNLABELLED, TemporalLabels

STAGE: Final = "asking the frames around"
MOST_CARRIED: Final = 8.0
"""What a carried label may count beside a pseudo-label."""


def write_temporal(
    network: Network,
    job: Job,
    frames: Frames,
    files: TemporalFiles,
    settings: Temporal,
    *,
    folder: Path,
    scene: SceneFolder | None = None,
) -> Generator[Progress, None, None]:
    """Write what the frames around tell those near one with strokes, if that is not there yet.

    Strokes are carried through the `scene` too, where one is given. The network is `ready` and on
    its device, and has learnt nothing that judges; what was held out is not carried either. Nothing
    is read of reserved frames.
    """
    if files.complete:
        return
    files.begin()
    flows, drawn = flows_of(job, folder), drawn_on(folder, without_judge=True)
    clips = [Clip(piece, frames, flows) for piece in near_drawn(job.views, REACH)]
    scenes = scene.scenes() if scene else []
    without = [train_id for train_id, spec in enumerate(job.classes) if not spec.has_geometry]
    done, total = 0, sum(len(clip.views) for clip in clips)
    for clip in clips:
        through = scene_labels(clip, scenes, drawn, without=without)
        carried = carried_labels(clip, drawn, others=through)
        fused = fused_over(network, clip, memory=settings.memory, drawn=drawn)
        for view, probabilities in zip(clip.views, fused, strict=True):
            yield Progress(STAGE, done, total)
            ghosts = carried.of(view.frame_id)
            told = told_of(probabilities.cpu().numpy(), ghosts, settings)
            files.write(view.frame_id, _enlarged(told, view))
            done += 1
    files.finish()


def told_of(
    probabilities: Float32[np.ndarray, "k r c"], ghosts: Ghosts | None, settings: Temporal
) -> TemporalLabels:
    """Return what a frame is told: carried labels, and elsewhere what is sure.

    A pseudo-label's weight is its probability, less where its class is large (by the square root of
    its cells), and 1 in the mean. Carried labels count where the network gives them a chance.
    """
    best = probabilities.max(axis=0)
    labels = probabilities.argmax(axis=0).astype(np.uint8)
    labels[best <= settings.temporal_sure] = UNLABELLED
    weights = _balanced(labels, best)
    if ghosts is not None:
        carried = _believed(ghosts, probabilities)
        weights[carried] = 0
        weights[carried] = _shared(
            ghosts.confidence[carried], float(weights.sum()), share=settings.temporal_carried
        )
        labels[carried] = ghosts.labels[carried]
    return TemporalLabels(labels, weights)


def _balanced(
    labels: UInt8[np.ndarray, "r c"], best: Float32[np.ndarray, "r c"]
) -> Float32[np.ndarray, "r c"]:
    """Return the weights of pseudo-labels."""
    known = labels != UNLABELLED
    size = np.bincount(labels[known], minlength=UNLABELLED + 1)[labels]
    weights = np.where(known, best / np.sqrt(np.maximum(size, 1)), 0)
    return (weights * (known.sum() / max(weights.sum(), 1e-9))).astype(np.float32)


def _believed(
    ghosts: Ghosts, probabilities: Float32[np.ndarray, "k r c"]
) -> Bool[np.ndarray, "r c"]:
    """Say where a carried label has a chance."""
    known = ghosts.labels < len(probabilities)
    named = np.where(known, ghosts.labels, 0)[None].astype(np.int64)
    return known & (np.take_along_axis(probabilities, named, axis=0)[0] >= AGREED)


def _shared(
    confidence: Float32[np.ndarray, "n"], others: float, *, share: float
) -> Float32[np.ndarray, "n"]:
    """Return the weights of carried labels beside those of pseudo-labels, which add up to `others`.

    They take no more than `share` of all, nor MOST_CARRIED each in the mean.
    """
    if not len(confidence) or others == 0:
        return confidence
    each = min(MOST_CARRIED, share / (1 - share) * others / len(confidence))
    return (confidence * (each / confidence.mean())).astype(np.float32)


def _enlarged(told: TemporalLabels, view: View) -> TemporalLabels:
    """Return what a frame is told at the frame's own size."""
    size, nearest = (view.width, view.height), cv2.INTER_NEAREST_EXACT
    return TemporalLabels(
        np.asarray(cv2.resize(told.labels, size, interpolation=nearest), np.uint8),
        np.asarray(cv2.resize(told.weights, size, interpolation=nearest), np.float32),
    )
