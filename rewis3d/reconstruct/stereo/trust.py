"""How much a depth is to be trusted: what other views say, as the chance that it is right."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float32

from rewis3d.reconstruct.stereo.consistency import CLOSE, Agreement
from rewis3d.scene import STRICT

ENOUGH: Final = 2
"""Other views that have to agree with a depth that carries labels."""
LIKELY: Final = 0.7
"""Chance from which on it does."""
_WEAK: Final = 0.8 * STRICT
"""Confidence of a depth that passed the check of one other view alone, if it were right surely."""

# Log odds that a depth with ENOUGH views is off by less than 5 %, fitted by logistic regression on
# two rendered streets, what moves included (docs/decisions/0013).
_ALONE: Final = 1.45
_SHARE: Final = 2.08
"""... where all of the views that see the place agree."""
_AGAINST: Final = -0.87
"""... for each e-fold of the views that see something farther there, and one."""
_SPREAD: Final = -2.92
"""... where those that agree differ as much as they may."""


def confidence(agreement: Agreement) -> Float32[np.ndarray, "h w"]:
    """Return confidences: the chance of being right where a depth is likely and ENOUGH views agree.

    Those are above STRICT. Other depths that a view agrees with have some below it, in proportion
    to their chance; 0 where none does.
    """
    share = agreement.count / np.maximum(agreement.asked, 1)
    spread = np.minimum(agreement.spread / CLOSE, 1)
    odds = _ALONE + _SHARE * share + _AGAINST * np.log1p(agreement.against) + _SPREAD * spread
    chance = 1 / (1 + np.exp(-odds))
    strict = (agreement.count >= ENOUGH) & (chance >= LIKELY)
    trust = np.where(strict, chance, _WEAK * chance)
    return np.where(agreement.count > 0, trust, 0).astype(np.float32)
