"""Textures of a street: everything is painted here, nothing is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float32

Texture = Float32[np.ndarray, "h w 4"]
Number = int | float
Colour = Sequence[Number] | np.ndarray

TEXELS: Final = 40
"""Per metre, on buildings and ground."""
WALLS: Final = (
    (156, 88, 70),
    (196, 176, 146),
    (172, 168, 160),
    (186, 140, 92),
    (138, 116, 104),
    (206, 196, 180),
)
COATS: Final = ((44, 52, 92), (150, 46, 44), (60, 92, 64), (206, 190, 160), (40, 40, 44))


def blank(height: int, width: int, colour: Colour, *, alpha: Number = 1.0) -> Texture:
    """Return a texture of one colour; an alpha of 0 leaves the drawing to decide what is seen."""
    texture = np.empty((height, width, 4), np.float32)
    texture[..., :3], texture[..., 3] = colour, alpha
    return texture


def finished(texture: Texture) -> Texture:
    """Bring it into range, premultiply its colours with alpha, and return it."""
    np.clip(texture, 0, np.array([255, 255, 255, 1], np.float32), out=texture)
    texture[..., :3] *= texture[..., 3:]
    return texture


def grain(
    height: int, width: int, *, size: Number, rng: np.random.Generator
) -> Float32[np.ndarray, "h w 1"]:
    """Return smooth noise about 0 with blobs of about `size` texels and their halves."""
    total = np.zeros((height, width), np.float32)
    for octave in range(3):
        step = max(1.0, size / 2**octave)
        shape = (int(height / step) + 2, int(width / step) + 2)
        coarse = 0.6**octave * rng.standard_normal(shape, np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return total[..., None]


def box(
    texture: Texture, x: Number, y: Number, width: Number, height: Number, colour: Colour
) -> None:
    """Fill a rectangle given in texels, opaque."""
    x0, y0 = max(round(x), 0), max(round(y), 0)
    texture[y0 : max(round(y + height), 0), x0 : max(round(x + width), 0)] = (*colour, 1.0)


def shape(texture: Texture, points: Sequence[tuple[Number, Number]], colour: Colour) -> None:
    """Fill a polygon given in shares of the texture, opaque."""
    size = np.array(texture.shape[1::-1])
    fixed = np.round(np.array(points) * size * 16).astype(np.int32)
    cv2.fillPoly(texture, [fixed], (*colour, 1.0), lineType=cv2.LINE_AA, shift=4)


def disc(texture: Texture, x: Number, y: Number, radius: Number, colour: Colour) -> None:
    """Fill a circle: its centre in shares of the texture, its radius in texels."""
    centre = (round(x * texture.shape[1]), round(y * texture.shape[0]))
    cv2.circle(texture, centre, round(radius), (*colour, 1.0), -1, cv2.LINE_AA)


def facade(width: Number, height: Number, *, light: Number, rng: np.random.Generator) -> Texture:
    """Return a house front of so many metres: shop, windows, cornice."""
    m = TEXELS
    wall = np.array(WALLS[rng.integers(len(WALLS))]) * rng.uniform(0.85, 1.1)
    texture = blank(round(height * m), round(width * m), wall)
    texture[::10, :, :3] *= 0.93  # courses of brick
    tall, wide = texture.shape[:2]
    columns = max(1, int(width / rng.uniform(1.9, 2.6)))
    pane = rng.uniform(0.9, 1.2) * m
    for floor in range(int((height - 4.2) / 2.9) + 1):
        for column in range(columns):
            x = wide * (column + 0.5) / columns - pane / 2
            _window(texture, x, tall - 3.6 * m - (2.9 * floor + 1.9) * m, pane, rng)
    _shop(texture, rng)
    box(texture, 0, 0, wide, 0.35 * m, wall * 1.2)
    box(texture, 0, 0.35 * m, wide, 0.12 * m, wall * 0.55)
    texture[..., :3] *= light * (1 + 0.07 * grain(tall, wide, size=60, rng=rng))
    return finished(texture)


def _window(texture: Texture, x: Number, y: Number, pane: Number, rng: np.random.Generator) -> None:
    tall = 1.55 * TEXELS
    box(texture, x - 4, y - 4, pane + 8, tall + 8, (226, 222, 212))
    glass = np.array((62, 78, 96)) * rng.uniform(0.6, 1.5)
    box(texture, x, y, pane, tall, glass)
    box(texture, x, y, pane, tall * rng.uniform(0.2, 0.5), glass * 1.35 + 18)  # the sky in it
    box(texture, x + pane / 2 - 1.5, y, 3, tall, (216, 212, 204))
    box(texture, x, y + tall * 0.4, pane, 3, (216, 212, 204))
    box(texture, x - 7, y + tall + 4, pane + 14, 5, (150, 144, 134))


def _shop(texture: Texture, rng: np.random.Generator) -> None:
    m, (tall, wide) = TEXELS, texture.shape[:2]
    board = np.array(COATS[rng.integers(len(COATS))]) * rng.uniform(0.9, 1.5)
    box(texture, 0, tall - 3.3 * m, wide, 3.3 * m, board * 0.75)
    box(texture, 0, tall - 3.3 * m, wide, 0.6 * m, board)
    for x in np.arange(0.8 * m, wide - 1.2 * m, 0.42 * m):  # letters nobody reads
        box(texture, x, tall - 3.12 * m, rng.uniform(4, 12), 0.25 * m, (232, 226, 206))
    bay = 1.7 * m
    for column in range(max(1, int(wide // bay))):
        goods = np.array((70, 72, 70)) + rng.uniform(-25, 70, 3)
        x = column * bay + 0.15 * m
        box(texture, x, tall - 2.55 * m, bay - 0.3 * m, 2.05 * m, (52, 58, 66))
        box(texture, x + 5, tall - 1.5 * m, bay - 0.3 * m - 10, 0.85 * m, goods)
    box(texture, wide * rng.uniform(0.2, 0.7), tall - 2.5 * m, m, 2.5 * m, board * 0.4)


def plain_wall(
    width: Number, height: Number, *, light: Number, rng: np.random.Generator
) -> Texture:
    """Return the end wall of a house, of so many metres."""
    wall = np.array(WALLS[rng.integers(len(WALLS))])
    texture = blank(round(height * TEXELS / 2), round(width * TEXELS / 2), wall * light)
    texture[::5, :, :3] *= 0.94
    texture[..., :3] *= 1 + 0.08 * grain(*texture.shape[:2], size=30, rng=rng)
    return finished(texture)


def road(width: Number, length: Number, rng: np.random.Generator) -> Texture:
    """Return asphalt with a dashed middle line and yellow lines along the kerbs."""
    m = TEXELS
    texture = blank(round(length * m), round(width * m), (92, 92, 95))
    tall, wide = texture.shape[:2]
    box(texture, wide / 2 - 3, 0, 6, tall * 0.45, (216, 216, 208))
    for x in (0.22 * m, wide - 0.3 * m):
        box(texture, x, 0, 4, tall, (190, 168, 84))
    fine = 0.055 * rng.standard_normal((tall, wide, 1), np.float32)
    texture[..., :3] *= 1 + fine + 0.05 * grain(tall, wide, size=70, rng=rng)
    return finished(texture)


def pavement(width: Number, length: Number, *, light: Number, rng: np.random.Generator) -> Texture:
    """Return flagstones."""
    m = TEXELS
    texture = blank(round(length * m), round(width * m), (158, 152, 144))
    tall, wide = texture.shape[:2]
    texture[:: round(0.8 * m), :, :3] *= 0.72
    texture[:, :: round(0.6 * m), :3] *= 0.8
    fine = 0.03 * rng.standard_normal((tall, wide, 1), np.float32)
    texture[..., :3] *= light * (1 + fine + 0.06 * grain(tall, wide, size=26, rng=rng))
    return finished(texture)
