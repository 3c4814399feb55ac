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


def test_the_rim_of_a_near_surface_is_trusted_less() -> None:
    depth = np.full((9, 20), 5, np.float32)
    depth[:, 8:] = 9
    depth[:, 16:] = 0

    def full(value: float) -> np.ndarray:
        return np.full(depth.shape, value, np.float32)

    agreed = Agreement(full(6), full(6), depth, full(0))
    found = confidence(agreed, full(1), full(1e6), sources=6)[4]
    np.testing.assert_allclose(found[[0, 5, 8, 13]], 1, rtol=1e-4)  # the far side is no rim
    assert found[[6, 7, 14, 15]].max() < 0.6
    assert found[[6, 7, 14, 15]].min() > STRICT
