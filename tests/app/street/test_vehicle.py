from __future__ import annotations

import numpy as np

from app.street.material import Material
from app.street.shape import CAR
from app.street.vehicle import car
from tests.app.street.conftest import faces


def test_cars_have_the_size_of_cars_and_four_wheels_on_the_ground():
    heights = set()
    for seed in range(8):
        shape = faces(car(np.random.default_rng(seed)))
        corners = np.concatenate([part.corners for part in shape])
        assert {part.coat.class_id for part in shape} == {CAR}
        width, height, length = np.ptp(corners, axis=0)
        assert 1.6 < width < 1.9
        assert 1.4 < height < 1.9
        assert 3.8 < length < 4.5
        assert np.allclose(corners[:, 0].min(), -corners[:, 0].max())
        assert corners[:, 1].max() == 0
        wheels = [part for part in shape if part.coat.material == Material.WHEEL]
        assert len(wheels) == 4
        heights.add(round(height, 2))
    assert len(heights) == 3
