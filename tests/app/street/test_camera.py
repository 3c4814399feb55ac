from __future__ import annotations

import numpy as np

from app.street.camera import Camera, looking


def test_yaw_turns_right_pitch_up_and_roll_leans():
    ahead, right = np.array((0, 0, 1)), np.array((1, 0, 0))
    assert np.allclose(looking((1, 2, 3), np.pi / 2, 0, 0)[:3, :3] @ ahead, (1, 0, 0))
    assert (looking((0, 0, 0), 0, 0.3, 0)[:3, :3] @ ahead)[1] < 0  # y is down
    assert (looking((0, 0, 0), 0, 0, 0.3)[:3, :3] @ right)[1] > 0
    T = looking((1, 2, 3), 0.4, -0.2, 0.1)
    assert np.allclose(T[:3, :3] @ T[:3, :3].T, np.eye(3))
    assert np.allclose(T[:3, 3], (1, 2, 3))


def test_a_finer_camera_sees_the_same():
    K = np.array([[50.0, 0, 20], [0, 50, 15], [0, 0, 1]])
    camera = Camera(K, looking((0, -1, 0), 0.3, 0, 0), 40, 30)
    fine = camera.finer(3)
    assert (fine.width, fine.height) == (120, 90)
    assert np.allclose(camera.rays @ (7.5, 9.5, 1), fine.rays @ (22.5, 28.5, 1))
    assert np.allclose(camera.rays @ (20, 15, 1), camera.T_world_camera[:3, 2])
