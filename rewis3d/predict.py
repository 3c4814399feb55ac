"""Predict frames with a round's model and publish them one by one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

from rewis3d.checkpoint import load_checkpoint
from rewis3d.device import pick
from rewis3d.features import FeatureCache, Frames
from rewis3d.job import Job, View, read_job
from rewis3d.models.segmenter import Segmenter, ready
from rewis3d.publish import publish, published
from rewis3d.reports import Done, Progress, Published, Report
from rewis3d.types import Prediction, Rewis3dError

STAGE: Final = "predicting"
_STRIP: Final = 1 << 22
"""Logits that are enlarged at once: what bounds the memory of a big frame."""


def run(folder: Path) -> Iterator[Report]:
    """Predict the views of a job folder with its checkpoint; goes on where a killed run was."""
    started = time.monotonic()
    job = read_job(folder)
    if job.checkpoint is None:
        raise Rewis3dError(f"{folder}: the job names no model to predict with")
    checkpoint = load_checkpoint(folder / job.checkpoint)
    device = pick(checkpoint.config.device)
    frames = Frames(folder, FeatureCache(folder / job.features), device)
    yield from predict(ready(checkpoint.network).to(device), frames, job, folder / job.output)
    yield Done({"frames": len(job.views), "seconds": round(time.monotonic() - started, 2)})


def predict(
    network: Segmenter, frames: Frames, job: Job, output: Path
) -> Iterator[Progress | Published]:
    """Publish every view in the job's order; those already published are announced again."""
    total, made, spent = len(job.views), 0, 0.0
    for index, view in enumerate(job.views):
        report = published(view.frame_id, output)
        if report is None:
            started = time.monotonic()
            report = publish(predict_frame(network, frames, view), output)
            made, spent = made + 1, spent + time.monotonic() - started
        yield report
        left = total - index - 1
        eta = spent / made * left if made else None
        yield Progress(STAGE, index + 1, total, eta)


def predict_frame(network: Segmenter, frames: Frames, view: View) -> Prediction:
    """Return the prediction of one frame at its own size."""
    rgb, maps = frames.read(network, view)
    with torch.inference_mode():
        logits = network.decode(maps, rgb)
        labels, confidence = best(logits, view.height, view.width)
    return Prediction(view.frame_id, labels, confidence)


def best(
    logits: Float[Tensor, "1 k r s"], height: int, width: int
) -> tuple[UInt8[np.ndarray, "h w"], np.ndarray]:
    """Return the most probable class of each pixel of a frame and its probability.

    The same as enlarging the logits to the frame at once (bilinear, half-pixel centres), but by
    strips of rows.
    """
    rows = max(1, _STRIP // (logits.shape[1] * width))
    parts = [
        functional.softmax(
            _rows(logits, height, width, range(first, min(first + rows, height))), 1
        ).max(dim=1)
        for first in range(0, height, rows)
    ]
    labels = torch.cat([part.indices[0] for part in parts]).to(torch.uint8)
    confidence = torch.cat([part.values[0] for part in parts])
    return labels.cpu().numpy(), confidence.cpu().numpy()


def _rows(
    logits: Float[Tensor, "1 k r s"], height: int, width: int, rows: range
) -> Float[Tensor, "1 k n w"]:
    """Return some rows of the logits enlarged to height x width."""
    cells = logits.shape[2]
    wanted = torch.arange(rows.start, rows.stop, device=logits.device)
    place = ((wanted + 0.5) * (cells / height) - 0.5).clamp(0, cells - 1)
    above = place.long()
    below = (above + 1).clamp(max=cells - 1)
    share = (place - above)[:, None].to(logits.dtype)
    mixed = torch.lerp(logits[:, :, above], logits[:, :, below], share)
    return functional.interpolate(mixed, (len(rows), width), mode="bilinear", align_corners=False)
