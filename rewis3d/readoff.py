"""A clip's labels read off a network over time: what neighbouring frames show counts too.

These labels are the clip's. The network alone, as it is exported, sees one frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor
from torch.nn import functional

from rewis3d.clip import Clip
from rewis3d.features import Frames
from rewis3d.flow.drawn import labels_on_grid
from rewis3d.flow.fuse import Predicted, fuse
from rewis3d.flow.motion import grid_size
from rewis3d.job import View
from rewis3d.models.network import Network
from rewis3d.predict import logits_of
from rewis3d.prefetch import side_by_side
from rewis3d.types import Prediction

Drawn = Callable[[View], UInt8[np.ndarray, "h w"] | None]
"""What somebody drew on a frame: train ids, UNLABELLED, IGNORED; None where nothing is known."""


def read_off(network: Network, clip: Clip, *, memory: float, drawn: Drawn) -> Iterator[Prediction]:
    """Yield the predictions of a clip's frames in order, fused along the flow between them.

    The network is `ready` and on its device. What was drawn counts as evidence.
    """
    fused = fused_over(network, clip, memory=memory, drawn=drawn)
    return side_by_side(lambda each: _best(*each), zip(clip.views, fused, strict=True))


def fused_over(
    network: Network, clip: Clip, *, memory: float, drawn: Drawn
) -> Iterator[Float32[Tensor, "k r c"]]:
    """Yield the fused probabilities of a clip's frames in order, on the grid of the flow."""
    return _fused(lambda view: _probabilities(network, clip.frames, view), clip, memory, drawn)


def fused_on_own_grid(
    network: Network, clip: Clip, *, memory: float, drawn: Drawn
) -> Iterator[Float32[Tensor, "k r c"]]:
    """Yield the same on the grid of the network's logits, which is coarser: less work."""
    return _fused(lambda view: _as_seen(network, clip.frames, view), clip, memory, drawn)


def _fused(
    see: Callable[[View], Float32[Tensor, "k r c"]], clip: Clip, memory: float, drawn: Drawn
) -> Iterator[Float32[Tensor, "k r c"]]:
    """Fuse frames as the network alone sees them, with what was drawn, on the grid of that."""

    def seen(index: int) -> Predicted:
        view, motion = clip.views[index], clip.motion(index)
        probabilities = see(view)
        size = (probabilities.shape[1], probabilities.shape[2])
        labels = drawn(view)
        on_it = None if labels is None else labels_on_grid(labels, size).astype(np.int64)
        return Predicted(
            probabilities,
            motion and motion.resized(size),
            None if on_it is None else torch.from_numpy(on_it).to(probabilities.device),
        )

    return fuse(side_by_side(seen, range(len(clip.views))), memory=memory)


@torch.inference_mode()
def _probabilities(network: Network, frames: Frames, view: View) -> Float32[Tensor, "k r c"]:
    """Return what the network gives each class on the grid of the flow."""
    logits = logits_of(network, frames, view).float()
    size = grid_size(view.height, view.width)
    enlarged = functional.interpolate(logits, size, mode="bilinear", align_corners=False)
    return functional.softmax(enlarged, 1)[0]


@torch.inference_mode()
def _as_seen(network: Network, frames: Frames, view: View) -> Float32[Tensor, "k r c"]:
    """Return what the network gives each class on its own grid."""
    return functional.softmax(logits_of(network, frames, view).float(), 1)[0]


def _best(view: View, probabilities: Float32[Tensor, "k r c"]) -> Prediction:
    """Return the most probable class of each pixel of the frame."""
    found = probabilities[None]
    size = (view.height, view.width)
    if found.shape[2:] != size:
        found = functional.interpolate(found, size, mode="bilinear", align_corners=False)
    confidence, labels = found[0].max(dim=0)
    return Prediction(view.frame_id, labels.to(torch.uint8).cpu().numpy(), confidence.cpu().numpy())
