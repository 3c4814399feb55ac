from __future__ import annotations

import numpy as np

from app.street.house import RECESS, house, wall_coat
from app.street.material import Material
from app.street.shape import BUILDING
from tests.app.street.conftest import faces


def test_windows_and_doors_lie_behind_the_wall_within_it():
    for seed in range(6):
        rng = np.random.default_rng(seed)
        shape = faces(house(8.0, wall_coat(rng), rng))
        assert {part.coat.class_id for part in shape} == {BUILDING}
        panes = [part for part in shape if part.coat.material == Material.WINDOW]
        doors = [part for part in shape if part.coat.material == Material.DOOR]
        assert len(panes) >= 3
        assert len(doors) == 1
        for part in panes + doors:
            assert np.allclose(part.corners[:, 2], RECESS)
            assert (part.corners[:, 0] > 0).all()
            assert (part.corners[:, 0] < 8).all()
        height = -min(part.corners[:, 1].min() for part in shape)
        assert 6 < height < 18


def test_the_front_is_closed_around_its_openings():
    rng = np.random.default_rng(3)
    coat = wall_coat(rng)
    shape = faces(house(8.0, coat, rng))
    front = [part for part in shape if np.allclose(part.corners[:, 2], 0) and part.coat == coat]
    openings = [part for part in shape if np.allclose(part.corners[:, 2], RECESS)
                and part.coat.material in (Material.WINDOW, Material.DOOR)]  # fmt: skip
    area = sum(np.ptp(part.corners[:, 0]) * np.ptp(part.corners[:, 1]) for part in front + openings)
    side = next(part for part in shape if part.coat == coat and np.allclose(part.corners[:, 0], 0)
                and np.ptp(part.corners[:, 2]) > 5)  # fmt: skip
    assert np.isclose(area, 8 * np.ptp(side.corners[:, 1]))
