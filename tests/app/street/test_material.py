from __future__ import annotations

import numpy as np

from app.street.material import Material, is_hole, look_up, textures
from app.street.picture import SIZE


def _at(material: Material, u, v, level: float) -> np.ndarray:
    u, v = np.broadcast_arrays(np.float32(u), np.float32(v))
    kind = np.full(u.shape, material, np.int32)
    return look_up(kind, np.array(u), np.array(v), np.full(u.shape, level, np.float32))


def test_textures_repeat_and_are_continuous_across_the_seam():
    u, v = np.random.default_rng(0).uniform(0, 1, (2, 4, 60))
    assert np.allclose(
        _at(Material.BRICK, u, v, 0), _at(Material.BRICK, u + 3, v - 2, 0), atol=0.03
    )
    left, right = (_at(Material.PLASTER, np.full((1, 60), x), v[:1], 0) for x in (1e-4, 1 - 1e-4))
    assert np.abs(left - right).max() < 0.02


def test_from_afar_a_texture_is_its_mean():
    u, v = np.random.default_rng(1).uniform(0, 1, (2, 40, 50))
    for material in (Material.ASPHALT, Material.BRICK, Material.BOARDS):
        near, far = (_at(material, u, v, level) for level in (0, 7))
        assert np.allclose(near.mean(axis=(0, 1)), far.mean(axis=(0, 1)), atol=0.05)
        assert far.std() < 0.6 * near.std()


def test_holes_are_those_of_the_texture_and_repeat():
    centres = (np.arange(SIZE) + 0.5) / SIZE
    for row in (10, 128):
        found = is_hole(Material.LEAVES, centres + 2, np.full(SIZE, (row + 0.5) / SIZE - 3))
        assert np.array_equal(found, textures().holes[Material.LEAVES, row])
    assert not textures().holes[Material.BRICK].any()
