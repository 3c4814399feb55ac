"""Predict frames with a round's model and publish them one by one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeGuard

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

from rewis3d.array_cache import ArrayCache
from rewis3d.checkpoint import load_checkpoint
from rewis3d.device import pick
from rewis3d.features import Frames
from rewis3d.job import Job, View, read_job
from rewis3d.models import windows
from rewis3d.models.graph import Graph
from rewis3d.models.network import Network, ready
from rewis3d.models.segmenter import Segmenter
from rewis3d.models.strips import decode, enlarged
from rewis3d.prefetch import side_by_side
from rewis3d.publish import FOLDER, KINDS, latest, publish
from rewis3d.reports import Done, Progress, Published, Report
from rewis3d.types import Prediction, Rewis3dError

STAGE: Final = "predicting"
WORTH_A_GRAPH: Final = 40
"""Frames of one size that pay for making a graph on CPU."""
_STRIP: Final = 1 << 22
"""Logits that are enlarged at once: what bounds the memory of a big frame."""


def run(folder: Path) -> Iterator[Report]:
    """Predict the views of a job folder with its checkpoint; goes on where a killed run was."""
    started = time.monotonic()
    job = read_job(folder)
    if job.checkpoint is None:
        raise Rewis3dError(f"{folder}: the job names no model to predict with")
    checkpoint = load_checkpoint(folder / job.checkpoint)
    device = pick(checkpoint.device)
    frames = Frames(folder, ArrayCache(folder / job.features), device)
    network, flip = ready(checkpoint.network).to(device), job.options.get("flip") == "yes"
    yield from predict(network, frames, job, folder / job.output, flip=flip)
    yield Done({"frames": len(job.views), "seconds": round(time.monotonic() - started, 2)})


def predict(
    network: Network,
    frames: Frames,
    job: Job,
    output: Path,
    *,
    flip: bool = False,
    kind: str = FOLDER,
) -> Iterator[Progress | Published]:
    """Publish every view in the job's order; what was published already, by this stage or a later
    one of the round, is announced again.

    `flip`: predict the mirrored frame too, for the mean of both. `kind` is the stage's folder.
    """
    earlier = {view.frame_id: _earlier(view, output, kind) for view in job.views}
    missing = [view for view in job.views if earlier[view.frame_id] is None]
    making = _each(
        network,
        missing,
        lambda runner, view: publish(predict_frame(runner, frames, view, flip=flip), output, kind),
    )
    total, made, spent = len(job.views), 0, 0.0
    for index, view in enumerate(job.views):
        report = earlier[view.frame_id]
        if report is None:
            started = time.monotonic()
            report = next(making)
            made, spent = made + 1, spent + time.monotonic() - started
        yield report
        left = total - index - 1
        eta = spent / made * left if made else None
        yield Progress(STAGE, index + 1, total, eta)


def _each(
    network: Network, views: Sequence[View], make: Callable[[Network | Graph, View], Published]
) -> Iterator[Published]:
    """Yield what is made of each view by what predicts it soonest."""
    if reads_maps(network):
        yield from side_by_side(lambda view: make(network, view), views)
        return
    graphs = Graphs(network, views)
    for index, view in enumerate(views):
        # Somebody may wait for the first one: no graph is made before it.
        yield make(graphs.of(view) if index else network, view)


def reads_maps(network: Network | Graph) -> TypeGuard[Segmenter]:
    """Say whether a network's maps of a frame can be in the cache: then little is left to do."""
    return isinstance(network, Segmenter) and network.untouched


def _earlier(view: View, output: Path, kind: str) -> Published | None:
    """Return what this stage or a later one has published of a frame."""
    found = latest(view.frame_id, output)
    if found is None or KINDS.index(found[0]) < KINDS.index(kind):
        return None
    return found[1]


class Graphs:
    """The graphs of a network that are worth making, by the size of frames; made when needed."""

    def __init__(self, network: Network, views: Sequence[View]) -> None:
        self._network = network
        self._made: dict[tuple[int, int], Graph] = {}
        counts = Counter((view.height, view.width) for view in views)
        self._worth = {size for size, count in counts.items() if count >= WORTH_A_GRAPH}
        if network.classifier.weight.device.type != "cpu" or not _runs_quicker(network):
            self._worth.clear()

    def of(self, view: View) -> Network | Graph:
        """Return what predicts a view soonest."""
        size = (view.height, view.width)
        if size not in self._worth:
            return self._network
        if size not in self._made:
            self._made[size] = Graph(self._network, *size)
        return self._made[size]


def _runs_quicker(network: Network) -> bool:
    """Say whether a graph is quicker: it was measured of the trained Lite0."""
    return isinstance(network, Segmenter) and not network.untouched


def predict_frame(
    network: Network | Graph, frames: Frames, view: View, *, flip: bool = False
) -> Prediction:
    """Return the prediction of one frame at its own size."""
    with torch.inference_mode():
        labels, confidence = best(
            logits_of(network, frames, view, flip=flip), view.height, view.width
        )
    return Prediction(view.frame_id, labels, confidence)


def logits_of(
    network: Network | Graph, frames: Frames, view: View, *, flip: bool = False
) -> Float[Tensor, "1 k r s"]:
    """Return a frame's logits on some grid; from the cache where its maps can be there."""
    if reads_maps(network) and not flip:
        rgb, maps = frames.read(network, view)
        return decode(network, maps, rgb)
    return windows.logits(network, frames.rgb(view), flip=flip)


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
            enlarged(logits, (height, width), range(first, min(first + rows, height))), 1
        ).max(dim=1)
        for first in range(0, height, rows)
    ]
    labels = torch.cat([part.indices[0] for part in parts]).to(torch.uint8)
    confidence = torch.cat([part.values[0] for part in parts])
    return labels.cpu().numpy(), confidence.cpu().numpy()
