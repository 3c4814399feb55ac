"""What moves: cars, people on foot and on bicycles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64

from app.street.ground import HALF, KERB
from app.street.path import Path
from app.street.person import Clothes, clothes, rider, walker
from app.street.scene import Placed
from app.street.shape import (
    Number,
    Pair,
    Shape,
    pose,
)
from app.street.vehicle import car

STRIDE: Final = 4.4
"""Radians of a step for each metre walked."""


@dataclass(frozen=True, slots=True)
class Mover:
    """Something on its way; places are (along, beside) the street, metres."""

    start: Pair
    pace: Pair
    """Metres a frame, along and beside."""
    body: Shape | None
    """Of a car; people's are made anew in each frame, for their steps."""
    wears: Clothes | None = None
    rides: bool = False


def traffic(rng: np.random.Generator) -> list[Mover]:
    """Return a car ahead, one that comes towards, a cyclist, and people on foot."""
    movers = [
        Mover((float(rng.uniform(13, 18)), 1.5), (float(rng.uniform(0.5, 0.62)), 0.0), car(rng)),
        Mover((float(rng.uniform(38, 52)), -1.6), (-float(rng.uniform(0.55, 0.75)), 0.0), car(rng)),
        Mover((float(rng.uniform(8, 11)), 2.0), (float(rng.uniform(0.38, 0.46)), 0.0), None,
              clothes(rng), rides=True),
        Mover((float(rng.uniform(24, 30)), 4.2), (0.0, -float(rng.uniform(0.08, 0.12))), None,
              clothes(rng)),
    ]  # fmt: skip
    for along in (7.0, 12.0, 17.0, 25.0, 34.0, 44.0):
        side, way = float(rng.choice((-1, 1))), float(rng.choice((-1, 1)))
        beside = side * (HALF + float(rng.uniform(1.3, 2.2)))
        start = (along + float(rng.uniform(-2, 3)), beside)
        movers.append(Mover(start, (way * float(rng.uniform(0.07, 0.1)), 0.0), None, clothes(rng)))
    return movers


def moved(movers: Sequence[Mover], path: Path, index: Number) -> list[Placed]:
    """Return the movers as they are in a frame, or between two."""
    return [Placed(_shape(mover, index), _pose(mover, path, index), True) for mover in movers]


def _shape(mover: Mover, index: Number) -> Shape:
    if mover.body is not None:
        return mover.body
    assert mover.wears is not None  # noqa: S101
    way = index * float(np.hypot(*mover.pace)) + mover.start[0]
    return rider(mover.wears, way * 2.2) if mover.rides else walker(mover.wears, way * STRIDE)


def _pose(mover: Mover, path: Path, index: Number) -> Float64[np.ndarray, "4 4"]:
    along, beside = np.add(mover.start, np.multiply(mover.pace, index)).tolist()
    x, z = path.at(along, beside)
    turn = float(np.arctan2(mover.pace[1], mover.pace[0]))
    height = KERB if abs(beside) > HALF else 0.0
    return pose(x, z, path.heading(along) + turn, height=height)
