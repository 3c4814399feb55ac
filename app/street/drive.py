"""How the camera moves."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Final

import numpy as np
from jaxtyping import Float64

from app.street.camera import looking
from app.street.path import Path

MOTIONS: Final = ("drive", "lateral", "forward", "still", "rotate")
EYE: Final = 1.55
"""Metres of the camera above the road."""
LANE: Final = 1.1
"""Metres to the right of the road's middle."""
Pose = Float64[np.ndarray, "4 4"]


def poses(
    motion: str, path: Path, rng: np.random.Generator, *, pace: float = 1.0
) -> Iterator[Pose]:
    """Yield T_world_camera of one frame after the other, without end.

    drive: along the lane, with steering, changing speed and a car's springs. forward: straight on.
    lateral: sideways past the houses on the right. still and rotate stay in one place.
    `pace` is the way from frame to frame as a share of the usual one.
    """
    if motion not in MOTIONS:
        raise ValueError(f"unknown motion {motion!r}; there are {', '.join(MOTIONS)}")
    if motion == "drive":
        return _drive(path, rng, pace)
    return (_simple(motion, path, index * pace) for index in count())


def _drive(path: Path, rng: np.random.Generator, pace: float) -> Iterator[Pose]:
    along, step = 0.0, pace * float(rng.uniform(0.42, 0.5))
    wander, speed, spring = (float(value) for value in rng.uniform(0, 2 * np.pi, 3))
    for index in count():
        beside = LANE + 0.28 * np.sin(along / 6.5 + wander)
        steering = 0.28 / 6.5 * np.cos(along / 6.5 + wander)
        x, z = path.at(along, float(beside))
        bounce = np.sin(index * 1.7 + spring) * np.cos(index * 0.37)
        yield looking(
            (x, -EYE + 0.012 * float(bounce), z),
            path.heading(along + 1.5) + float(steering),
            -0.01 + 0.003 * float(np.sin(index * 1.1 + spring)),
            0.004 * float(np.sin(index * 0.83 + wander)),
        )
        along += step * (1 + 0.3 * float(np.sin(index / 7 + speed)))


def _simple(motion: str, path: Path, index: float) -> Pose:
    x, z = path.at(0.0, LANE)
    if motion == "forward":
        return looking((x, -EYE, z + 0.4 * index), 0.0, 0.0, 0.0)
    if motion == "lateral":
        return looking((x - 2.5, -EYE - 0.6, z + 2 + 0.25 * index), np.pi / 2, 0.0, 0.0)
    return looking((x, -EYE, z), 0.025 * index if motion == "rotate" else 0.0, 0.0, 0.0)
