"""The quick round: fit a small head to the strokes in seconds, then predict every frame."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from rewis3d import metrics
from rewis3d.checkpoint import Checkpoint, build, load_checkpoint, save_checkpoint
from rewis3d.config import QuickConfig
from rewis3d.device import pick
from rewis3d.features import FeatureCache, Frames
from rewis3d.fit import Pixels, fit
from rewis3d.job import Job, read_job
from rewis3d.labelled import Labelled, Training, read_labelled
from rewis3d.models.segmenter import Head, ready
from rewis3d.models.weights import lite0
from rewis3d.predict import predict, predict_frame
from rewis3d.presets import read_as
from rewis3d.publish import publish
from rewis3d.reports import Done, Point, Progress, Published, Report, Rival, Scores
from rewis3d.types import UNLABELLED, Rewis3dError

MODEL: Final = "model"
"""The checkpoint's folder under the job's output."""
LEARNING: Final = "learning"
JUDGING: Final = "judging"
_CURVES: Final = {LEARNING: "loss", JUDGING: "judge"}
"""What the curves of a stage are called."""
AGREED: Final = 0.2
"""A grown label is learnt where a head that knows the strokes alone gives it this probability."""


def run(folder: Path) -> Iterator[Report]:
    """Train and predict as the job folder says; goes on where a killed run was.

    Rewis3dError where nothing is labelled or a file can't be read.
    """
    started = time.monotonic()
    job = read_job(folder)
    output = folder / job.output
    config = read_as(QuickConfig, job.config)
    device = pick(config.device)
    frames = Frames(folder, FeatureCache(folder / job.features), device)
    if not (output / MODEL).is_dir():
        yield from _train(job, config, frames=frames, folder=folder)
    checkpoint = load_checkpoint(output / MODEL)
    if checkpoint.scores:
        yield checkpoint.scores
    yield from predict(ready(checkpoint.network).to(device), frames, job, output)
    yield Done({"frames": len(job.views), "seconds": round(time.monotonic() - started, 2)})


def _train(
    job: Job, config: QuickConfig, *, frames: Frames, folder: Path
) -> Iterator[Progress | Point | Published]:
    """Fit on all, publish the open frame, judge, and save the checkpoint.

    Somebody waits for the open frame, so it comes before the judgement. It is predicted anew where
    a run was killed in between: what is published comes from the model that is saved.
    """
    output, backbone = folder / job.output, lite0()
    untrained = build(config, Head(hidden=config.hidden, classes=len(job.classes)), backbone)
    device = pick(config.device)
    training = yield from read_labelled(
        job, frames, network=ready(untrained).to(device), folder=folder, grow=config.grow
    )
    head = yield from _fitted(training.everything, job, config, stage=LEARNING)
    network = build(config, head.cpu(), backbone)
    yield publish(predict_frame(ready(network).to(device), frames, job.views[0]), output)
    scores = yield from _judged(training, job, config, folder=folder)
    checkpoint = Checkpoint(network, job.classes, config, job.seed, scores, job.options)
    save_checkpoint(checkpoint, output / MODEL)


def _fitted(
    labelled: Labelled, job: Job, config: QuickConfig, *, stage: str
) -> Generator[Point | Progress, None, Head]:
    """Fit a head to the strokes, then anew to them and the grown labels that it agrees with."""
    first = yield from _fit(labelled.drawn, job, config, stage=stage, of="strokes")
    agreed = _probability(first, labelled.grown) >= AGREED
    if not agreed.any():
        return first
    pixels = labelled.drawn.and_also(labelled.grown.where(agreed))
    config = replace(config, balance=config.grown_balance, steps=config.grown_steps)
    return (yield from _fit(pixels, job, config, stage=stage, of="grown"))


@torch.inference_mode()
def _probability(head: Head, pixels: Pixels) -> Float32[Tensor, "n"]:
    """Return the probability that a head gives each pixel's own label."""
    if len(pixels.labels) == 0:
        return torch.empty(0, device=pixels.table.device)
    found = torch.cat([head(columns).softmax(1) for columns in pixels.batches()])
    return found.gather(1, pixels.labels[:, None])[:, 0]


def _fit(
    pixels: Pixels, job: Job, config: QuickConfig, *, stage: str, of: str
) -> Generator[Point | Progress, None, Head]:
    """Fit a head from the job's seed, whatever was fitted before."""
    generator = torch.Generator().manual_seed(job.seed)
    for report in fit(
        pixels, len(job.classes), config, generator=generator, series=f"{_CURVES[stage]}, {of}"
    ):
        if isinstance(report, Head):
            return report
        yield report
        yield Progress(stage, report.step, config.steps)
    raise AssertionError("a fit ends with its head")


def _judged(
    training: Training, job: Job, config: QuickConfig, *, folder: Path
) -> Generator[Point | Progress, None, Scores | None]:
    """Return how well a head fitted without the judging pixels does on them."""
    if len(training.judge.labels) == 0 or len(training.without_judge.drawn.labels) == 0:
        return None
    head = yield from _fitted(training.without_judge, job, config, stage=JUDGING)
    found = _found(head, training.judge)
    truth = training.judge.labels.to(torch.uint8).cpu().numpy()
    counts = metrics.confusion(truth, found, len(job.classes))
    names = [spec.name for spec in job.classes]
    scores = Scores(
        miou=metrics.miou(counts),
        accuracy=metrics.accuracy(counts),
        iou=dict(zip(names, metrics.iou(counts), strict=True)),
        pixels=len(truth),
    )
    if job.rival is None:
        return scores
    try:
        checkpoint = _rival_model(folder / job.rival, config)
        return replace(scores, rival=rivalled(checkpoint, job, training.judge, own=found))
    except Rewis3dError as error:  # a round does not fail for want of another one's model
        return replace(scores, no_rival=str(error))


@torch.inference_mode()
def _found(head: Head, pixels: Pixels) -> UInt8[np.ndarray, "n"]:
    """Return the train ids that a head gives pixels."""
    found = torch.cat([head(columns).argmax(1) for columns in pixels.batches()])
    return found.to(torch.uint8).cpu().numpy()


def _rival_model(folder: Path, config: QuickConfig) -> Checkpoint:
    """Read the active round's model; Rewis3dError says why it can't see the same pixels."""
    if not folder.is_dir():
        raise Rewis3dError("the round that was active has no model any more")
    checkpoint = load_checkpoint(folder)
    for name in ("scale", "longest"):  # else the cached maps are not what its head learnt from
        theirs, ours = getattr(checkpoint.config, name), getattr(config, name)
        if theirs != ours:
            raise Rewis3dError(f"the round that was active has {name} {theirs:g}, not {ours:g}")
    if "round" not in checkpoint.origin:
        raise Rewis3dError("the model that was active does not say which round made it")
    return checkpoint


def rivalled(
    checkpoint: Checkpoint, job: Job, judge: Pixels, *, own: UInt8[np.ndarray, "n"]
) -> Rival:
    """Judge another round's model, and this one's answers anew, on classes that both have.

    Classes are the same where their ids are; pixels labelled with another class judge neither.
    Rewis3dError where no class is shared.
    """
    place = {spec.class_id: index for index, spec in enumerate(job.classes)}
    shared = {spec.class_id for spec in checkpoint.classes} & place.keys()
    if not shared:
        raise Rewis3dError("the round that was active has none of these classes")
    other = len(job.classes)  # what neither truth nor a shared class is: a pixel that is missed
    ours = [index if spec.class_id in shared else other for index, spec in enumerate(job.classes)]
    theirs = [place.get(spec.class_id, other) for spec in checkpoint.classes]
    found = _found(checkpoint.network.head.to(judge.labels.device), judge)
    truth = np.array(ours, np.uint8)[judge.labels.cpu().numpy()]
    truth[truth == other] = UNLABELLED

    def miou(train_ids: UInt8[np.ndarray, "n"], mapped: list[int]) -> float | None:
        counts = metrics.confusion(truth, np.array(mapped, np.uint8)[train_ids], other + 1)
        return metrics.miou(counts)

    return Rival(int(checkpoint.origin["round"]), miou(found, theirs), miou(own, ours), len(shared))
