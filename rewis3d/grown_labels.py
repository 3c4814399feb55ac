"""Label maps of strokes and of what grows from them, as files that training reads."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from rewis3d.grow import grown
from rewis3d.images import read_rgb, write_mask
from rewis3d.job import Job, View
from rewis3d.labelled import masks, widened
from rewis3d.reports import Progress
from rewis3d.types import IGNORED

AGREED: Final = 0.2
"""A grown label is learnt where a head that knows the strokes alone gives it this probability."""
STAGE: Final = "growing strokes"

Probabilities = Callable[[View], Float32[np.ndarray, "k h w"]]
"""What a network that knows the strokes makes of a frame."""


def write_grown(
    job: Job,
    folder: Path,
    into: Path,
    probabilities: Probabilities,
    *,
    without_judge: bool,
    most: int,
) -> Generator[Progress, None, Job]:
    """Write the label maps of a job, grown where the network agrees; return the job with them.

    Of the grown pixels of a frame that it agrees with, `most` are drawn at random: they are about
    as many as the strokes', which are right. Without the judge, its pixels are IGNORED, and nothing
    grows from them or near them; the job that comes back holds nothing out. Views lie relative to
    `folder` as before.
    """
    into.mkdir(parents=True, exist_ok=True)
    views, labelled = [], sum(view.labels is not None for view in job.views)
    for view in job.views:
        if view.labels is None:
            views.append(view)
            continue
        done = sum(one.labels is not None for one in views)
        yield Progress(STAGE, done, labelled)
        labels, judged = masks(view, folder)
        judged = judged if without_judge else np.zeros_like(judged)
        image = read_rgb(folder / view.image, view.height, view.width)
        rng = np.random.default_rng([job.seed, view.frame_id])
        made = _agreed(labels, image, judged, probabilities(view), most=most, rng=rng)
        path = into / f"{view.frame_id}.png"
        write_mask(made, path)
        views.append(replace(view, labels=os.path.relpath(path, folder), judge=None))
    return replace(job, views=tuple(views))


def _agreed(
    labels: UInt8[np.ndarray, "h w"],
    image: UInt8[np.ndarray, "h w 3"],
    judged: Bool[np.ndarray, "h w"],
    probabilities: Float32[np.ndarray, "k h w"],
    *,
    most: int,
    rng: np.random.Generator,
) -> UInt8[np.ndarray, "h w"]:
    """Return drawn labels, and some of the grown ones that are probable."""
    found = grown(labels, image, hidden=widened(judged))
    known = found < len(probabilities)
    of_label = np.take_along_axis(probabilities, np.where(known, found, 0)[None], axis=0)[0]
    agreed = np.flatnonzero(known & (of_label >= AGREED))
    chosen = rng.choice(agreed, min(most, len(agreed)), replace=False)
    made = labels.copy()
    made.reshape(-1)[chosen] = found.reshape(-1)[chosen]
    made[judged] = IGNORED
    return made
