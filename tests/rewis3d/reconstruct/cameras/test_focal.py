from dataclasses import replace

import pytest

from rewis3d.reconstruct.cameras.features import lenses_of
from rewis3d.reconstruct.cameras.focal import DOUBTFUL, KNOWN, believable
from rewis3d.reconstruct.cameras.mapping import Setting, map_globally

from .conftest import Walk
from .room import FOCAL


def mapped(walk: Walk, *, focal: float, places: range):
    setting = Setting(tuple(lenses_of(walk.views, focal)), seed=0, given=focal > 0)
    return map_globally(walk.database, setting, group=places)


def test_a_camera_that_turns_tells_its_focal_length(walk: Walk) -> None:
    (model,) = mapped(walk, focal=0.0, places=range(8))
    assert model.doubt < DOUBTFUL
    assert model.cameras[0].K[0, 0] == pytest.approx(FOCAL, rel=0.03)


def test_doubt_is_less_where_the_focal_length_is_given(walk: Walk) -> None:
    (free,) = mapped(walk, focal=0.0, places=range(8))
    (given,) = mapped(walk, focal=FOCAL, places=range(8))
    assert 0 < given.doubt < free.doubt


def test_a_lens_far_from_what_its_file_says_or_in_doubt_is_not_believed(walk: Walk) -> None:
    def says(share: float) -> bool:
        return believable(walk.model, lenses_of(walk.views, FOCAL * share))

    assert says(1.0)
    assert says(1 - KNOWN / 2)
    assert not says(1 + 2 * KNOWN)
    assert believable(walk.model, lenses_of(walk.views, 0.0))
    assert not believable(replace(walk.model, doubt=2 * DOUBTFUL), walk.lenses)
