from __future__ import annotations

import numpy as np

from app.street import paint


def test_a_finished_texture_is_premultiplied_and_in_range():
    texture = paint.blank(4, 6, (300, 100, -20), alpha=0.5)
    assert np.allclose(paint.finished(texture), (127.5, 50, 0, 0.5))


def test_boxes_are_opaque_and_cut_at_the_border():
    texture = paint.blank(10, 20, (0, 0, 0), alpha=0.0)
    paint.box(texture, -5, 2, 10, 3, (1, 2, 3))
    assert (texture[2:5, :5] == (1, 2, 3, 1)).all()
    assert texture[..., 3].sum() == 15


def test_shapes_and_discs_fill_what_they_say():
    texture = paint.blank(100, 100, (0, 0, 0), alpha=0.0)
    paint.shape(texture, [(0, 0), (0.5, 0), (0.5, 0.5), (0, 0.5)], (1, 2, 3))
    assert abs(texture[..., 3].sum() - 2500) < 150
    paint.disc(texture, 0.75, 0.75, 20, (9, 9, 9))
    assert abs((texture[..., 0] == 9).sum() - np.pi * 400) < 80
    assert (texture[75, 75] == (9, 9, 9, 1)).all()


def test_grain_is_smooth_about_nothing():
    grain = paint.grain(200, 300, size=40, rng=np.random.default_rng(0))
    assert abs(grain.mean()) < 0.3
    assert 0.3 < grain.std() < 2
    assert np.abs(np.diff(grain, axis=1)).mean() < 0.1 * grain.std()


def test_surfaces_are_solid_repeat_by_seed_and_differ_between_seeds():
    def surfaces(seed: int) -> list[np.ndarray]:
        rng = np.random.default_rng(seed)
        return [
            paint.facade(6.5, 8.0, light=1.0, rng=rng),
            paint.plain_wall(8.0, 8.0, light=0.7, rng=rng),
            paint.road(9.0, 8.0, rng),
            paint.pavement(3.0, 8.0, light=0.8, rng=rng),
        ]

    for first, again, other in zip(surfaces(1), surfaces(1), surfaces(2), strict=True):
        assert (first[..., 3] == 1).all()
        assert first[..., :3].min() >= 0
        assert first[..., :3].max() <= 255
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)
