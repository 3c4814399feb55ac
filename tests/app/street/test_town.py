from __future__ import annotations

import numpy as np

from app.street.shape import BUILDING, CAR, FENCE, PAVEMENT, POLE, ROAD, SIGN, TREE
from app.street.town import town
from tests.app.street.conftest import SEED


def test_a_street_has_everything_that_stands_in_one_and_sunlight():
    street = town(SEED)
    standing = set(np.unique(street.standing.class_id).tolist())
    assert standing == {BUILDING, POLE, ROAD, PAVEMENT, TREE, SIGN, FENCE, CAR}
    assert not street.standing.moving.any()
    assert np.linalg.norm(street.light.direction) == np.float64(1) or np.isclose(
        np.linalg.norm(street.light.direction), 1
    )
    assert street.light.direction[1] < -0.5  # up is -y
    assert street.sunlit.shape == (street.sun.height, street.sun.width)
    assert (street.sunlit > 0).mean() > 0.9


def test_fences_are_of_the_stuff_of_houses_and_pavements_of_the_roads():
    parts = town(SEED).standing
    coats = {class_id: {(int(material), *tint.tolist()) for material, tint in
                        zip(parts.material[parts.class_id == class_id],
                            parts.tint[parts.class_id == class_id], strict=True)}
             for class_id in (ROAD, PAVEMENT, FENCE, BUILDING)}  # fmt: skip
    assert coats[ROAD] & coats[PAVEMENT]
    assert coats[FENCE] & coats[BUILDING]
