from __future__ import annotations

import numpy as np
import pytest

from app.street import picture
from app.street.material import Material

PERFORATED = {"leaves", "sign", "wheel", "pickets", "spokes"}


@pytest.mark.parametrize("name", [material.name.lower() for material in Material])
def test_a_picture_holds_reflectances_and_holes_only_where_it_should(name):
    painted = getattr(picture, name)(np.random.default_rng(1))
    assert painted.shape == (picture.SIZE, picture.SIZE, 4)
    assert painted.dtype == np.float32
    assert set(np.unique(painted[..., 3])) <= {0.0, 1.0}
    assert (painted[..., 3] == 0).any() == (name in PERFORATED)
    assert 0.02 < painted[..., :3][painted[..., 3] > 0].mean() < 0.98


def test_rich_textures_vary_and_lacquer_does_not():
    spread = {name: getattr(picture, name)(np.random.default_rng(1))[..., :3].std()
              for name in ("brick", "leaves", "asphalt", "smooth", "plaster")}  # fmt: skip
    assert min(spread["brick"], spread["leaves"], spread["asphalt"]) > 0.07
    assert max(spread["smooth"], spread["plaster"]) < 0.06


def test_grain_repeats_and_keeps_to_its_sizes():
    coarse = picture.grain(np.random.default_rng(2), 128, 32)
    assert coarse.std() == pytest.approx(1, abs=1e-3)
    assert np.abs(coarse[:, 0] - coarse[:, -1]).max() < 0.5
    assert np.abs(np.diff(coarse, axis=1)).mean() < 0.1
