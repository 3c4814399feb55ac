"""The depth of one view as its sources show it, before views are held against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32

from rewis3d.reconstruct.stereo.borders import settle
from rewis3d.reconstruct.stereo.picture import Picture
from rewis3d.reconstruct.stereo.planes import fit_planes
from rewis3d.reconstruct.stereo.polish import polish, rate, without_outliers
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
class Sides:
    """The views that a view is matched with, by their parallax: see sources.py."""

    narrow: Sequence[Picture]
    wide: Sequence[Picture]
    widest: Sequence[Picture]


def match(
    view: Picture, sides: Sides, *, near: float, far: float, planes: int
) -> Float32[np.ndarray, "h w"]:
    """Return a view's depths; 0 where they are as good as infinite, or the image tells nothing.

    A sweep with the narrow sources finds them, the others make them exact, then borders are
    settled. Planes are even in inverse depth, from infinity to before the near depth.
    """
    inverse_depths = np.linspace(0, CLOSER / near, planes)
    volume = sweep(Matcher(view, sides.narrow), view.grey.shape, inverse_depths)
    step = float(inverse_depths[1])
    nearness = win(aggregate(volume, view.grey)) * np.float32(step)
    nearness = without_outliers(nearness)
    wide = Matcher(view, sides.wide)
    nearness, _ = polish(wide, nearness, step=step / 4)
    nearness = fit_planes(nearness, view.rgb, step=step)
    nearness, _ = polish(Matcher(view, sides.widest), nearness, step=step / 8)
    nearness = settle(view, sides.narrow, nearness, step=step)
    nearness = fit_planes(nearness, view.rgb, step=step)
    endless = nearness < 1 / (FARTHER * far)
    known = ~untextured(view.grey, rate(wide, nearness), endless)
    return np.where(known, 1 / np.where(known, nearness, 1), 0).astype(np.float32)
