from __future__ import annotations

import numpy as np

from app.street.person import clothes, rider, walker
from app.street.shape import BICYCLIST, PEDESTRIAN, Ball


def _places(shape) -> np.ndarray:
    return np.array([part.centre for part in shape if isinstance(part, Ball)])


def test_walkers_swing_their_legs_and_keep_their_heads():
    wears = clothes(np.random.default_rng(0))
    together, apart = _places(walker(wears, 0.0)), _places(walker(wears, np.pi / 2))
    assert np.allclose(together[:4], apart[:4])
    assert np.ptp(apart[:, 2]) > np.ptp(together[:, 2]) + 0.3
    assert 1.5 < -together[:, 1].min() < 1.8
    assert {part.coat.class_id for part in walker(wears, 0.0)} == {PEDESTRIAN}


def test_riders_pedal():
    wears = clothes(np.random.default_rng(1))
    first, second = rider(wears, 0.0), rider(wears, 1.0)
    assert {part.coat.class_id for part in first} == {BICYCLIST}
    assert not np.allclose(_places(first), _places(second))
