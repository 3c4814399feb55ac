from __future__ import annotations

import numpy as np

from rewis3d.reconstruct.stereo.consistency import CLOSE, Agreement
from rewis3d.reconstruct.stereo.trust import confidence
from rewis3d.scene import STRICT


def trusted(count: float, *, spread: float = 0.0, score: float = 1.0, margin: float = 1e6) -> float:
    def full(value: float) -> np.ndarray:
        return np.full((1, 1), value, np.float32)

    agreed = Agreement(full(count), full(6), full(5), full(spread))
    return float(confidence(agreed, full(score), full(margin), sources=6)[0, 0])


def test_two_views_that_agree_make_a_depth_strict() -> None:
    assert trusted(0) == 0
    assert 0 < trusted(1) <= STRICT
    assert STRICT < trusted(2, spread=CLOSE, score=0) <= 1
    assert abs(trusted(6) - 1) < 1e-5


def test_more_views_less_spread_a_better_score_and_a_clearer_win_are_trusted_more() -> None:
    assert trusted(2) < trusted(4) < trusted(6)
    assert trusted(4, spread=0.01) < trusted(4, spread=0.005)
    assert trusted(4, score=0.5) < trusted(4, score=0.9)
    assert trusted(4, margin=0.1) < trusted(4, margin=0.5)
