"""Models adjusted to another lens than they were mapped with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rewis3d.reconstruct.cameras.adjust import adjusted
from rewis3d.reconstruct.cameras.mapping import Setting, map_globally

from .conftest import Walk
from .room import FOCAL
from .test_mapping import check


def test_a_model_of_a_wrong_lens_is_right_again_with_the_true_one(walk: Walk) -> None:
    wrong = [replace(lens, focal=FOCAL * 1.06) for lens in walk.lenses]
    (model,) = map_globally(
        walk.database, Setting(tuple(wrong), seed=0, given=True, held=True), group=range(8)
    )
    known = [replace(lens, radial=0.0) for lens in walk.lenses]
    check(adjusted(model, known), range(8))
    errors = [np.mean(one.errors(3)) for one in (model, adjusted(model, known))]
    assert errors[1] < errors[0]


def test_observations_stay_and_the_lens_is_the_one_that_was_told(walk: Walk) -> None:
    known = [replace(lens, radial=-0.02) for lens in walk.lenses]
    found = adjusted(walk.model, known)
    assert found.places == walk.model.places
    assert found.cameras[3].K[0, 0] == FOCAL
    assert found.cameras[3].distortion == (-0.02, 0.0, 0.0, 0.0)
    np.testing.assert_array_equal(found.point, walk.model.point)
    assert found.xyz.shape == walk.model.xyz.shape
    assert (found.held, found.doubt) == (True, 0.0)


def test_a_lens_that_nobody_knows_stays_as_it_was(walk: Walk) -> None:
    found = adjusted(walk.model, walk.lenses)
    assert found.cameras[0].K[0, 0] == pytest.approx(walk.model.cameras[0].K[0, 0])
    np.testing.assert_allclose(found.centres, walk.model.centres, atol=0.01)
