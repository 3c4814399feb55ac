from __future__ import annotations

import numpy as np

from app.street import furniture
from app.street.house import wall_coat
from app.street.shape import FENCE, POLE, SIGN, Coat, Face
from tests.app.street.conftest import balls


def _faces(shape) -> np.ndarray:
    return np.concatenate([part.corners for part in shape if isinstance(part, Face)])


def test_poles_are_thin_and_signs_stand_on_them():
    for shape, height in ((furniture.lamp(1), 6.0), (furniture.sign(2), 2.95)):
        pole = np.concatenate([part.corners for part in shape if isinstance(part, Face)
                               and part.coat.class_id == POLE])  # fmt: skip
        assert -pole[:, 1].min() == height
        # at least a pixel wide at 30 metres with a focal length of 400 pixels
        assert 1 / 400 * 30 < np.ptp(pole[:, 0]) < 0.3
    assert {part.coat.class_id for part in furniture.sign(0)} == {POLE, SIGN}
    assert balls(furniture.lamp(-1))[-1].centre[0] == -balls(furniture.lamp(1))[-1].centre[0]


def test_walls_and_fences_are_as_long_as_asked_for():
    coat = wall_coat(np.random.default_rng(0))
    wall = furniture.wall(7.0, Coat(coat.material, coat.tint, FENCE, coat.tile))
    fence = furniture.fence(7.0, np.random.default_rng(0))
    for shape in (wall, fence):
        corners = _faces(shape)
        assert corners[:, 0].min() == 0
        assert 7.0 <= corners[:, 0].max() < 7.2
        assert 1.2 < -corners[:, 1].min() < 1.8
        assert {part.coat.class_id for part in shape} == {FENCE}
