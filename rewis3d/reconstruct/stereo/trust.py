"""How much a depth is to be trusted: what images and other views say, in one number."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float32

from rewis3d.reconstruct.stereo.consistency import CLOSE, Agreement
from rewis3d.scene import STRICT

LOWEST: Final = 1.2 * STRICT
"""Of the confidences above STRICT."""
ENOUGH: Final = 2
"""Other views that have to agree with a depth that carries labels."""

HALF_CLEAR: Final = 0.2
"""Margin of a plane over its rivals that counts half."""


def confidence(
    agreement: Agreement,
    score: Float32[np.ndarray, "h w"],
    margin: Float32[np.ndarray, "h w"],
    *,
    sources: int,
) -> Float32[np.ndarray, "h w"]:
    """Return confidences: above STRICT where at least ENOUGH views agree, 0 where none does.

    They grow with the share of the views asked that agree and how closely, with the windows'
    likeness (0..1) and with how clearly the depth won over others.
    """
    share = agreement.count / max(sources, 1)
    exact = 1 - np.minimum(agreement.spread / CLOSE, 1)
    clear = margin / (margin + HALF_CLEAR)
    trust = np.clip(share, 0, 1) * exact * np.clip(score, 0, 1) * clear
    strict = LOWEST + (1 - LOWEST) * trust
    weak = 0.8 * STRICT * trust
    return np.select([agreement.count >= ENOUGH, agreement.count > 0], [strict, weak]).astype(
        np.float32
    )
