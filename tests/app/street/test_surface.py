from __future__ import annotations

import itertools

import numpy as np
import pytest

from app.street.camera import Camera, looking
from app.street.material import Material
from app.street.scene import Placed, assemble
from app.street.shape import CAR, FENCE, TREE, Coat, ball, box, face, fitted, limb, pose, post
from app.street.surface import surface
from tests.references import nearest_part

PLAIN = Coat(Material.SMOOTH, (1, 1, 1), CAR)
K = np.array([[60.0, 0, 40], [0, 60, 30], [0, 0, 1]])


def _camera(*position: float, yaw: float = 0.0, pitch: float = 0.0) -> Camera:
    x, y, z = position
    return Camera(K, looking((x, y, z), yaw, pitch, 0.05), 80, 60)


@pytest.mark.parametrize("seed", range(2))
def test_the_nearest_part_is_that_of_the_slow_twin(seed):
    rng = np.random.default_rng(seed)
    things = []
    for _ in range(12):
        x, z = rng.uniform(-5, 5), rng.uniform(-2, 14)
        size = rng.uniform(0.2, 1.5, 3).tolist()
        shape = box((0, size[0]), (0, size[1]), (0, size[2]), PLAIN)
        shape += post((-1, 0), 0.1, (0.0, 2.0), PLAIN)
        shape.append(limb((0, -2, 0), (float(size[0]), -1, 1), 0.3, PLAIN))
        shape.append(ball((0, -2.5, 0), (0.4, 0.6, 0.5), PLAIN))
        things.append(Placed(shape, pose(x, z, rng.uniform(0, 6))))
    scene, camera = assemble(things), _camera(0.1, -1.2, -3.0, yaw=0.1, pitch=0.05)
    seen = surface(scene, camera)
    rows, columns = rng.integers(0, 60, 100), rng.integers(0, 80, 100)
    agree = 0
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        part, depth = nearest_part(scene, camera, column + 0.5, row + 0.5)
        if depth is None:
            agree += seen.part[row, column] == -1
            assert seen.nearness[row, column] == 0
        else:
            agree += seen.part[row, column] == part
            assert 1 / seen.nearness[row, column] == pytest.approx(depth, rel=1e-4)
    assert agree >= 99  # two parts may be equally near


def test_a_wall_hides_what_is_behind_it_and_its_depth_is_exact():
    wall = face([(-9, -9, 4), (9, -9, 4), (9, 9, 4), (-9, 9, 4)], PLAIN)
    seen = surface(assemble([Placed([ball((0, 0, 6), (1, 1, 1), PLAIN), wall], np.eye(4))]),
                   Camera(K, np.eye(4), 80, 60))  # fmt: skip
    assert (seen.part == 0).all()
    assert np.allclose(seen.nearness, 0.25)


def test_neighbours_leave_no_seam_and_what_is_behind_the_camera_is_not_seen():
    rng = np.random.default_rng(0)
    cuts = np.sort(np.append(rng.uniform(-3, 3, 15), (-8.0, 8.0))).tolist()
    stripes = [
        face([(a, -9, 3 + a / 9), (b, -9, 3 + b / 9), (b, 9, 3 + b / 9), (a, 9, 3 + a / 9)], PLAIN)
        for a, b in itertools.pairwise(cuts)
    ]
    behind = [face([(-1, -1, -2), (1, -1, -2), (1, 1, -2), (-1, 1, -2)], PLAIN),
              ball((0, 0, -3), (1, 1, 1), PLAIN)]  # fmt: skip
    camera = Camera(K, looking((0, 0, 0), 0.0, 0.0, 0.2), 80, 60)
    seen = surface(assemble([Placed([*stripes, *behind], np.eye(4))]), camera)
    assert (seen.part >= 0).all()
    assert seen.part.max() < len(stripes)


def test_ground_under_the_camera_is_seen_up_to_the_images_edge():
    ground = face([(-50, 1, 90), (50, 1, 90), (50, 1, -50), (-50, 1, -50)], PLAIN)
    seen = surface(assemble([Placed([ground], np.eye(4))]), Camera(K, np.eye(4), 80, 60))
    rows = np.arange(60) + 0.5
    expected = np.where(rows > 31, (rows - 30) / 60, 0)[:, None] * np.ones(80)
    assert np.allclose(seen.nearness, expected, atol=1e-6)


def test_one_sees_through_holes():
    pickets = fitted([(-2, -2, 3), (2, -2, 3), (2, 2, 3), (-2, 2, 3)],
                     Coat(Material.PICKETS, (1, 1, 1), FENCE))  # fmt: skip
    leaves = ball((0, 0, 3), (1, 1, 1), Coat(Material.LEAVES, (1, 1, 1), TREE, 1.0))
    for part in (pickets, leaves):
        seen = surface(assemble([Placed([part], np.eye(4))]), Camera(K, np.eye(4), 80, 60))
        share = (seen.part[22:38, 32:48] >= 0).mean()
        assert 0.5 < share < 0.98
