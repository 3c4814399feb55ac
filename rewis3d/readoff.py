"""A clip's labels read off a network over time: what neighbouring frames show counts too.

These labels are the clip's. The network alone, as it is exported, sees one frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch.nn import functional

from rewis3d.features import FeatureCache, Frames
from rewis3d.flow.cache import motion_between
from rewis3d.flow.fuse import Predicted, fuse
from rewis3d.flow.motion import Motion, grid_size, on_grid
from rewis3d.job import View
from rewis3d.models.network import Network
from rewis3d.predict import logits_of
from rewis3d.types import Prediction


def clips_of(views: Sequence[View]) -> list[list[View]]:
    """Return the views by clip, each clip in its order; the first view's clip comes first.

    A clip whose frames differ in size falls into pieces of one size.
    """
    by_clip: dict[int, list[View]] = {}
    for view in views:
        by_clip.setdefault(view.clip, []).append(view)
    pieces: list[list[View]] = []
    for clip in by_clip.values():
        ordered = sorted(clip, key=lambda view: view.frame_id)
        pieces.append(ordered[:1])
        for one, other in pairwise(ordered):
            if (one.height, one.width) != (other.height, other.width):
                pieces.append([])
            pieces[-1].append(other)
    return pieces


def read_off(
    network: Network, frames: Frames, clip: Sequence[View], flows: FeatureCache, *, memory: float
) -> Iterator[Prediction]:
    """Yield the predictions of a clip's frames in order, fused along the flow between them.

    The network is `ready` and on its device.
    """
    fused = fuse(_seen(network, frames, clip, flows), memory=memory)
    for view, probabilities in zip(clip, fused, strict=True):
        yield _best(view, probabilities)


def _seen(
    network: Network, frames: Frames, clip: Sequence[View], flows: FeatureCache
) -> Iterator[Predicted]:
    """Yield the frames as the network alone sees them."""
    before: UInt8[np.ndarray, "r c 3"] | None = None
    for view in clip:
        rgb = frames.rgb(view)[0].permute(1, 2, 0).to(torch.uint8).cpu().numpy()
        image = on_grid(rgb)
        since = None if before is None else _uncut(motion_between(before, image, flows))
        yield Predicted(_probabilities(network, frames, view), since)
        before = image


def _uncut(motion: Motion) -> Motion | None:
    return None if motion.cut else motion


@torch.inference_mode()
def _probabilities(network: Network, frames: Frames, view: View) -> Float32[np.ndarray, "r c k"]:
    """Return what the network gives each class on the grid of the flow."""
    logits = logits_of(network, frames, view).float()
    size = grid_size(view.height, view.width)
    enlarged = functional.interpolate(logits, size, mode="bilinear", align_corners=False)
    found = functional.softmax(enlarged, 1)[0].permute(1, 2, 0)
    return np.ascontiguousarray(found.cpu().numpy(), np.float32)


def _best(view: View, probabilities: Float32[np.ndarray, "r c k"]) -> Prediction:
    """Return the most probable class of each pixel of the frame."""
    found = torch.from_numpy(probabilities).permute(2, 0, 1)[None]
    size = (view.height, view.width)
    if found.shape[2:] != size:
        found = functional.interpolate(found, size, mode="bilinear", align_corners=False)
    confidence, labels = found[0].max(dim=0)
    return Prediction(view.frame_id, labels.to(torch.uint8).numpy(), confidence.numpy())
