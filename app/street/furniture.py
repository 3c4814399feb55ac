"""What stands beside a road: lamps, signs, walls, fences.

Lamps and signs have z along the street and x to its right; walls and fences run along x.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from app.street.material import Material
from app.street.shape import (
    FENCE,
    POLE,
    SIGN,
    Coat,
    Face,
    Number,
    Quarter,
    Shape,
    ball,
    box,
    fitted,
    limb,
    post,
)

METAL: Final = Coat(Material.SMOOTH, (0.30, 0.32, 0.33), POLE)


def lamp(toward: int) -> Shape:
    """Return a street lamp; its arm reaches `toward` the road, -1 or 1."""
    shape = post((0.0, 0.0), 0.075, (0.0, 6.0), METAL, taper=0.7)
    shape += post((0.0, 0.0), 0.12, (0.0, 0.9), METAL)
    tip = (toward * 1.3, -6.25, 0.0)
    shape.append(limb((0.0, -5.9, 0.0), tip, 0.06, METAL))
    shape.append(ball(tip, (0.34, 0.1, 0.16), METAL))
    return shape


def sign(number: int) -> Shape:
    """Return one of four traffic signs on a thin pole; it faces those who come along z."""
    shape = post((0.0, 0.0), 0.042, (0.0, 2.95), METAL)
    row, column = divmod(number % 4, 2)
    part = (column / 2, row / 2, column / 2 + 0.5, row / 2 + 0.5)
    side, low = 0.36, 2.15
    back = Coat(Material.SIGN, (0.30, 0.32, 0.33), SIGN)
    shape.append(_plate(side, low, -0.06, Coat(Material.SIGN, (1, 1, 1), SIGN), part))
    shape.append(_plate(side, low, -0.045, back, part))
    return shape


def _plate(side: Number, low: Number, z: Number, coat: Coat, part: Quarter) -> Face:
    high = low + 2 * side
    corners = [(-side, -high, z), (side, -high, z), (side, -low, z), (-side, -low, z)]
    return fitted(corners, coat, part)


def wall(length: Number, coat: Coat) -> Shape:
    """Return a garden wall along x, of the very stuff that houses are made of."""
    cap = Coat(Material.STONE, (0.55, 0.53, 0.5), FENCE, 2.4)
    shape = box((0.0, length), (0.0, 1.45), (0.0, 0.24), coat)
    shape += box((0.0, length), (1.45, 1.53), (-0.04, 0.28), cap)
    for x in np.arange(0.0, length - 0.3, 3.0):
        start = float(x)
        shape += box((start, start + 0.4), (0.0, 1.62), (-0.07, 0.31), coat)
    return shape


def fence(length: Number, rng: np.random.Generator) -> Shape:
    """Return a fence of boards along x, with posts."""
    red, green, blue = (np.array((0.62, 0.48, 0.34)) * rng.uniform(0.55, 1.2)).tolist()
    boards = Coat(Material.PICKETS, (red, green, blue), FENCE, 1.2)
    solid = Coat(Material.BOARDS, (red * 0.8, green * 0.8, blue * 0.8), FENCE)
    shape: Shape = []
    count = max(1, round(length / 2.4))
    for index in range(count):
        x0, x1 = length * index / count, length * (index + 1) / count
        corners = [(x0, -1.25, 0.0), (x1, -1.25, 0.0), (x1, -0.05, 0.0), (x0, -0.05, 0.0)]
        shape.append(fitted(corners, boards, (0.0, 0.0, (x1 - x0) / 1.2, 1.0)))
        shape += box((x0, x0 + 0.1), (0.0, 1.3), (0.02, 0.12), solid)
    return shape
