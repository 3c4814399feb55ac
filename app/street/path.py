"""The line that a street follows over the ground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64

START: Final = -14.0
END: Final = 106.0
_STEP: Final = 0.25


@dataclass(frozen=True, slots=True)
class Path:
    """Places and headings along the middle of the road, every quarter of a metre."""

    along: Float64[np.ndarray, "n"]
    x: Float64[np.ndarray, "n"]
    z: Float64[np.ndarray, "n"]
    angle: Float64[np.ndarray, "n"]
    """Radians from the z axis towards the x axis."""

    def heading(self, along: float) -> float:
        """Return the direction of the road after so many metres."""
        return float(np.interp(along, self.along, self.angle))

    def at(self, along: float, beside: float = 0.0) -> tuple[float, float]:
        """Return (x, z) so many metres along the road and to the right of its middle."""
        x, z = np.interp(along, self.along, self.x), np.interp(along, self.along, self.z)
        angle = self.heading(along)
        return float(x + beside * np.cos(angle)), float(z - beside * np.sin(angle))


def winding(rng: np.random.Generator) -> Path:
    """Return a street with one or two gentle bends; it starts along the z axis."""
    along = np.arange(START, END + _STEP, _STEP)
    bend, turn = rng.choice((-1, 1)) * rng.uniform(0.18, 0.45), rng.uniform(-0.12, 0.12)
    middle, width = rng.uniform(24, 42), rng.uniform(22, 34)
    angle = bend / (1 + np.exp(-(along - middle) / width * 3)) + turn * np.sin(along / 33)
    angle = angle - np.interp(0.0, along, angle)
    x, z = (np.cumsum(part) * _STEP for part in (np.sin(angle), np.cos(angle)))
    return Path(along, x - np.interp(0.0, along, x), z - np.interp(0.0, along, z), angle)
