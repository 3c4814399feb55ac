"""What things are built of: flat faces and ellipsoids, in metres, y down.

A shape is a list of parts in axes of its own, with its ground at y = 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from jaxtyping import Float64

from app.street.material import Material

SKY, BUILDING, POLE, ROAD, PAVEMENT, TREE, SIGN, FENCE, CAR, PEDESTRIAN, BICYCLIST = range(11)
"""Ids of the preset camvid-11."""

Number = float | int
Colour = tuple[Number, Number, Number]
Point = tuple[Number, Number, Number]
Pair = tuple[Number, Number]
"""A place on the ground (x, z), or where something begins and ends."""
Quarter = tuple[Number, Number, Number, Number]
"""A part of a texture: left, top, right, bottom, in tiles."""
CORNERS: Final = 6
"""A face has 3 to this many."""


@dataclass(frozen=True, slots=True)
class Coat:
    """What covers a part."""

    material: Material
    tint: Colour
    """Reflectance that the texture's is multiplied with."""
    class_id: int
    tile: Number = 2.0
    """Metres of one repeat of the texture."""


@dataclass(frozen=True, slots=True)
class Face:
    """A flat convex polygon, seen from both sides."""

    corners: Float64[np.ndarray, "k 3"]
    coat: Coat
    uv: Float64[np.ndarray, "2 4"]
    """Takes (x, y, z, 1) to places in the texture, in tiles."""


@dataclass(frozen=True, slots=True)
class Ball:
    """An ellipsoid."""

    centre: Float64[np.ndarray, "3"]
    axes: Float64[np.ndarray, "3 3"]
    """Half axes as columns."""
    coat: Coat
    uv: Float64[np.ndarray, "2 4"]


Shape = list[Face | Ball]


def face(corners: Sequence[Point] | Float64[np.ndarray, "k 3"], coat: Coat) -> Face:
    """Return a face; its texture runs from the first corner to the second, and on through others'.

    Faces of one plane and direction share one texture without a seam.
    """
    points = np.asarray(corners, np.float64)
    across = points[1] - points[0]
    across = across / np.linalg.norm(across)
    down = points[-1] - points[0]
    down = down - across * (down @ across)
    down = down / np.linalg.norm(down)
    uv = np.zeros((2, 4))
    uv[:, :3] = np.stack([across, down]) / coat.tile
    return Face(points, coat, uv)


def fitted(
    corners: Sequence[Point] | Float64[np.ndarray, "4 3"],
    coat: Coat,
    part: Quarter = (0, 0, 1, 1),
) -> Face:
    """Return a parallelogram that shows a part (left, top, right, bottom) of the texture.

    Corners: top left, top right, bottom right, bottom left.
    """
    points = np.asarray(corners, np.float64)
    across, down = points[1] - points[0], points[3] - points[0]
    normal = np.cross(across, down)
    inverse = np.linalg.inv(np.stack([across, down, normal], axis=1))[:2]
    left, top, right, bottom = part
    uv = np.zeros((2, 4))
    uv[:, :3] = inverse * ((right - left,), (bottom - top,))
    uv[:, 3] = np.array((left, top)) - uv[:, :3] @ points[0]
    return Face(points, coat, uv)


def upright(start: Pair, end: Pair, top: Number, bottom: Number, coat: Coat) -> Face:
    """Return a wall over a line from (x, z) to (x, z), between two heights above ground."""
    (x0, z0), (x1, z1) = start, end
    corners = [(x0, -top, z0), (x1, -top, z1), (x1, -bottom, z1), (x0, -bottom, z0)]
    return face(corners, coat)


def flat(x: Pair, z: Pair, height: Number, coat: Coat) -> Face:
    """Return a level rectangle at a height above ground."""
    corners = [(x[0], z[1]), (x[1], z[1]), (x[1], z[0]), (x[0], z[0])]
    return face([(a, -height, b) for a, b in corners], coat)


def box(x: Pair, y: Pair, z: Pair, coat: Coat) -> Shape:
    """Return a box between two heights above ground (y: bottom, top), without a floor."""
    (x0, x1), (bottom, top), (z0, z1) = x, y, z
    round_ = [(x0, z0), (x1, z0), (x1, z1), (x0, z1), (x0, z0)]
    sides: Shape = [upright(start, end, top, bottom, coat) for start, end in pairwise(round_)]
    return [*sides, flat(x, z, top, coat)]


def post(place: Pair, radius: Number, y: Pair, coat: Coat,
         *, taper: Number = 1.0) -> Shape:  # fmt: skip
    """Return an upright post of six sides, `taper` times as thick at its top."""
    angles = np.arange(7) * np.pi / 3
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radius
    low, high = ring + place, ring * taper + place
    sides = []
    for index in range(6):
        (x0, z0), (x1, z1) = low[index], low[index + 1]
        (a0, b0), (a1, b1) = high[index], high[index + 1]
        corners = [(a0, -y[1], b0), (a1, -y[1], b1), (x1, -y[0], z1), (x0, -y[0], z0)]
        sides.append(face(corners, coat))
    return sides


_BALL_UV: Final = np.array([[0.8, 0.15, 0.6, 0.0], [-0.25, 0.9, 0.35, 0.0]])
"""A slanted projection: nowhere on a ball does it degenerate where a street's camera looks."""


def ball(centre: Point, radii: Point, coat: Coat) -> Ball:
    """Return an ellipsoid along the axes."""
    return Ball(np.asarray(centre, np.float64), np.diag(radii).astype(np.float64), coat,
                _BALL_UV / coat.tile)  # fmt: skip


def limb(start: Point, end: Point, radius: Number, coat: Coat) -> Ball:
    """Return a long ellipsoid from one point to another."""
    a, b = np.asarray(start, np.float64), np.asarray(end, np.float64)
    along = (b - a) / 2
    side = np.cross(along, (0.3, 0.1, 0.9))
    side = side / np.linalg.norm(side) * radius
    third = np.cross(along / np.linalg.norm(along), side)
    return Ball((a + b) / 2, np.stack([along, side, third], axis=1), coat, _BALL_UV / coat.tile)


def pose(
    x: Number, z: Number, heading: Number, *, height: Number = 0.0
) -> Float64[np.ndarray, "4 4"]:
    """Return T_world_shape of what stands at (x, z) with its z axis turned by `heading` to x."""
    cos, sin = np.cos(heading), np.sin(heading)
    return np.array([[cos, 0, sin, x], [0, 1, 0, -height], [-sin, 0, cos, z], [0, 0, 0, 1.0]])


def ground(corners: Sequence[Point] | Float64[np.ndarray, "k 3"], coat: Coat) -> Face:
    """Return a level face; all of them share one texture that lies along x and z."""
    uv = np.zeros((2, 4))
    uv[0, 0] = uv[1, 2] = 1 / coat.tile
    return Face(np.asarray(corners, np.float64), coat, uv)
