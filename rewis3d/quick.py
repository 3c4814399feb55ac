"""The quick round: fit a small head to the strokes in seconds, then predict every frame."""

from __future__ import annotations

import copy
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from rewis3d.checkpoint import Checkpoint, build, load_checkpoint, save_checkpoint
from rewis3d.config import QuickConfig
from rewis3d.device import pick
from rewis3d.features import FeatureCache, Frames
from rewis3d.fit import Pixels, fit, standardisation
from rewis3d.grown_labels import AGREED
from rewis3d.job import Job, read_job
from rewis3d.judge import Answers, answers, scored
from rewis3d.labelled import Labelled, Training, read_labelled
from rewis3d.models.network import Network, ready
from rewis3d.models.segmenter import Head, Segmenter, StandardHead
from rewis3d.models.weights import lite0
from rewis3d.over_time import over_time
from rewis3d.predict import predict, predict_frame
from rewis3d.presets import read_as
from rewis3d.publish import publish
from rewis3d.reports import Done, Point, Progress, Published, Report, Scores
from rewis3d.rival import JUDGED, Pair, by_frames, compared

MODEL: Final = "model"
"""The checkpoint's folder under the job's output."""
LEARNING: Final = "learning"
JUDGING: Final = "judging"
_CURVES: Final = {LEARNING: "loss", JUDGING: "judge"}
"""What the curves of a stage are called."""


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
    network = ready(checkpoint.network).to(device)
    yield from predict(network, frames, job, output)
    if config.memory > 0:
        yield from over_time(
            network, checkpoint.scores, job, frames, folder=folder, memory=config.memory
        )
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
    scores = yield from _judged(training, job, config, frames=frames, folder=folder)
    checkpoint = Checkpoint(network, job.classes, config, job.seed, scores, job.options)
    save_checkpoint(checkpoint, output / MODEL)


def without_judge(
    job: Job, config: QuickConfig, *, frames: Frames, folder: Path
) -> Generator[Progress | Point, None, Segmenter]:
    """Return the network of a quick round that was never shown the judging pixels.

    Its head can learn on (see `StandardHead`).
    """
    backbone = lite0()
    untrained = build(config, Head(hidden=config.hidden, classes=len(job.classes)), backbone)
    training = yield from read_labelled(
        job, frames, network=ready(untrained).to(frames.device), folder=folder, grow=config.grow
    )
    head = yield from _fitted(training.without_judge, job, config, stage=LEARNING)
    mean, deviation = standardisation(training.without_judge.drawn)
    return build(config, StandardHead(head, mean, deviation).cpu(), backbone)


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
    training: Training, job: Job, config: QuickConfig, *, frames: Frames, folder: Path
) -> Generator[Point | Progress, None, Scores | None]:
    """Return how well a head fitted without the judging pixels does on them, and keep it."""
    judge = training.judge
    if len(judge.labels) == 0 or len(training.without_judge.drawn.labels) == 0:
        return None
    head = yield from _fitted(training.without_judge, job, config, stage=JUDGING)
    truth = judge.labels.to(torch.uint8).cpu().numpy()
    own = Answers(truth, _found(head, judge), training.judged_at)
    scores = scored(own, job.classes)
    if scores is None:
        raise AssertionError("there are judging pixels")
    network = build(config, copy.deepcopy(head).cpu(), lite0())
    kept = Checkpoint(network, job.classes, config, job.seed, scores, job.options)
    save_checkpoint(kept, folder / job.output / JUDGED)

    def ask(checkpoint: Checkpoint) -> Generator[Progress, None, Pair]:
        """Ask both heads where they read the same maps, else both networks for whole frames."""
        if its_head := _head_over_same_maps(checkpoint.network, config):
            found = _found(its_head.to(judge.labels.device), judge)
            return Pair(own, Answers(truth, found, training.judged_at))
        judged = ready(network).to(frames.device)
        whole = yield from answers(judged, job, frames, folder=folder)
        return (yield from by_frames(checkpoint, whole, job, frames, folder=folder))

    return (yield from compared(scores, job, ask, folder=folder))


@torch.inference_mode()
def _found(head: Head, pixels: Pixels) -> UInt8[np.ndarray, "n"]:
    """Return the train ids that a head gives pixels."""
    found = torch.cat([head(columns).argmax(1) for columns in pixels.batches()])
    return found.to(torch.uint8).cpu().numpy()


def _head_over_same_maps(network: Network, config: QuickConfig) -> Head | None:
    """Return a network's head where the maps of this round are those that it learnt from."""
    if not (isinstance(network, Segmenter) and network.untouched):
        return None
    same = (network.scale, network.longest) == (config.scale, config.longest)
    return network.head if same else None
