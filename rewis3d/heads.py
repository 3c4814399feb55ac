"""Heads over the labelled pixels of a job: what they learn, and what they answer."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from jaxtyping import UInt8

from rewis3d.config import QuickConfig
from rewis3d.fit import Pixels, Portion, fit, probability
from rewis3d.grown_labels import AGREED
from rewis3d.job import Job
from rewis3d.labelled import Labelled
from rewis3d.models.segmenter import Head
from rewis3d.reports import Point, Progress

LEARNING: Final = "learning"
JUDGING: Final = "judging"
_CURVES: Final = {LEARNING: "loss", JUDGING: "judge"}
"""What the curves of a stage are called."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A head and what it has learnt."""

    head: Head
    pixels: Pixels


def fitted(
    labelled: Labelled, job: Job, config: QuickConfig, *, stage: str
) -> Generator[Point | Progress, None, Fitted]:
    """Fit a head to strokes and to the grown labels that agree with one of the strokes alone."""
    pixels = labelled.drawn
    if len(labelled.grown.labels):
        agreed = yield from _agreed(labelled, job, config, stage=stage)
        pixels = pixels.and_also(agreed)
    if len(pixels.labels) == len(labelled.drawn.labels):
        head = yield from _fit([Portion(labelled.drawn)], job, config, stage=stage, of="strokes")
        return Fitted(head, labelled.drawn)
    config = replace(config, balance=config.grown_balance, steps=config.grown_steps)
    head = yield from _fit([Portion(pixels)], job, config, stage=stage, of="grown")
    return Fitted(head, pixels)


def _agreed(
    labelled: Labelled, job: Job, config: QuickConfig, *, stage: str
) -> Generator[Point | Progress, None, Pixels]:
    """Return the grown labels to which a head that knows the strokes alone gives a chance.

    One head instead of many is enough for that.
    """
    alone = replace(config, heads=1)
    head = yield from _fit([Portion(labelled.drawn)], job, alone, stage=stage, of="strokes")
    return labelled.grown.where(probability(head, labelled.grown) >= AGREED)


def fitted_around(
    portions: Sequence[Portion], job: Job, config: QuickConfig, *, stage: str
) -> Generator[Point | Progress, None, Head]:
    """Fit a head to labels of the frames around those with strokes, too."""
    config = replace(
        config,
        balance=config.grown_balance,
        steps=config.around_steps,
        batch=max(1, config.batch // 2),  # half of it, twice as often, learns as much
    )
    return (yield from _fit(portions, job, config, stage=stage, of="around"))


def _fit(
    portions: Sequence[Portion], job: Job, config: QuickConfig, *, stage: str, of: str
) -> Generator[Point | Progress, None, Head]:
    """Fit a head from the job's seed, whatever was fitted before."""
    generator = torch.Generator().manual_seed(job.seed)
    series = f"{_CURVES[stage]}, {of}"
    for report in fit(portions, len(job.classes), config, generator=generator, series=series):
        if isinstance(report, Head):
            return report
        yield report
        yield Progress(stage, report.step, config.steps)
    raise AssertionError("a fit ends with its head")


@torch.inference_mode()
def answered(head: Head, pixels: Pixels) -> UInt8[np.ndarray, "n"]:
    """Return the train ids that a head gives pixels."""
    found = torch.cat([head(columns).argmax(1) for columns in pixels.batches()])
    return found.to(torch.uint8).cpu().numpy()
