from __future__ import annotations

import numpy as np

from app.street import plant
from app.street.shape import TREE, Ball
from tests.app.street.conftest import balls


def test_trees_have_volume_and_the_height_that_is_asked_for():
    shape = plant.tree(6.0, 1.6, np.random.default_rng(0))
    crown = [part for part in shape if isinstance(part, Ball)]
    assert len(crown) == 46
    top = min(part.centre[1] - part.axes[1, 1] for part in crown)
    assert 4.8 < -top < 6.6
    places = np.array([part.centre for part in crown])
    assert (np.ptp(places, axis=0) > 1.5).all()
    assert {part.coat.class_id for part in shape} == {TREE}


def test_a_hedge_runs_along_its_length():
    places = np.array(
        [part.centre for part in balls(plant.hedge(5.0, 1.5, np.random.default_rng(0)))]
    )
    assert 4 < np.ptp(places[:, 0]) < 5.2
    assert np.ptp(places[:, 2]) < 0.6
