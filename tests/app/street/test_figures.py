from __future__ import annotations

import numpy as np
import pytest

from app.street import figures

RNG = np.random.default_rng
CUT_OUT = {
    "tree": lambda: figures.tree(RNG(0)),
    "car side": lambda: figures.car_side((90, 90, 90)),
    "car end": lambda: figures.car_end((90, 90, 90), front=True),
    "pedestrian": lambda: figures.pedestrian(RNG(0), 0.8),
    "cyclist": lambda: figures.cyclist(RNG(0), 0.8),
    "round sign": lambda: figures.sign(0),
    "warning": lambda: figures.sign(1),
    "direction": lambda: figures.sign(2),
    "fence": lambda: figures.fence(RNG(0)),
}


@pytest.mark.parametrize("name", CUT_OUT)
def test_a_figure_is_a_premultiplied_cut_out(name):
    texture = CUT_OUT[name]()
    rgb, alpha = texture[..., :3], texture[..., 3:]
    assert 0 <= alpha.min() <= alpha.max() <= 1
    assert 0.15 < (alpha >= 0.5).mean() < 1
    assert (rgb <= 255 * alpha + 1e-3).all()
    assert rgb.std() > 5


def test_poles_and_the_sky_have_no_holes():
    for texture in (figures.pole(), figures.sky(100, 200, RNG(0))):
        assert (texture[..., 3] == 1).all()


def test_a_shadow_is_dark_and_soft():
    texture = figures.shadow()
    assert not texture[..., :3].any()
    assert texture[24, 24, 3] > 0.5
    assert texture[0, 0, 3] == 0


def test_legs_move_with_the_stride_and_the_clothes_stay():
    apart, together = figures.pedestrian(RNG(3), 1.0), figures.pedestrian(RNG(3), 0.0)
    assert not np.array_equal(apart[110:], together[110:])
    assert np.array_equal(apart[:34], together[:34])


def test_a_car_shows_red_lamps_behind_and_white_ones_in_front():
    behind, front = (figures.car_end((60, 60, 60), front=front) for front in (False, True))
    assert behind[60, 10, 0] > 150 > behind[60, 10, 1]
    assert front[60, 10, 1] > 200
