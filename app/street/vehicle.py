"""Cars. Axes: z forward from the middle of the car, x to its right, ground at y = 0."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float64

from app.street.material import Material
from app.street.shape import (
    CAR,
    Coat,
    Colour,
    Face,
    Number,
    Pair,
    Point,
    Shape,
    face,
    fitted,
)

PAINTS: Final[tuple[Colour, ...]] = (
    (0.55, 0.56, 0.58),
    (0.06, 0.07, 0.08),
    (0.45, 0.04, 0.04),
    (0.05, 0.12, 0.35),
    (0.78, 0.78, 0.76),
    (0.10, 0.22, 0.16),
    (0.55, 0.42, 0.10),
)
_DARK: Final = Coat(Material.SMOOTH, (0.03, 0.03, 0.035), CAR)
_GLASS: Final = Coat(Material.SMOOTH, (0.05, 0.065, 0.08), CAR)
_TYRE: Final = Coat(Material.WHEEL, (1, 1, 1), CAR)
_WHITE: Final = Coat(Material.SMOOTH, (0.95, 0.93, 0.85), CAR)
_RED: Final = Coat(Material.SMOOTH, (0.65, 0.02, 0.02), CAR)

Section = Point
"""Half width, height above ground, z: a level line across the car."""


def car(rng: np.random.Generator) -> Shape:
    """Return a saloon, a hatchback or a van."""
    paint = PAINTS[rng.integers(len(PAINTS))]
    coat = Coat(Material.SMOOTH, paint, CAR)
    kind = int(rng.integers(3))
    half, top = float(rng.uniform(0.84, 0.9)), (1.44, 1.48, 1.86)[kind]
    front, rear = (2.15, 1.95, 2.1)[kind], (-2.2, -1.9, -2.15)[kind]
    belt = (0.9, 0.92, 1.0)[kind]
    hood = [(half - 0.06, 0.72, front), (half - 0.04, belt, (0.95, 0.95, 1.35)[kind])]
    roof_z = ((0.25, -0.85), (0.3, -1.35), (0.85, -2.0))[kind]
    roof = [(half - 0.2, top, z) for z in roof_z]
    boot = [(half - 0.04, belt, (-1.65, -1.8, -2.1)[kind]), (half - 0.05, belt - 0.05, rear)]
    line: list[Section] = [(half - 0.02, 0.3, front), *hood, *roof, *boot, (half, 0.3, rear)]
    shape = _skin(line, [coat, coat, _GLASS, coat, _GLASS, coat, coat])
    shape += _flanks(line, half, coat)
    shape += _wheels(front, rear, half)
    return shape + _ends(front, rear, half, belt)


def _skin(line: list[Section], coats: list[Coat]) -> Shape:
    """Return the strips over the car, from its front bumper to its rear one."""
    shape: Shape = []
    for (w0, h0, z0), (w1, h1, z1), coat in zip(line, line[1:], coats, strict=False):
        shape.append(face([(-w0, -h0, z0), (w0, -h0, z0), (w1, -h1, z1), (-w1, -h1, z1)], coat))
    return shape


def _flanks(line: list[Section], half: Number, coat: Coat) -> Shape:
    """Return both sides: body, glass house, panes, the sill and the doors' seams."""
    low_z, front_z = line[-1][2], line[0][2]
    shape: Shape = []
    for side in (-1, 1):
        bumper, nose, cowl, roof, back, deck, tail, low = (
            (side * (width if height == max(line, key=_height)[1] else half), -height, z)
            for width, height, z in line
        )
        shape.append(face([low, tail, deck, cowl, nose, bumper], coat))
        shape.append(face([deck, cowl, roof, back], coat))
        shape += _panes(np.array([deck, cowl, roof, back]), side)
        skirt = ((0.3, low_z + 0.1), (0.3, front_z - 0.1), (0.4, front_z - 0.1), (0.4, low_z + 0.1))
        x = side * (half + 0.006)
        shape.append(face([(x, -height, z) for height, z in skirt], _DARK))
        for z in (0.55, -0.35, -1.25):
            seam = [(x, -0.4, z), (x, -0.4, z + 0.02), (x, -0.88, z + 0.02), (x, -0.88, z)]
            shape.append(face(seam, _DARK))
    return shape


def _height(section: Section) -> float:
    return section[1]


def _panes(house: Float64[np.ndarray, "4 3"], side: int) -> Shape:
    """Return two panes on the glass house's side (corners: rear, front, roof front and rear)."""
    rear, front, above_front, above_rear = house
    out = np.array((side * 0.012, -0.004, 0.0))
    shape: Shape = []
    for start, end in ((0.1, 0.47), (0.53, 0.92)):
        a, b = (rear + (front - rear) * share for share in (start, end))
        d, c = (above_rear + (above_front - above_rear) * share for share in (start, end))
        low = [a + (d - a) * 0.1, b + (c - b) * 0.1]
        high = [b + (c - b) * 0.88, a + (d - a) * 0.88]
        shape.append(face(np.stack(low + high) + out, _GLASS))
    return shape


def _wheels(front: Number, rear: Number, half: Number) -> Shape:
    shape: Shape = []
    radius = 0.33
    for z in (front - 0.75, rear + 0.75):
        for side in (-1, 1):
            x = side * (half + 0.015)
            corners = [(x, -2 * radius, z - radius), (x, -2 * radius, z + radius),
                       (x, 0.0, z + radius), (x, 0.0, z - radius)]  # fmt: skip
            shape.append(fitted(corners, _TYRE))
            inner = side * (half - 0.22)
            tread = [(x, -0.02, z - 0.17), (x, -0.02, z + 0.17), (inner, -0.02, z + 0.17),
                     (inner, -0.02, z - 0.17)]  # fmt: skip
            shape.append(face(tread, _DARK))
            for end in (-radius, radius):
                wall = [(x, -0.5, z + end), (inner, -0.5, z + end), (inner, -0.05, z + end * 0.6),
                        (x, -0.05, z + end * 0.6)]  # fmt: skip
                shape.append(face(wall, _DARK))
    floor = [(-half, -0.3, rear), (half, -0.3, rear), (half, -0.3, front), (-half, -0.3, front)]
    return [*shape, face(floor, _DARK)]


def _ends(front: Number, rear: Number, half: Number, belt: Number) -> Shape:
    """Return lamps, bumpers and number plates."""
    shape: Shape = []
    for z, lamp, height in ((front + 0.012, _WHITE, 0.62), (rear - 0.012, _RED, belt - 0.2)):
        for side in (-1, 1):
            inner, outer = side * (half - 0.38), side * (half - 0.07)
            shape.append(_plate((inner, outer), (height - 0.13, height), z, lamp))
        shape.append(_plate((-half + 0.04, half - 0.04), (0.3, 0.42), z, _DARK))
        shape.append(_plate((-0.26, 0.26), (0.44, 0.55), z, _WHITE))
    return shape


def _plate(x: Pair, y: Pair, z: Number, coat: Coat) -> Face:
    return face([(x[0], -y[1], z), (x[1], -y[1], z), (x[1], -y[0], z), (x[0], -y[0], z)], coat)
