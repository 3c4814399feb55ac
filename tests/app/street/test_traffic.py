from __future__ import annotations

import numpy as np

from app.street.path import winding
from app.street.shape import BICYCLIST, CAR, PEDESTRIAN
from app.street.traffic import moved, traffic


def test_cars_people_and_a_cyclist_move_on_along_the_street():
    rng = np.random.default_rng(0)
    path, movers = winding(rng), traffic(rng)
    first, later = moved(movers, path, 0), moved(movers, path, 10)
    assert {thing.shape[0].coat.class_id for thing in first} == {CAR, PEDESTRIAN, BICYCLIST}
    assert all(thing.moving for thing in first + later)
    for mover, before, after in zip(movers, first, later, strict=True):
        way = after.T_world_shape[:3, 3] - before.T_world_shape[:3, 3]
        pace = 10 * np.hypot(*mover.pace)
        assert 0.75 * pace < np.hypot(way[0], way[2]) < 1.25 * pace
        assert way @ before.T_world_shape[:3, 2] > 0.9 * np.linalg.norm(way[[0, 2]])
