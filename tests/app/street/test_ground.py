from __future__ import annotations

import numpy as np

from app.street.ground import HALF, KERB, grounds
from app.street.path import winding
from app.street.shape import PAVEMENT, ROAD, TREE
from tests.app.street.conftest import faces


def test_the_road_is_level_and_pavements_lie_higher():
    rng = np.random.default_rng(0)
    path = winding(rng)
    shape = faces(grounds(path, rng))
    assert {part.coat.class_id for part in shape} == {ROAD, PAVEMENT, TREE}
    for part in shape:
        heights = -part.corners[:, 1]
        if part.coat.class_id == ROAD:
            assert 0 <= heights.min() <= heights.max() < 0.01
        if part.coat.class_id == PAVEMENT:
            assert 0 <= heights.min() <= heights.max() <= KERB + 0.01
    road = np.concatenate([part.corners for part in shape if part.coat.class_id == ROAD])
    away = [np.hypot(path.x - x, path.z - z).min() for x, _, z in road[::5]]
    assert HALF - 0.1 < max(away) < HALF + 0.1
