from __future__ import annotations

import numpy as np

from rewis3d.reconstruct.stereo.consistency import CLOSE, Agreement
from rewis3d.reconstruct.stereo.trust import LIKELY, confidence
from rewis3d.scene import STRICT


def trusted(
    count: float, *, asked: float = 6.0, against: float = 0.0, spread: float = 0.1 * CLOSE
) -> float:
    def full(value: float) -> np.ndarray:
        return np.full((1, 1), value, np.float32)

    agreed = Agreement(full(count), full(asked), full(against), full(5), full(spread))
    return float(confidence(agreed)[0, 0])


def test_two_views_that_agree_make_a_likely_depth_strict() -> None:
    assert trusted(0) == 0
    assert 0 < trusted(1, asked=1) <= STRICT
    assert trusted(2, asked=2) >= LIKELY
    assert trusted(6) > 0.95


def test_what_is_hardly_likely_carries_no_labels() -> None:
    assert 0 < trusted(2, asked=9, against=7, spread=CLOSE) < STRICT


def test_more_views_less_spread_and_no_view_that_sees_through_it_are_trusted_more() -> None:
    assert trusted(3) < trusted(4) < trusted(6)
    assert trusted(4, spread=0.5 * CLOSE) < trusted(4, spread=0.2 * CLOSE)
    assert trusted(4, against=2) < trusted(4, against=1) < trusted(4)


def test_a_confidence_is_the_logistic_of_what_speaks_for_a_depth() -> None:
    odds = 1.45 + 2.08 * 4 / 5 - 0.87 * np.log(2) - 2.92 * 0.1
    assert abs(trusted(4, asked=5, against=1) - 1 / (1 + np.exp(-odds))) < 1e-6
