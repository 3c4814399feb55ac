from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from app.viewer import cameras
from app.viewer.choice import centre_of
from rewis3d.geometry import pinhole
from rewis3d.scene import Scene


@pytest.mark.parametrize("count", [1, 2, 60, 61, 101, 5000])
def test_of_many_cameras_evenly_chosen_ones_are_drawn(count: int):
    found = cameras.shown(count)
    assert len(found) == min(count, cameras.MOST_CAMERAS)
    assert (found[0], found[-1]) == (0, count - 1)
    assert np.ptp(np.diff(found)) <= 1 if count > 2 else True


def test_the_field_of_view_is_vertical():
    camera = pinhole(50.0, 200, 100)
    assert cameras.field_of_view(camera) == pytest.approx(np.pi / 2)


@given(st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1))
def test_quaternions_are_the_rotations(xyzw: tuple[float, ...]):
    rotation = Rotation.from_quat(xyzw)
    w, x, y, z = cameras.quaternion(rotation.as_matrix())
    assert np.linalg.norm([w, x, y, z]) == pytest.approx(1)
    back = Rotation.from_quat([x, y, z, w])
    np.testing.assert_allclose(back.as_matrix(), rotation.as_matrix(), atol=1e-9)


def test_one_looks_from_behind_and_above_the_first_camera(scene: Scene):
    centre = centre_of(scene)
    at = cameras.standpoint(scene.views, scene.up, centre, 10.0)
    first = scene.views[0].geometry.T_world_camera
    offset = at.position + centre - first[:3, 3]
    assert offset @ first[:3, 2] < 0  # behind
    assert offset @ scene.up > 0  # above
    ahead = at.look_at + centre - first[:3, 3]
    np.testing.assert_allclose(ahead / np.linalg.norm(ahead), first[:3, 2])


def test_cameras_are_drawn_smaller_than_their_steps_and_never_out_of_scale(scene: Scene):
    assert cameras.size(scene, 20.0) == pytest.approx(0.6 * 0.5)
    assert cameras.size(scene, 1000.0) == pytest.approx(12.0)
    assert cameras.size(scene, 0.1) == pytest.approx(0.0025)
