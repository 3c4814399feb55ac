"""A clip's frames in their order, on the grid of the flow, with the motion between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from jaxtyping import UInt8

from rewis3d.array_cache import ArrayCache
from rewis3d.features import Frames
from rewis3d.flow.cache import motion_between
from rewis3d.flow.motion import Motion, on_grid
from rewis3d.job import View
from rewis3d.recent import Recent

KEPT_BYTES: Final = 64 << 20
"""What images on the grid may take in memory: who goes along a clip asks for neighbours."""


class Clip:
    """Frames of one size that follow each other. Images and motions are read when asked for.

    Several threads may ask at once.
    """

    def __init__(self, views: Sequence[View], frames: Frames, flows: ArrayCache) -> None:
        self.views = tuple(views)
        self.frames = frames
        self._flows = flows
        self._images: Recent[int] = Recent(KEPT_BYTES)

    def image(self, index: int) -> UInt8[np.ndarray, "r c 3"]:
        """Return a frame's colours on the grid."""
        return self._images.get(index, lambda: on_grid(self.frames.image(self.views[index])))

    def motion(self, index: int) -> Motion | None:
        """Return the motion from the frame before; None for the first frame and after a cut."""
        if index == 0:
            return None
        found = motion_between(self.image(index - 1), self.image(index), self._flows)
        return None if found.cut else found


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


def near_drawn(views: Sequence[View], reach: int) -> list[list[View]]:
    """Return the pieces of clips that lie within `reach` frames of one with labels.

    Reserved frames are not there at all: their neighbours follow each other.
    """
    pieces = []
    for clip in clips_of([view for view in views if not view.reserved]):
        drawn = np.array([view.labels is not None for view in clip])
        near = np.convolve(drawn, np.ones(2 * reach + 1), "full")[reach : reach + len(clip)] > 0
        ends = np.flatnonzero(np.diff(near, prepend=False, append=False))
        pieces += [clip[first:last] for first, last in ends.reshape(-1, 2).tolist()]
    return pieces
