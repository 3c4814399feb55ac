"""Road, pavements, kerbs and what is painted on them. Road and pavement are of the same asphalt."""

from __future__ import annotations

from typing import Final

import numpy as np

from app.street.material import Material
from app.street.path import END, START, Path
from app.street.shape import (
    PAVEMENT,
    ROAD,
    TREE,
    Coat,
    Colour,
    Face,
    Number,
    Pair,
    Point,
    Shape,
    face,
    ground,
)

HALF: Final = 4.8
"""Metres from the middle of the road to its kerbs."""
WALK: Final = 2.6
"""Metres of pavement up to where the lots begin."""
KERB: Final = 0.12
"""Metres that pavements lie above the road."""
STRIP: Final = 2.0
_BEYOND: Final = 7.0
"""Metres that the pavement goes on below houses and gardens."""
_PAINT: Final = Coat(Material.PLASTER, (0.75, 0.75, 0.72), ROAD)


def grounds(path: Path, rng: np.random.Generator) -> Shape:
    """Return the ground of a street."""
    red, green, blue = (rng.uniform(0.22, 0.34) * rng.uniform(0.95, 1.05, 3)).tolist()
    tint = (red, green, blue)
    shape: Shape = _meadow(rng)
    for along in np.arange(START, END - STRIP, STRIP):
        shape += _strip(path, float(along), tint)
    return [*shape, *_dashes(path), *_patches(path, tint, rng), *_crossing(path, rng)]


def _meadow(rng: np.random.Generator) -> Shape:
    red, green, blue = (np.array((0.45, 0.5, 0.3)) * rng.uniform(0.8, 1.2)).tolist()
    grass = Coat(Material.GRASS, (red, green, blue), TREE, 3.0)
    corners = [(-160.0, 0.05, 300.0), (160.0, 0.05, 300.0), (160.0, 0.05, -40.0),
               (-160.0, 0.05, -40.0)]  # fmt: skip
    return [ground(corners, grass)]


def _strip(path: Path, along: Number, tint: Colour) -> Shape:
    """Return two metres of road, with a pavement and a kerb on each side."""
    road = Coat(Material.ASPHALT, tint, ROAD, 2.6)
    walk = Coat(Material.ASPHALT, tint, PAVEMENT, 2.6)
    stone = Coat(Material.STONE, (0.62, 0.6, 0.56), PAVEMENT, 2.4)
    ends = (along, along + STRIP)
    shape: Shape = [_level(path, ends, (-HALF, HALF), 0.0, road)]
    for side in (-1, 1):
        edge, inner, outer = side * HALF, side * (HALF + 0.16), side * (HALF + WALK + _BEYOND)
        shape.append(_level(path, ends, (inner, outer), KERB, walk))
        shape.append(_level(path, ends, (edge, inner), KERB, stone))
        (x0, z0), (x1, z1) = (path.at(end, edge) for end in ends)
        front: list[Point] = [(x0, -KERB, z0), (x1, -KERB, z1), (x1, 0.0, z1), (x0, 0.0, z0)]
        shape.append(face(front, stone))
    return shape


def _level(path: Path, along: Pair, beside: Pair, height: Number, coat: Coat) -> Face:
    """Return a level face between two places along the street and two beside its middle."""
    (near, far), (left, right) = along, beside
    places = [path.at(near, left), path.at(far, left), path.at(far, right), path.at(near, right)]
    return ground([(x, -height, z) for x, z in places], coat)


def _dashes(path: Path) -> Shape:
    return [
        _level(path, (along, along + 1.5), (-0.06, 0.06), 0.006, _PAINT)
        for start in np.arange(START, END - 6, 5.0)
        for along in (float(start), float(start) + 1.5)
        if along < END - 4
    ]


def _patches(path: Path, tint: Colour, rng: np.random.Generator) -> Shape:
    """Return repairs and covers, on the road and on both pavements."""
    shape: Shape = []
    for _ in range(46):
        along, shade = float(rng.uniform(-5, 80)), float(rng.uniform(0.6, 1.3))
        red, green, blue = (np.array(tint) * shade).tolist()
        length, width = float(rng.uniform(0.5, 3.2)), float(rng.uniform(0.4, 1.3))
        on_road = rng.random() < 0.6
        reach = HALF - 1.0 if on_road else HALF + WALK - 0.9
        beside = float(rng.uniform(-reach, reach)) if on_road else reach * rng.choice((-1, 1))
        coat = Coat(Material.ASPHALT, (red, green, blue), ROAD if on_road else PAVEMENT, 1.9)
        height = 0.003 if on_road else KERB + 0.003
        ends = (beside - width / 2, beside + width / 2)
        shape.append(_level(path, (along, along + length), ends, height, coat))
    return shape


def _crossing(path: Path, rng: np.random.Generator) -> Shape:
    """Return a zebra crossing."""
    along = float(rng.uniform(14, 26))
    return [
        _level(path, (along, along + 2.6), (float(left), float(left) + 0.45), 0.006, _PAINT)
        for left in np.arange(-HALF + 0.4, HALF - 0.5, 0.95)
    ]
