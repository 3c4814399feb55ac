from __future__ import annotations

import numpy as np
import pytest

from app.street.cards import HAZE, HAZE_RGB, Camera, Canvas, Card, draw, hazy

HEIGHT, WIDTH, FOCAL = 48, 64, 50.0
CAMERA = Camera(
    np.array([[FOCAL, 0, WIDTH / 2], [0, FOCAL, HEIGHT / 2], [0, 0, 1]]), np.eye(3), np.zeros(3)
)


def canvas() -> Canvas:
    shape = (HEIGHT, WIDTH)
    return Canvas(
        np.zeros((*shape, 3), np.float32), np.full(shape, 99, np.uint8), np.zeros(shape, np.float32)
    )


def plain(rgb=(200.0, 100.0, 50.0), alpha: float = 1.0) -> np.ndarray:
    texture = np.full((16, 16, 4), alpha, np.float32)
    texture[..., :3] = np.array(rgb) * alpha
    return texture


def card(x, y, z, width, height, *, texture=None, class_id: int | None = 3, solid=True) -> Card:
    """A card that faces the camera, its top left corner at (x, y, z)."""
    corner, across = np.array([x, y, z]), np.array([width, 0.0, 0.0])
    down = np.array([0.0, height, 0.0])
    return Card(plain() if texture is None else texture, corner, across, down, class_id, solid)


def test_a_card_covers_the_pixels_whose_centres_it_projects_to():
    seen = canvas()
    draw(card(-1.0, -0.5, 10.0, 3.0, 1.5), CAMERA, seen)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    world_x, world_y = (x - WIDTH / 2) * 10 / FOCAL, (y - HEIGHT / 2) * 10 / FOCAL
    sure = np.minimum.reduce([world_x + 1, 2 - world_x, world_y + 0.5, 1 - world_y])
    assert (seen.labels[sure > 0.01] == 3).all()
    assert (seen.labels[sure < -0.01] == 99).all()
    assert np.allclose(seen.depth[seen.labels == 3], 10)
    assert np.allclose(seen.image[seen.labels == 3], (200, 100, 50), atol=0.5)


def test_the_ground_ends_at_the_horizon_and_its_depth_is_exact():
    seen = canvas()
    ground = Card(
        plain(),
        np.array([-500.0, 1.5, 400.0]),
        np.array([1000.0, 0.0, 0.0]),
        np.array([0.0, 0.0, -500.0]),  # it goes on behind the camera
        3,
        True,
    )
    draw(ground, CAMERA, seen)
    assert (seen.labels[: HEIGHT // 2] == 99).all()
    assert (seen.labels[HEIGHT // 2 + 1 :] == 3).all()
    row = 40
    assert np.allclose(seen.depth[row], 1.5 * FOCAL / (row + 0.5 - HEIGHT / 2), rtol=1e-4)


def test_what_is_behind_the_camera_is_not_seen():
    seen = canvas()
    draw(card(-1.0, -1.0, -5.0, 2.0, 2.0), CAMERA, seen)
    assert (seen.labels == 99).all()
    assert not seen.image.any()


def test_what_is_drawn_later_covers_what_is_there():
    seen = canvas()
    draw(card(-2.0, -2.0, 10.0, 4.0, 4.0), CAMERA, seen)
    draw(card(-0.5, -0.5, 5.0, 1.0, 1.0, texture=plain((9.0, 9.0, 9.0)), class_id=4), CAMERA, seen)
    assert seen.labels[24, 32] == 4
    assert seen.depth[24, 32] == pytest.approx(5)
    assert np.allclose(seen.image[24, 32], 9)
    assert seen.labels[16, 24] == 3


def test_holes_show_what_is_behind():
    holed = plain()
    holed[:, :8] = 0
    seen = canvas()
    draw(card(-2.0, -2.0, 10.0, 4.0, 4.0, class_id=7), CAMERA, seen)
    draw(card(-1.0, -1.0, 5.0, 2.0, 2.0, texture=holed, solid=False), CAMERA, seen)
    assert seen.labels[24, 26] == 7
    assert seen.labels[24, 38] == 3


def test_a_shadow_darkens_and_changes_no_label():
    seen = canvas()
    draw(card(-2.0, -2.0, 10.0, 4.0, 4.0), CAMERA, seen)
    shade = plain((0.0, 0.0, 0.0), 0.6)
    draw(card(-1.0, -1.0, 9.0, 2.0, 2.0, texture=shade, class_id=None), CAMERA, seen)
    assert np.allclose(seen.image[24, 32], np.array([200, 100, 50]) * 0.4, atol=0.5)
    assert seen.labels[24, 32] == 3
    assert seen.depth[24, 32] == pytest.approx(10)


def test_seen_from_afar_a_texture_is_its_mean():
    stripes = plain((0.0, 0.0, 0.0))
    stripes[:, ::2, :3] = 200
    far = canvas()
    draw(card(-1.0, -1.0, 20.0, 2.0, 2.0, texture=stripes), CAMERA, far)
    inside = far.image[22:26, 30:34]
    assert np.abs(inside - 100).max() < 40


def test_haze_hides_what_is_far():
    seen = canvas()
    draw(card(-200.0, -200.0, HAZE, 400.0, 400.0), CAMERA, seen)
    lost = 1 - np.exp(-1)
    expected = (1 - lost) * np.array([200, 100, 50]) + lost * HAZE_RGB
    assert np.allclose(hazy(seen)[24, 32], expected, atol=0.5)
