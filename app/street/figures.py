"""Textures of what stands and moves in a street."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from app.street.paint import (
    COATS,
    Colour,
    Number,
    Texture,
    blank,
    box,
    disc,
    finished,
    grain,
    shape,
)

PAINTS: Final = (
    (168, 172, 178),
    (60, 64, 70),
    (150, 34, 36),
    (38, 66, 120),
    (206, 206, 202),
    (74, 96, 84),
    (120, 110, 96),
)
"""Of cars."""


def sky(height: int, width: int, rng: np.random.Generator) -> Texture:
    """Return a bright sky with soft clouds."""
    down = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None, None]
    texture = blank(height, width, (0, 0, 0))
    texture[..., :3] = (1 - down) * (112, 158, 214) + down * (214, 222, 230)
    stretched = cv2.resize(grain(height, width // 3, size=60, rng=rng), (width, height))
    clouds = np.clip(stretched[..., None] * 0.55 + 0.15, 0, 0.85) * (1 - 0.4 * down)
    texture[..., :3] = texture[..., :3] * (1 - clouds) + 244 * clouds
    return finished(texture)


def tree(rng: np.random.Generator) -> Texture:
    """Return a tree, 5 by 7 metres: leaves lit from the left, gaps among them, a trunk."""
    height, width = 336, 240
    leaf = np.array((74, 106, 46)) * rng.uniform(0.8, 1.25) + rng.uniform(-10, 10, 3)
    texture = blank(height, width, leaf, alpha=0.0)
    shape(texture, [(0.475, 0.5), (0.525, 0.5), (0.545, 1), (0.455, 1)], (70, 58, 46))
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    round_ = ((x / width - 0.5) / 0.44) ** 2 + ((y / height - 0.36) / 0.34) ** 2
    rough = grain(height, width, size=44, rng=rng)[..., 0]
    fine = grain(height, width, size=9, rng=rng)[..., 0]
    crown = (1.05 - round_ + 0.30 * rough + 0.10 * fine) > 0.28
    lit = 1.05 - 0.5 * (x / width - 0.3) - 0.5 * (y / height - 0.2) + 0.20 * rough + 0.20 * fine
    texture[crown, :3] = (leaf * np.clip(lit, 0.35, 1.8)[..., None])[crown]
    texture[crown, 3] = 1.0
    return finished(texture)


def car_side(paint: Colour) -> Texture:
    """Return a hatchback from its side, 4 by 1.45 metres, its front to the right."""
    texture = blank(116, 320, paint, alpha=0.0)
    body = [(0.0, 0.48), (0.0, 0.84), (0.985, 0.84), (0.995, 0.6), (0.93, 0.5), (0.74, 0.44)]
    body += [(0.58, 0.03), (0.5, 0.0), (0.02, 0.0), (0.0, 0.1)]
    shape(texture, body, paint)
    shape(texture, [(0.0, 0.66), (0.99, 0.66), (0.985, 0.84), (0.0, 0.84)], dim(paint, 0.6))
    glass = (46, 56, 66)
    shape(texture, [(0.06, 0.1), (0.31, 0.09), (0.31, 0.41), (0.04, 0.41)], glass)
    shape(texture, [(0.34, 0.09), (0.53, 0.1), (0.66, 0.41), (0.34, 0.41)], glass)
    shape(texture, [(0.36, 0.12), (0.46, 0.12), (0.4, 0.39), (0.36, 0.39)], (110, 124, 136))
    box(texture, 100, 50, 2, 46, dim(paint, 0.6))
    box(texture, 208, 50, 2, 46, dim(paint, 0.6))
    for x in (0.19, 0.81):
        disc(texture, x, 0.79, 25, (24, 24, 26))
        disc(texture, x, 0.79, 14, (150, 152, 156))
        disc(texture, x, 0.79, 5, (60, 60, 64))
    return finished(texture)


def car_end(paint: Colour, *, front: bool) -> Texture:
    """Return a car from behind or from its front, 1.75 by 1.45 metres."""
    texture = blank(116, 140, paint, alpha=0.0)
    box(texture, 10, 96, 24, 20, (24, 24, 26))
    box(texture, 106, 96, 24, 20, (24, 24, 26))
    top = [(0.1, 0.0), (0.9, 0.0), (0.96, 0.42), (0.99, 0.55), (0.98, 0.9)]
    shape(texture, [*top, (0.02, 0.9), (0.01, 0.55), (0.04, 0.42)], paint)
    shape(texture, [(0.15, 0.06), (0.85, 0.06), (0.9, 0.4), (0.1, 0.4)], (52, 62, 72))
    shape(texture, [(0.18, 0.08), (0.5, 0.08), (0.36, 0.38), (0.13, 0.38)], (104, 118, 130))
    shape(texture, [(0.02, 0.72), (0.98, 0.72), (0.98, 0.9), (0.02, 0.9)], dim(paint, 0.55))
    lamp = (246, 240, 214) if front else (196, 30, 28)
    for x in (0.04, 0.8):
        box(texture, x * 140, 56, 22, 14, lamp)
    box(texture, 50, 64, 40, 11, (238, 238, 228) if front else (232, 202, 84))
    return finished(texture)


def dim(colour: Colour, share: float) -> tuple[Number, ...]:
    """Return a darker colour."""
    return tuple(value * share for value in colour)


def pedestrian(rng: np.random.Generator, stride: float) -> Texture:
    """Return someone walking, 0.8 by 1.75 metres; `stride` (-1..1) is how far the legs are."""
    coat, legs = COATS[rng.integers(len(COATS))], dim(COATS[rng.integers(len(COATS))], 0.6)
    skin = np.array((224, 178, 148)) * rng.uniform(0.5, 1.0)
    texture = blank(175, 80, coat, alpha=0.0)
    for side in (-1, 1):
        foot = 0.5 + 0.22 * side * stride
        shape(texture, [(0.4, 0.5), (0.6, 0.5), (foot + 0.09, 1), (foot - 0.09, 1)], legs)
        hand = 0.5 - 0.26 * side * stride
        shape(texture, [(0.42, 0.2), (0.58, 0.2), (hand + 0.06, 0.54), (hand - 0.06, 0.54)], coat)
    body = [(0.33, 0.2), (0.42, 0.15), (0.58, 0.15), (0.67, 0.2), (0.68, 0.56), (0.32, 0.56)]
    shape(texture, body, dim(coat, 1.15))
    disc(texture, 0.5, 0.08, 13, skin)
    shape(texture, [(0.34, 0.07), (0.36, 0.02), (0.5, -0.01), (0.64, 0.02), (0.66, 0.07)], legs)
    return finished(texture)


def cyclist(rng: np.random.Generator, stride: float) -> Texture:
    """Return someone on a bicycle from behind, 0.8 by 1.75 metres."""
    coat = COATS[rng.integers(len(COATS))]
    texture = blank(175, 80, coat, alpha=0.0)
    box(texture, 37, 105, 6, 70, (28, 28, 30))
    box(texture, 14, 84, 52, 5, (60, 60, 64))
    for side in (-1, 1):
        knee = 0.62 + 0.07 * side * stride
        hip = 0.5 + 0.06 * side
        shape(texture, [(hip - 0.1, 0.52), (hip + 0.1, 0.52), (hip + 0.09, knee + 0.2),
                        (hip - 0.03, knee + 0.2)], (52, 56, 70))  # fmt: skip
    shape(texture, [(0.3, 0.2), (0.7, 0.2), (0.74, 0.5), (0.66, 0.58), (0.34, 0.58), (0.26, 0.5)],
          coat)  # fmt: skip
    disc(texture, 0.5, 0.1, 13, (216, 84, 52))
    return finished(texture)


def pole() -> Texture:
    """Return a steel pole, rounded by its light."""
    texture = blank(256, 8, (96, 102, 104))
    texture[..., :3] *= np.linspace(1.25, 0.6, 8, dtype=np.float32)[:, None]
    return finished(texture)


def sign(kind: int) -> Texture:
    """Return a traffic sign: a round one, a warning or a direction."""
    texture = blank(96, 96, (190, 30, 36), alpha=0.0)
    if kind % 3 == 0:
        disc(texture, 0.5, 0.5, 46, (194, 30, 38))
        disc(texture, 0.5, 0.5, 34, (242, 242, 240))
        box(texture, 30, 42, 36, 12, (30, 30, 32))
    elif kind % 3 == 1:
        shape(texture, [(0.5, 0.03), (0.99, 0.93), (0.01, 0.93)], (194, 30, 38))
        shape(texture, [(0.5, 0.24), (0.82, 0.82), (0.18, 0.82)], (244, 242, 236))
        box(texture, 44, 42, 8, 22, (30, 30, 32))
    else:
        box(texture, 2, 14, 92, 68, (30, 84, 172))
        shape(texture, [(0.2, 0.44), (0.6, 0.44), (0.6, 0.3), (0.84, 0.5), (0.6, 0.7), (0.6, 0.57),
                        (0.2, 0.57)], (240, 242, 246))  # fmt: skip
    return finished(texture)


def fence(rng: np.random.Generator) -> Texture:
    """Return boards on rails, 4 by 1.3 metres."""
    texture = blank(104, 320, (0, 0, 0), alpha=0.0)
    for x in range(0, 320, 16):
        board = np.array((122, 92, 62)) * rng.uniform(0.75, 1.15)
        box(texture, x, rng.uniform(0, 5), 15, 104, board)
        box(texture, x + 15, 6, 1, 98, board * 0.5)
    for y in (16, 80):
        texture[y : y + 7, :, :3] *= 0.75
    return finished(texture)


def shadow() -> Texture:
    """Return the soft dark patch under something."""
    y, x = np.mgrid[-1:1:48j, -1:1:48j]
    texture = blank(48, 48, (0, 0, 0))
    texture[..., 3] = 0.62 * np.clip(1.3 * (1 - np.hypot(x, y)), 0, 1)
    return finished(texture)
