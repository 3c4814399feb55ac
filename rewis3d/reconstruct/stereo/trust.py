"""How much a depth is to be trusted: what images and other views say, in one number."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from rewis3d.reconstruct.stereo.consistency import CLOSE, Agreement
from rewis3d.scene import STRICT

LOWEST: Final = 1.2 * STRICT
"""Of the confidences above STRICT."""
ENOUGH: Final = 2
"""Other views that have to agree with a depth that carries labels."""

HALF_CLEAR: Final = 0.2
"""Margin of a plane over its rivals that counts half."""

RIM: Final = 2
"""Pixels that windows carry a near surface's depth over what lies behind its edge."""
RIM_TRUST: Final = 0.4
"""What the trust in such pixels is multiplied with: about half of them are right."""
JUMP: Final = 1.1
"""Ratio of depths across an edge."""


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
    trust = np.where(_at_rim(agreement.depth), RIM_TRUST * trust, trust)
    strict = LOWEST + (1 - LOWEST) * trust
    weak = 0.8 * STRICT * trust
    return np.select([agreement.count >= ENOUGH, agreement.count > 0], [strict, weak]).astype(
        np.float32
    )


def _at_rim(depth: Float32[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Return the outermost pixels of surfaces that have something farther, or nothing, behind."""
    endless = np.where(depth > 0, depth, np.float32(np.finfo(np.float32).max))
    around = np.ones((2 * RIM + 1, 2 * RIM + 1), np.uint8)
    return np.asarray(cv2.dilate(endless, around)) > JUMP * depth
