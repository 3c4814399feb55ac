"""Range images: rows and columns are the directions that they say."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewis3d.reconstruct.formats import range_image

angle = st.floats(-1.5, 1.5)


def test_beams_are_spread_evenly_between_the_ends() -> None:
    assert range_image.inclinations(-0.4, 0.2, 3) == pytest.approx([-0.3, -0.1, 0.1])


def test_the_first_row_is_the_highest_beam_and_columns_turn_clockwise() -> None:
    ranges = np.full((2, 4), 2.0)
    measured = np.ones((2, 4), bool)
    measured[1, 2] = False
    beams = np.array([-0.5, 0.5])
    xyz = range_image.points(ranges, beams, np.eye(4), measured)
    assert len(xyz) == 7
    assert (xyz[:4, 2] > 0).all()
    assert (xyz[4:, 2] < 0).all()
    # behind to the left, ahead to the left, ahead to the right, behind to the right
    assert np.sign(xyz[:4, :2]).tolist() == [[-1, 1], [1, 1], [1, -1], [-1, -1]]
    assert np.linalg.norm(xyz, axis=1) == pytest.approx(2)


def test_a_lidar_that_is_turned_starts_behind_the_vehicle_all_the_same() -> None:
    T = np.eye(4)
    T[:3, :3] = cv2.Rodrigues(np.array([0, 0, 0.7]))[0]
    T[:3, 3] = 1, 2, 3
    ranges, measured = np.full((1, 8), 5.0), np.ones((1, 8), bool)
    straight = range_image.points(ranges, np.zeros(1), np.eye(4), measured)
    turned = range_image.points(ranges, np.zeros(1), T, measured)
    assert turned == pytest.approx(straight + T[:3, 3])


@given(roll=angle, pitch=angle, yaw=angle)
def test_each_point_is_turned_by_its_own_roll_pitch_and_yaw(
    roll: float, pitch: float, yaw: float
) -> None:
    R = np.eye(3)
    for axis, turn in zip(np.eye(3), (roll, pitch, yaw), strict=True):
        R = cv2.Rodrigues(axis * turn)[0] @ R
    xyz = np.array([[1.0, 2, 3], [4, 5, 6]])
    poses = np.array([[roll, pitch, yaw, 7, 8, 9], [0, 0, 0, 1, 1, 1]], np.float64)
    found = range_image.placed(xyz, poses)
    assert found[0] == pytest.approx(R @ xyz[0] + [7, 8, 9])
    assert found[1] == pytest.approx(xyz[1] + 1)
