"""The depth of one view as its sources show it, before views are held against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32

from rewis3d.reconstruct.stereo.picture import Picture
from rewis3d.reconstruct.stereo.polish import polish
from rewis3d.reconstruct.stereo.sgm import aggregate
from rewis3d.reconstruct.stereo.sweep import Matcher, sweep
from rewis3d.reconstruct.stereo.untextured import untextured
from rewis3d.reconstruct.stereo.winner import win

FEWEST: Final = 32
"""Planes of a sweep, however little parallax there is."""
CLOSER: Final = 1.1
"""The sweep reaches nearer than the near depth by this: its last plane can't be judged."""
FARTHER: Final = 2.0
"""A depth beyond the far one by more than this is as good as infinite: no depth."""


@dataclass(frozen=True, slots=True)
class Matched:
    """What one view's matching says."""

    depth: Float32[np.ndarray, "h w"]
    """0 where it is as good as infinite, and where the image shows nothing to tell it by."""
    score: Float32[np.ndarray, "h w"]
    """Correlation of the windows, 0..1."""
    margin: Float32[np.ndarray, "h w"]
    """How clearly its plane won."""


def match(
    view: Picture,
    narrow: Sequence[Picture],
    wide: Sequence[Picture],
    *,
    near: float,
    far: float,
    planes: int,
) -> Matched:
    """Sweep with the narrow sources, then make the depths exact with the wide ones.

    Planes are even in inverse depth, from infinity to before the near depth.
    """
    inverse_depths = np.linspace(0, CLOSER / near, planes)
    volume = sweep(Matcher(view, narrow), view.grey.shape, inverse_depths)
    winner = win(volume, aggregate(volume, view.grey))
    step = float(inverse_depths[1])
    nearness, score = polish(Matcher(view, wide), winner.plane * np.float32(step), step=step / 4)
    known = ~untextured(view.grey, score, nearness < 1 / (FARTHER * far))
    depth = np.where(known, 1 / np.where(known, nearness, 1), 0)
    return Matched(depth.astype(np.float32), score, winner.margin)
