"""What flows through the method: predictions and the constants of label maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, UInt8

UNLABELLED: Final = 255
"""Label of a pixel without a class: takes part in unsupervised losses only."""
IGNORED: Final = 254
"""Label of a pixel that takes part in nothing."""


class Rewis3dError(ValueError):
    """Data or weights that the method can't work with; the message names them."""


@dataclass(frozen=True, slots=True)
class ClassSpec:
    """A class as the networks know it; its place in the list is its train id."""

    class_id: int
    name: str
    colour: tuple[int, int, int]
    has_geometry: bool = True


@dataclass(frozen=True, slots=True)
class Prediction:
    """A dense prediction of one frame at the frame's own size."""

    frame_id: int
    labels: UInt8[np.ndarray, "h w"]
    """Train ids of the round's classes."""
    confidence: Float32[np.ndarray, "h w"]
    """Largest softmax probability, 0..1."""
