"""The quick round: fit a small head to the strokes in seconds, then predict every frame."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Int64, UInt8

from rewis3d import metrics
from rewis3d.checkpoint import Checkpoint, build, load_checkpoint, save_checkpoint
from rewis3d.config import QuickConfig, from_json
from rewis3d.device import pick
from rewis3d.features import FeatureCache, Frames, hypercolumns
from rewis3d.fit import Pixels, fit
from rewis3d.images import read_mask
from rewis3d.job import Job, View, read_job
from rewis3d.models.segmenter import Head, Segmenter, ready
from rewis3d.models.weights import lite0
from rewis3d.predict import predict
from rewis3d.reports import Done, Point, Progress, Report, Scores
from rewis3d.types import UNLABELLED, Rewis3dError

MODEL: Final = "model"
"""The checkpoint's folder under the job's output."""
MOST_PIXELS: Final = 20_000
"""Of a frame with a dense mask about so many labelled pixels are read, classes in proportion."""
FEWEST_PIXELS: Final = 200
"""A class of a dense mask keeps so many of its pixels, if it has them."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """The labelled pixels of a job: those that train, and those that only judge."""

    train: Pixels
    judge: Pixels

    def all(self) -> Pixels:
        """Return both together: what the model that is shown learns from."""
        return Pixels(
            torch.cat((self.train.columns, self.judge.columns)),
            torch.cat((self.train.labels, self.judge.labels)),
        )


def run(folder: Path) -> Iterator[Report]:
    """Train and predict as the job folder says; goes on where a killed run was.

    Rewis3dError where nothing is labelled or a file can't be read.
    """
    started = time.monotonic()
    job = read_job(folder)
    output = folder / job.output
    config = from_json(job.config)
    device = pick(config.device)
    frames = Frames(folder, FeatureCache(folder / job.features), device)
    if not (output / MODEL).is_dir():
        yield from _train(job, config, frames, folder)
    checkpoint = load_checkpoint(output / MODEL)
    if checkpoint.scores:
        yield checkpoint.scores
    yield from predict(ready(checkpoint.network).to(device), frames, job, output)
    yield Done({"frames": len(job.views), "seconds": round(time.monotonic() - started, 2)})


def _train(
    job: Job, config: QuickConfig, frames: Frames, folder: Path
) -> Iterator[Progress | Point]:
    """Judge, fit on all, and save the checkpoint."""
    backbone = lite0()
    untrained = build(config, Head(hidden=config.hidden, classes=len(job.classes)), backbone)
    labelled = yield from _labelled(job, frames, ready(untrained), folder)
    scores = yield from _judged(labelled, job, config)
    head = yield from _fitted(labelled.all(), job, config, "loss")
    network = build(config, head.cpu(), backbone)
    checkpoint = Checkpoint(network, job.classes, config, job.seed, scores, job.options)
    save_checkpoint(checkpoint, folder / job.output / MODEL)


def _labelled(
    job: Job, frames: Frames, network: Segmenter, folder: Path
) -> Generator[Progress, None, Labelled]:
    """Return the labelled pixels of the job's frames, reporting frame by frame."""
    views = [view for view in job.views if view.labels is not None]
    if not views:
        raise Rewis3dError(f"{folder}: no frame is labelled")
    found: list[Labelled] = []
    for index, view in enumerate(views):
        yield Progress("reading", index, len(views))
        found.append(_labelled_frame(view, job, frames, network, folder))
    train = [part.train for part in found]
    judge = [part.judge for part in found]
    labelled = Labelled(_joined(train), _joined(judge))
    if len(labelled.all().labels) == 0:
        raise Rewis3dError(f"{folder}: no pixel is labelled with a class")
    return labelled


def _labelled_frame(
    view: View, job: Job, frames: Frames, network: Segmenter, folder: Path
) -> Labelled:
    assert view.labels is not None  # noqa: S101  the caller chose these views
    labels = read_mask(folder / view.labels, view.height, view.width)
    judged = np.zeros(labels.shape, bool)
    if view.judge is not None:
        judged = read_mask(folder / view.judge, view.height, view.width) > 0
    rgb, maps = frames.read(network, view)

    def pixels(mask: Bool[np.ndarray, "h w"], stream: int) -> Pixels:
        """Return the labelled pixels of a mask."""
        rng = np.random.default_rng([job.seed, view.frame_id, stream])
        rc = chosen_pixels(np.where(mask, labels, UNLABELLED), len(job.classes), rng=rng)
        columns = hypercolumns(maps, rgb, torch.from_numpy(rc).to(rgb.device))
        values = torch.from_numpy(labels[rc[:, 0], rc[:, 1]].astype(np.int64))
        return Pixels(columns, values.to(rgb.device))

    return Labelled(pixels(~judged, 0), pixels(judged, 1))


def chosen_pixels(
    labels: UInt8[np.ndarray, "h w"], classes: int, *, rng: np.random.Generator
) -> Int64[np.ndarray, "n 2"]:
    """Return (row, col) of the pixels that carry a class, of dense masks a share of each class."""
    places = [np.argwhere(labels == train_id) for train_id in range(classes)]
    share = min(1.0, MOST_PIXELS / max(1, sum(map(len, places))))
    kept = [
        rng.permutation(place)[: max(FEWEST_PIXELS, round(share * len(place)))]
        if share < 1
        else place
        for place in places
    ]
    return np.concatenate(kept)


def _joined(parts: Sequence[Pixels]) -> Pixels:
    return Pixels(
        torch.cat([part.columns for part in parts]), torch.cat([part.labels for part in parts])
    )


def _fitted(
    pixels: Pixels, job: Job, config: QuickConfig, series: str
) -> Generator[Point, None, Head]:
    """Fit a head from the job's seed, whatever was fitted before."""
    generator = torch.Generator().manual_seed(job.seed)
    for report in fit(pixels, len(job.classes), config, generator=generator, series=series):
        if isinstance(report, Head):
            return report
        yield report
    raise AssertionError("a fit ends with its head")


def _judged(
    labelled: Labelled, job: Job, config: QuickConfig
) -> Generator[Point, None, Scores | None]:
    """Return how well a head fitted without the judging pixels does on them."""
    if len(labelled.judge.labels) == 0 or len(labelled.train.labels) == 0:
        return None
    head = yield from _fitted(labelled.train, job, config, "loss, judged")
    with torch.inference_mode():
        found = head(labelled.judge.columns).argmax(1).to(torch.uint8).cpu().numpy()
    truth = labelled.judge.labels.to(torch.uint8).cpu().numpy()
    counts = metrics.confusion(truth, found, len(job.classes))
    names = [spec.name for spec in job.classes]
    return Scores(
        miou=metrics.miou(counts),
        accuracy=metrics.accuracy(counts),
        iou=dict(zip(names, metrics.iou(counts), strict=True)),
        pixels=len(truth),
    )
