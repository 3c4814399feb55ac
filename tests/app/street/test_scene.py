from __future__ import annotations

import numpy as np

from app.street.material import Material
from app.street.scene import Placed, assemble, joined
from app.street.shape import CAR, TREE, Coat, ball, face, pose

LEAF = Coat(Material.LEAVES, (0.1, 0.5, 0.1), TREE)
PAINT = Coat(Material.SMOOTH, (0.9, 0.1, 0.1), CAR)
SHAPE = [ball((0, -1, 2), (1, 2, 3), LEAF), face([(0, 0, 0), (1, 0, 0), (0, -1, 0)], PAINT)]


def test_parts_come_to_their_places_with_their_textures():
    T = pose(5, -2, 0.7, height=0.3)
    scene = assemble([Placed(SHAPE, T, moving=True)])
    assert scene.class_id.tolist() == [CAR, TREE]  # faces come first
    assert scene.perforated.tolist() == [False, True]
    assert scene.moving.all()
    assert np.allclose(scene.corners[0, :3], SHAPE[1].corners @ T[:3, :3].T + T[:3, 3])
    assert np.allclose(scene.corners[0, 3:], scene.corners[0, 2])
    assert np.allclose(scene.centres[0], (T @ (0, -1, 2, 1))[:3])
    assert np.allclose(scene.axes[0], T[:3, :3] @ np.diag((1, 2, 3)))
    point = np.array((0.3, -0.4, 0.5, 1))
    assert np.allclose(scene.uv[1] @ (T @ point), SHAPE[0].uv @ point)


def test_two_scenes_become_one_with_all_faces_first():
    first = assemble([Placed(SHAPE, np.eye(4)), Placed(SHAPE, pose(1, 1, 1))])
    second = assemble([Placed(SHAPE, pose(2, 2, 2), moving=True)])
    both = joined(first, second)
    assert both.class_id.tolist() == [CAR] * 3 + [TREE] * 3
    assert both.moving.tolist() == [False, False, True] * 2
    assert np.allclose(both.uv[5], second.uv[1])
    assert np.allclose(both.centres[2], second.centres[0])
    assert joined(first, assemble([])).class_id.tolist() == first.class_id.tolist()
