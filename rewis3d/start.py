"""Where a full round begins: the networks, and the labels that they learn from.

A Lite network begins as a quick round leaves it, but without the held-out labels: what judges it
was never learnt. A SegFormer begins with a published encoder, the 3D network from nothing.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32

from rewis3d import quick
from rewis3d.array_cache import ArrayCache
from rewis3d.device import pick
from rewis3d.features import Frames
from rewis3d.grown_labels import write_grown
from rewis3d.job import Job, View
from rewis3d.licences import licence_of
from rewis3d.method import MethodConfig
from rewis3d.models import segformer
from rewis3d.models.network import Network, ready
from rewis3d.presets import quick_of
from rewis3d.reports import Point, Progress

_LABELS = "labels"


@dataclass(frozen=True, slots=True)
class Start:
    """What a full round begins with."""

    network: Network
    """2D, frozen, in eval mode, on the CPU."""
    without_judge: Job
    """With label maps that hold nothing of what judges."""
    everything: Job


def start(
    job: Job, folder: Path, config: MethodConfig, *, into: Path
) -> Generator[Progress | Point, None, Start]:
    """Make what a round begins with; files that it needs go `into` a folder of the round.

    Rewis3dError where nothing is labelled, or weights are missing.
    """
    if config.networks.model == "segformer":
        weights = config.networks.weights
        yield Progress(f"loading {weights}, licence: {licence_of(weights)}", 0, 1)
        generator = torch.Generator().manual_seed(job.seed)
        crop = (config.image.crop_height, config.image.crop_width)
        network = segformer.pretrained(
            weights, classes=len(job.classes), generator=generator, window=crop
        )
        return Start(network, job, job)
    frames = Frames(folder, ArrayCache(folder / job.features), pick(config.run.device))
    network = yield from quick.without_judge(job, quick_of(config), frames=frames, folder=folder)
    if config.run.labels == "strokes":
        return Start(network, job, job)
    predicts = ready(network).to(pick(config.run.device))

    def probabilities(view: View) -> Float32[np.ndarray, "k h w"]:
        rgb, maps = frames.read(predicts, view)
        with torch.inference_mode():
            logits = torch.nn.functional.interpolate(
                predicts.decode(maps, rgb), rgb.shape[2:], mode="bilinear", align_corners=False
            )
            return logits.softmax(1)[0].float().cpu().numpy()

    parts = []
    for name, alone in (("without_judge", True), ("everything", False)):
        made = yield from write_grown(
            job,
            folder,
            into / _LABELS / name,
            probabilities,
            without_judge=alone,
            most=quick_of(config).grow,
        )
        parts.append(made)
    return Start(network, *parts)
