from __future__ import annotations

import numpy as np

from app.street.material import Material
from app.street.shape import CAR, Coat, ball, box, face, fitted, ground, limb, pose, post
from tests.app.street.conftest import faces

COAT = Coat(Material.SMOOTH, (1, 1, 1), CAR, 2.0)


def _uv(part, point) -> np.ndarray:
    return part.uv @ np.append(point, 1.0)


def test_neighbours_share_one_texture_and_a_fitted_one_fills_its_face():
    left = face([(0, -2, 1), (3, -2, 1), (3, 0, 1), (0, 0, 1)], COAT)
    right = face([(3, -2, 1), (4, -2, 1), (4, 0, 1), (3, 0, 1)], COAT)
    assert np.allclose(_uv(left, (3, -1, 1)), _uv(right, (3, -1, 1)))
    assert np.allclose(_uv(left, (3, -1, 1)) - _uv(left, (1, -1, 1)), (1, 0))  # a tile is 2 m
    corners = [(1.0, -2.0, 3.0), (1.0, -2.0, 7.0), (1.0, -1.0, 7.0), (1.0, -1.0, 3.0)]
    pane = fitted(corners, COAT, (0.5, 0.0, 1.0, 0.25))
    assert np.allclose([_uv(pane, corner) for corner in corners],
                       [(0.5, 0), (1, 0), (1, 0.25), (0.5, 0.25)])  # fmt: skip
    level = ground([(0, 0, 1), (1, 0, 1), (1, 0, 0)], COAT)
    assert np.allclose(_uv(level, (4, 0, -6)), (2, -3))


def test_boxes_posts_and_balls_have_the_size_that_is_asked_for():
    corners = np.concatenate([part.corners for part in faces(box((0, 1), (0.5, 2), (3, 5), COAT))])
    assert np.allclose(corners.min(axis=0), (0, -2, 3))
    assert np.allclose(corners.max(axis=0), (1, -0.5, 5))
    sides = np.concatenate([part.corners for part in faces(post((1, 2), 0.1, (0, 3), COAT))])
    assert np.allclose(np.hypot(sides[:, 0] - 1, sides[:, 2] - 2), 0.1)
    assert np.allclose(ball((1, 2, 3), (4, 5, 6), COAT).axes, np.diag((4, 5, 6)))
    arm = limb((0, -1, 0), (0, -2, 2), 0.1, COAT)
    assert np.allclose(arm.centre + arm.axes[:, 0], (0, -2, 2))
    assert np.allclose(np.linalg.norm(arm.axes[:, 1:], axis=0), 0.1)
    assert np.allclose(arm.axes.T @ arm.axes, np.diag((1.25, 0.01, 0.01)))


def test_a_pose_turns_to_the_right():
    T = pose(3, 4, np.pi / 2, height=0.5)
    assert np.allclose(T @ (0, 0, 1, 1), (4, -0.5, 4, 1))
    assert np.allclose(T @ (1, 0, 0, 1), (3, -0.5, 3, 1))
