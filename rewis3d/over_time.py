"""The last stage of a round: the clip's labels, read off over time where that is better.

What is better is asked of the strokes that were held out: the network that they judged reads off
the labels too, over time and alone. Where nothing was held out nobody can tell, and the labels stay
those of the network alone.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import UInt8

from rewis3d.array_cache import ArrayCache
from rewis3d.checkpoint import load_checkpoint
from rewis3d.clip import Clip, clips_of
from rewis3d.features import Frames
from rewis3d.job import Job
from rewis3d.judge import Answers, answers, scored
from rewis3d.labelled import drawn_on
from rewis3d.models.network import Network, ready
from rewis3d.prefetch import side_by_side
from rewis3d.publish import FUSED, publish, published
from rewis3d.readoff import read_off
from rewis3d.reports import Progress, Published, Scores
from rewis3d.rival import JUDGED

FLOWS: Final = "flow"
"""The cache of motions, beside that of features."""
COMPARING: Final = "judging over time"
FUSING: Final = "reading off over time"


def over_time(
    network: Network,
    scores: Scores | None,
    job: Job,
    frames: Frames,
    *,
    folder: Path,
    memory: float,
) -> Generator[Progress | Published | Scores, None, bool]:
    """Publish the job's views read off over time, where held-out strokes agree; say whether.

    The network is `ready` and on its device; `scores` are those of its round, which are reported
    anew with what fusing makes of them. What was published before is announced again.
    """
    output = folder / job.output
    if scores is None or not (output / JUDGED).is_dir():
        return False
    flows = flows_of(job, folder)
    alone, fused = yield from _compared(job, frames, flows, folder=folder, memory=memory)
    yield replace(scores, alone=alone, fused=fused)
    if alone is None or fused is None or fused < alone:
        return False
    drawn = drawn_on(folder, without_judge=False)
    done = 0
    for clip in clips_of(job.views):
        there = [published(view.frame_id, output, FUSED) for view in clip]
        if all(there):
            yield from (one for one in there if one is not None)
            done += len(clip)
            continue
        predictions = read_off(network, Clip(clip, frames, flows), memory=memory, drawn=drawn)
        for report in side_by_side(lambda each: publish(each, output, FUSED), predictions):
            yield report
            done += 1
            yield Progress(FUSING, done, len(job.views))
    return True


def flows_of(job: Job, folder: Path) -> ArrayCache:
    """Return the project's cache of motions."""
    return ArrayCache((folder / job.features).with_name(FLOWS))


def _compared(
    job: Job, frames: Frames, flows: ArrayCache, *, folder: Path, memory: float
) -> Generator[Progress, None, tuple[float | None, float | None]]:
    """Return the mIoU on held-out strokes of the network alone, and of what it reads off."""
    judged = ready(load_checkpoint(folder / job.output / JUDGED).network).to(frames.device)
    own = yield from answers(judged, job, frames, folder=folder)
    judging = {view.frame_id for view in job.views if view.judge is not None}
    clips = [clip for clip in clips_of(job.views) if judging & {view.frame_id for view in clip}]
    drawn = drawn_on(folder, without_judge=True)
    found = own.found.copy()
    done, total = 0, sum(map(len, clips))
    for clip in clips:
        frames_of_it = Clip(clip, frames, flows)
        for prediction in read_off(judged, frames_of_it, memory=memory, drawn=drawn):
            _answer(found, own, prediction.frame_id, prediction.labels)
            done += 1
            yield Progress(COMPARING, done, total)
    over = replace(own, found=found)
    return _miou(own, job), _miou(over, job)


def _answer(
    found: UInt8[np.ndarray, "n"], own: Answers, frame_id: int, labels: UInt8[np.ndarray, "h w"]
) -> None:
    """Write a frame's labels where it was asked."""
    here = own.at[:, 0] == frame_id
    found[here] = labels[own.at[here, 1], own.at[here, 2]]


def _miou(own: Answers, job: Job) -> float | None:
    scores = scored(own, job.classes)
    return None if scores is None else scores.miou
