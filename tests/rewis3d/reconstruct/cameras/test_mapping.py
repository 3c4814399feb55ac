from dataclasses import replace

import numpy as np
import pytest

from rewis3d.geometry import inverse, rotation_angle
from rewis3d.reconstruct.cameras.mapping import Setting, map_globally, map_incrementally

from .conftest import POSES, Walk
from .room import FOCAL


def check(model, places) -> None:
    """Rotations within half a degree, steps equal within 3 %: the walk is an even one."""
    assert model.places == tuple(places)
    for place in places[1:]:
        wanted = POSES[places[0]][:3, :3].T @ POSES[place][:3, :3]
        got = model.poses[places[0]][:3, :3].T @ model.poses[place][:3, :3]
        assert rotation_angle(wanted.T @ got) < 0.5
    steps = np.linalg.norm(np.diff(model.centres, axis=0), axis=1)
    assert steps / steps.mean() == pytest.approx(1, abs=0.03)
    assert all(np.mean(model.errors(place)) < 0.5 for place in places)
    assert all((model.depths(place) > 0).all() for place in places)


def test_global_mapping_finds_the_walk(walk: Walk) -> None:
    check(walk.model, range(8))
    assert walk.model.cameras[0].K[0, 0] == FOCAL


def test_incremental_mapping_finds_the_group_that_it_is_told(walk: Walk) -> None:
    setting = Setting(tuple(walk.lenses), seed=0, given=True, held=True)
    (model,) = map_incrementally(walk.database, setting, group=[1, 3, 5, 7])
    check(model, [1, 3, 5, 7])


def test_two_views_make_a_model(walk: Walk) -> None:
    setting = Setting(tuple(walk.lenses), seed=0, given=True, held=True)
    (model,) = map_incrementally(walk.database, setting, group=[0, 6])
    T_a_b = inverse(model.poses[0]) @ model.poses[6]
    wanted = inverse(POSES[0]) @ POSES[6]
    assert rotation_angle(T_a_b[:3, :3].T @ wanted[:3, :3]) < 0.5
    cosine = T_a_b[:3, 3] @ wanted[:3, 3] / np.linalg.norm(T_a_b[:3, 3])
    assert cosine / np.linalg.norm(wanted[:3, 3]) > 0.999


def test_equal_seeds_give_equal_cameras_and_leave_the_database_as_it_was(walk: Walk) -> None:
    before = walk.database.read_bytes()
    setting = Setting(tuple(walk.lenses), seed=0, given=True, held=True)
    (again,) = map_globally(walk.database, setting, group=range(8))
    np.testing.assert_allclose(again.centres, walk.model.centres, atol=1e-4)
    assert walk.database.read_bytes() == before
    assert not list(walk.folder.glob("tmp*"))


def test_distortion_is_looked_for_unless_lenses_are_held(walk: Walk) -> None:
    setting = Setting(tuple(walk.lenses), seed=0, given=True)
    (free,) = map_globally(walk.database, setting, group=range(8))
    assert len(free.cameras[0].distortion) == 4
    assert abs(free.cameras[0].distortion[0]) < 0.05
    assert walk.model.cameras[0].distortion == ()
    few = replace(setting, held=False)
    (two,) = map_incrementally(walk.database, few, group=[0, 6])
    assert two.cameras[0].K[0, 0] == FOCAL
