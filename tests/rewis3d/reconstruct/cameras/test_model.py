import numpy as np
import pytest

from rewis3d.reconstruct.cameras.model import Model, angles, part

from .room import camera, pose


def model() -> Model:
    """Three cameras side by side; the last point is seen by the first two alone."""
    poses = {0: pose(), 1: pose(x=1.0), 4: pose(x=2.0)}
    xyz = np.array([[0.0, 0, 10], [1, 1, 20], [0.5, 0, 5]])
    rows = [(p, at) for p in range(3) for at in poses if not (p == 2 and at == 4)]
    point, place = (np.array(column) for column in zip(*rows, strict=True))
    xy = [camera().project(xyz[[p]] - poses[at][:3, 3])[0] for p, at in rows]
    cameras = dict.fromkeys(poses, camera())
    return Model((0, 1, 4), cameras, poses, xyz, point, place, np.array(xy))


def test_depths_and_errors_are_those_of_the_view() -> None:
    made = model()
    assert made.depths(4).tolist() == [10, 20]
    assert made.errors(0) == pytest.approx(0, abs=1e-9)
    made.xy[0] += [3, 4]
    assert made.errors(0) == pytest.approx([5, 0, 0])


def test_a_point_behind_a_camera_has_no_error() -> None:
    made = model()
    made.xyz[0, 2] = -1
    assert np.isnan(made.errors(0)[0])


def test_angles_are_between_the_rays_to_a_point() -> None:
    wide = np.degrees(np.arctan2(2, 10))
    assert angles(model())[0] == pytest.approx(wide)
    assert angles(model())[2] == pytest.approx(2 * np.degrees(np.arctan2(0.5, 5)))


def test_a_part_keeps_the_points_that_two_of_its_views_see() -> None:
    made = part(model(), [1, 4])
    assert made.places == (1, 4)
    assert made.xyz.tolist() == [[0, 0, 10], [1, 1, 20]]
    assert made.errors(1) == pytest.approx([0, 0], abs=1e-9)
    assert len(part(model(), [4]).xyz) == 0
