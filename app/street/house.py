"""A house: a front with recessed windows and a door, side walls, a roof.

Its axes: x along the front from 0 to its length, y down, z into the house.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.street.material import Material
from app.street.shape import (
    BUILDING,
    Coat,
    Colour,
    Face,
    Number,
    Pair,
    Quarter,
    Shape,
    box,
    face,
    fitted,
    flat,
    upright,
)

WALLS: Final[tuple[tuple[Material, Colour], ...]] = (
    (Material.BRICK, (0.62, 0.30, 0.22)),
    (Material.BRICK, (0.60, 0.46, 0.33)),
    (Material.BRICK, (0.42, 0.26, 0.22)),
    (Material.PLASTER, (0.80, 0.72, 0.55)),
    (Material.PLASTER, (0.78, 0.76, 0.70)),
    (Material.PLASTER, (0.70, 0.48, 0.36)),
    (Material.PLASTER, (0.55, 0.62, 0.60)),
    (Material.STONE, (0.72, 0.66, 0.56)),
    (Material.BOARDS, (0.62, 0.48, 0.34)),
)
TILE: Final = {
    Material.BRICK: 2.0,
    Material.PLASTER: 4.0,
    Material.STONE: 2.4,
    Material.BOARDS: 2.0,
}
"""Metres of one repeat."""
DEPTH: Final = 8.0
RECESS: Final = 0.22
"""Metres that windows lie behind the wall."""
_WHITE: Final = Coat(Material.SMOOTH, (0.72, 0.70, 0.66), BUILDING)


@dataclass(frozen=True, slots=True)
class Wall:
    """The front's openings: columns of windows over each other, one of them with the door."""

    length: Number
    height: Number
    lefts: list[float]
    """Where each column begins, metres along the front."""
    width: float
    sills: list[float]
    """Metres of each storey's windows above ground."""
    tall: float
    door: int
    """Number of the column with the door."""


def wall_coat(rng: np.random.Generator, class_id: int = BUILDING) -> Coat:
    """Return one of the walls, in a shade of its own."""
    material, tint = WALLS[rng.integers(len(WALLS))]
    shade = rng.uniform(0.8, 1.12) * rng.uniform(0.95, 1.05, 3)
    red, green, blue = np.multiply(tint, shade).clip(0, 0.95).tolist()
    return Coat(material, (red, green, blue), class_id, TILE[material])


def house(length: Number, coat: Coat, rng: np.random.Generator) -> Shape:
    """Return a house of two to four storeys, `length` metres wide, in this wall."""
    storeys = int(rng.integers(2, 5))
    rise, ground = rng.uniform(2.7, 3.1), rng.uniform(3.0, 3.6)
    columns = max(2, int(length / rng.uniform(2.1, 2.9)))
    width = float(min(rng.uniform(0.95, 1.4), length / columns * 0.62))
    gap = (length - columns * width) / columns
    wall = Wall(
        length=length,
        height=float(ground + rise * (storeys - 1) + rng.uniform(0.3, 0.9)),
        lefts=[gap / 2 + (width + gap) * column for column in range(columns)],
        width=width,
        sills=[0.95, *(float(ground + rise * index + 0.8) for index in range(storeys - 1))],
        tall=float(rng.uniform(1.45, 1.75)),
        door=int(rng.integers(columns)),
    )
    return [
        *_front(wall, coat),
        *_windows(wall, coat, rng),
        *_entrance(wall, rng),
        *_sides(wall, coat),
        *_trim(wall, rng),
        *_roof(wall, rng),
    ]


def _front(wall: Wall, coat: Coat) -> Shape:
    """Return the wall around the openings: bands between storeys, piers between windows."""
    levels = [0.0, *(edge for sill in wall.sills for edge in (sill, sill + wall.tall)), wall.height]
    bands = [(low, high) for low, high in zip(levels[::2], levels[1::2], strict=True)]
    shape: Shape = []
    for low, high in bands[1:]:
        shape.append(upright((0, 0), (wall.length, 0), high, low, coat))
    left, right = wall.lefts[wall.door], wall.lefts[wall.door] + wall.width
    top = bands[0][1]
    shape.append(upright((0, 0), (left, 0), top, 0, coat))
    shape.append(upright((right, 0), (wall.length, 0), top, 0, coat))
    starts = [0.0, *(left + wall.width for left in wall.lefts)]
    ends = [*wall.lefts, wall.length]
    for sill in wall.sills:
        for start, end in zip(starts, ends, strict=True):
            shape.append(upright((start, 0), (end, 0), sill + wall.tall, sill, coat))
    return shape


def _windows(wall: Wall, coat: Coat, rng: np.random.Generator) -> Shape:
    """Return panes behind the wall, with the sides of the openings and a sill."""
    shape: Shape = []
    style = int(rng.integers(4))
    red, green, blue = (0.8 * value for value in coat.tint)
    sides = Coat(coat.material, (red, green, blue), BUILDING, coat.tile)
    for storey, sill in enumerate(wall.sills):
        for column, left in enumerate(wall.lefts):
            if storey == 0 and column == wall.door:
                continue
            right, top = left + wall.width, sill + wall.tall
            place = style if rng.random() < 0.6 else int(rng.integers(4))
            shade = float(rng.uniform(0.6, 1.15))
            pane = Coat(Material.WINDOW, (shade, shade, shade), BUILDING)
            row, number = divmod(place, 2)
            quarter = (number / 2, row / 2, number / 2 + 0.5, row / 2 + 0.5)
            shape.append(_fitted((left, right), (sill, top), RECESS, pane, quarter))
            shape += [upright((x, 0), (x, RECESS), top, sill, sides) for x in (left, right)]
            shape.append(flat((left, right), (0, RECESS), top, sides))
            shape.append(flat((left, right), (0, RECESS), sill, sides))
            shape += box((left - 0.1, right + 0.1), (sill - 0.09, sill), (-0.09, 0.0), _WHITE)
    return shape


def _fitted(
    x: Pair,
    y: Pair,
    z: Number,
    coat: Coat,
    part: Quarter = (0, 0, 1, 1),
) -> Face:
    """Return an upright rectangle at z that shows a part of the texture."""
    low, high = y
    corners = [(x[0], -high, z), (x[1], -high, z), (x[1], -low, z), (x[0], -low, z)]
    return fitted(corners, coat, part)


def _entrance(wall: Wall, rng: np.random.Generator) -> Shape:
    """Return the door, its step, and often a name board above it."""
    left, right = wall.lefts[wall.door], wall.lefts[wall.door] + wall.width
    top = wall.sills[0] + wall.tall
    red, green, blue = rng.uniform(0.1, 0.8, 3).tolist()
    wood = Coat(Material.DOOR, (red, green, blue), BUILDING)
    shape: Shape = [_fitted((left, right), (0.0, top), RECESS, wood)]
    shape += [upright((x, 0), (x, RECESS), top, 0, _WHITE) for x in (left, right)]
    shape.append(flat((left, right), (0, RECESS), top, _WHITE))
    shape += box((left - 0.2, right + 0.2), (0.0, 0.16), (-0.4, RECESS), _WHITE)
    if rng.random() < 0.55:
        board, start = int(rng.integers(4)), float(rng.uniform(0.05, 0.35)) * wall.length
        ends = (start, start + float(rng.uniform(0.4, 0.6)) * wall.length)
        quarter = (0.0, board / 4, 1.0, board / 4 + 0.25)
        sign = Coat(Material.SHOP, (1, 1, 1), BUILDING)
        height = (top + 0.12, top + 0.72)
        shape.append(_fitted(ends, height, -0.15, sign, quarter))
        shape += box(ends, height, (-0.14, 0.0), _WHITE)
    return shape


def _sides(wall: Wall, coat: Coat) -> Shape:
    walls = [upright((x, 0), (x, DEPTH), wall.height, 0, coat) for x in (0, wall.length)]
    return [*walls, upright((0, DEPTH), (wall.length, DEPTH), wall.height, 0, coat)]


def _trim(wall: Wall, rng: np.random.Generator) -> Shape:
    """Return a plinth, a cornice and sometimes a string course."""
    plinth = Coat(Material.STONE, (0.5, 0.48, 0.45), BUILDING, 2.4)
    left, right = wall.lefts[wall.door] - 0.2, wall.lefts[wall.door] + wall.width + 0.2
    shape: Shape = []
    for start, end in ((0.0, left), (right, wall.length)):
        if end > start:
            shape += box((start, end), (0.0, 0.5), (-0.05, 0.0), plinth)
    top = wall.height
    shape += box((-0.1, wall.length + 0.1), (top - 0.22, top + 0.05), (-0.3, 0.1), _WHITE)
    if rng.random() < 0.6:
        level = wall.sills[1] - 0.55
        shape += box((0, wall.length), (level, level + 0.16), (-0.07, 0.0), _WHITE)
    return shape


def _roof(wall: Wall, rng: np.random.Generator) -> Shape:
    """Return a flat roof, or a ridge along the street with tiles on both sides."""
    top, length = wall.height, wall.length
    if rng.random() < 0.35:
        gravel = Coat(Material.ASPHALT, (0.4, 0.4, 0.4), BUILDING)
        return [flat((0, length), (0, DEPTH), top + 0.02, gravel)]
    red, green, blue = (np.array((0.60, 0.30, 0.22)) * rng.uniform(0.5, 1.1)).tolist()
    tiles = Coat(Material.TILES, (red, green, blue), BUILDING, 3.0)
    ridge = top + float(rng.uniform(1.6, 3.0))
    shape: Shape = []
    for eave in (-0.25, DEPTH):
        low, high = ((x, -top, eave) for x in (0.0, length)), ((x, -ridge, DEPTH / 2) for x in
                                                               (length, 0.0))  # fmt: skip
        a, b = low
        c, d = high
        shape.append(face([d, c, b, a], tiles))
    gable = Coat(Material.PLASTER, (0.7, 0.66, 0.6), BUILDING, 4.0)
    for x in (0.0, length):
        shape.append(face([(x, -top, 0), (x, -top, DEPTH), (x, -ridge, DEPTH / 2)], gable))
    chimney = float(rng.uniform(0.2, 0.8)) * length
    brick = Coat(Material.BRICK, (0.5, 0.3, 0.25), BUILDING)
    return shape + box((chimney, chimney + 0.6), (top, ridge + 0.7), (3.2, 3.9), brick)
