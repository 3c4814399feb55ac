"""Who labels the frames of a cell: an annotator that knows the dense labels.

What is drawn is never written into the project: it is the same again for the same seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import uuid4

import numpy as np
from jaxtyping import Bool

from annotations.formats.png import mask_strokes
from annotations.frames import LabelledFrame
from annotations.rasterise import rasterise
from annotations.simulate import frame_rng, simulate
from annotations.types import UNLABELLED, Frame, Stroke
from app.benchmark.coverage import Coverage
from app.benchmark.plan import BRUSH, Plan
from app.benchmark.rows import Labels

AUTHOR: Final = "benchmark"


def labelled_frames(
    plan: Plan, labels: Labels, *, seed: int, coverage: Coverage | None = None
) -> list[LabelledFrame]:
    """Return the frames that teach a cell, with strokes as a person would have them there.

    Dense labels are strokes too, as if their masks had been imported. ValueError where labels of
    covered pixels are asked for without their `coverage`.
    """
    if labels == "strokes":
        found = [LabelledFrame(f, strokes(plan, f, seed=seed)) for f in plan.drawn]
    elif labels == "dense":
        found = [LabelledFrame(frame, _dense(plan, frame)) for frame in plan.drawn]
    elif labels == "everywhere":
        found = [LabelledFrame(frame, _dense(plan, frame)) for frame in plan.taught]
    elif coverage is None:
        raise ValueError("nobody says which pixels are covered")
    else:
        found = [
            LabelledFrame(frame, _covered(plan, frame, coverage, seed=seed))
            for frame in plan.taught
        ]
    return [one for one in found if one.strokes]


def strokes(plan: Plan, frame: Frame, *, seed: int) -> list[Stroke]:
    """Return what the annotator of a seed draws on a frame."""
    drawn = simulate(
        plan.truth.labels(frame),
        plan.class_map.class_ids,
        kind=plan.kind,
        length=plan.length,
        width=BRUSH,
        rng=frame_rng(seed, frame.index),
    )
    return [stroke.on(frame.frame_id, author=AUTHOR, uuid=uuid4()) for stroke in drawn]


def stroked(plan: Plan, frame: Frame, *, seed: int) -> Bool[np.ndarray, "h w"]:
    """Return the pixels that the annotator of a seed labels in a frame."""
    painted: Sequence[Stroke] = strokes(plan, frame, seed=seed)
    return rasterise(painted, plan.class_map, frame.height, frame.width) != UNLABELLED


def _covered(plan: Plan, frame: Frame, coverage: Coverage, *, seed: int) -> list[Stroke]:
    """Return the strokes of a frame that is drawn on, and exact labels where it is covered."""
    drawn = strokes(plan, frame, seed=seed) if frame in plan.drawn else []
    covered = coverage.of(frame.frame_id)
    if covered is None:
        return drawn
    ids = np.where(covered, plan.truth.labels(frame), UNLABELLED).astype(np.uint8)
    return [*drawn, *mask_strokes(ids, frame_id=frame.frame_id, author=AUTHOR)]


def _dense(plan: Plan, frame: Frame) -> list[Stroke]:
    return mask_strokes(plan.truth.labels(frame), frame_id=frame.frame_id, author=AUTHOR)
