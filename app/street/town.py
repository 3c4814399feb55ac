"""A street put together: what stands where, and the light of the day."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from jaxtyping import Float32, Float64

from app.street import furniture, plant
from app.street.camera import Camera, looking
from app.street.ground import HALF, KERB, WALK, grounds
from app.street.house import DEPTH, house, wall_coat
from app.street.light import Light
from app.street.path import END, Path, winding
from app.street.scene import Placed, Scene, assemble
from app.street.shape import (
    FENCE,
    Coat,
    Number,
    Pair,
    Shape,
    pose,
)
from app.street.surface import surface
from app.street.traffic import Mover, traffic
from app.street.vehicle import car

FRONT: Final = HALF + WALK
"""Metres from the middle of the road to where lots begin."""
_SUN_AWAY: Final = 2000.0
"""Metres: the sun's rays are nearly parallel."""
_SUN_PIXEL: Final = 0.07
"""Metres that a pixel of the shadows covers."""


Lot = tuple[Pair, str]
"""Where it begins and ends along the street, and how it is closed: walled or fenced."""


@dataclass(frozen=True, slots=True)
class Town:
    """A street."""

    path: Path
    standing: Scene
    movers: list[Mover]
    light: Light
    sun: Camera
    """What it sees is in the sun."""
    sunlit: Float32[np.ndarray, "r c"]
    """1 / metres from there to what stands still."""


@lru_cache(maxsize=4)
def town(seed: int) -> Town:
    """Return the street of a seed."""
    rng = np.random.default_rng(seed)
    path = winding(rng)
    light = _daylight(rng)
    things = [Placed(grounds(path, rng), np.eye(4))]
    for side in (-1, 1):
        things += _lots(path, side, rng)
        things += _kerbside(path, side, rng)
    things += _distance(path, rng)
    movers = traffic(rng)
    standing, sun = assemble(things), _sun(path, light.direction)
    return Town(path, standing, movers, light, sun, surface(standing, sun).nearness)


def _lots(path: Path, side: int, rng: np.random.Generator) -> list[Placed]:
    """Return houses and gardens of one side."""
    things: list[Placed] = []
    along, coat = -8.0, wall_coat(rng)
    order = [("house", "house", "walled", "house", "fenced"),
             ("house", "fenced", "house", "walled", "house"),
             ("walled", "house", "house", "fenced", "house")][rng.integers(3)]  # fmt: skip
    for lot in range(24):
        length, setback = float(rng.uniform(6.0, 10.5)), float(rng.uniform(0.0, 1.6))
        if along + length > END - 6:
            break
        kind = order[lot % 5]
        if kind == "house":
            coat = wall_coat(rng)
            T = _beside(path, (along, along + length), side, FRONT + setback)
            things.append(Placed(house(length, coat, rng), T))
        else:
            things += _garden(path, side, ((along, along + length), kind), coat, rng)
        along += length + float(rng.choice((0.0, 0.0, 0.6, 1.4)))
    return things


def _garden(path: Path, side: int, lot: Lot, coat: Coat, rng: np.random.Generator) -> list[Placed]:
    """Return a wall of the neighbour's bricks, or a fence, with trees and a hedge behind it."""
    ends, kind = lot
    length = ends[1] - ends[0]
    T = _beside(path, ends, side, FRONT + 0.2)
    twin = Coat(coat.material, coat.tint, FENCE, coat.tile)
    things = [
        Placed(
            furniture.wall(length, twin) if kind == "walled" else furniture.fence(length, rng), T
        )
    ]
    if rng.random() < 0.5:
        behind = _beside(path, ends, side, FRONT + 1.3)
        things.append(Placed(plant.hedge(length, float(rng.uniform(1.2, 2.0)), rng), behind))
    for share in (0.28, 0.75):
        x, z = path.at(ends[0] + share * length, side * (FRONT + float(rng.uniform(3.4, 6.0))))
        height, crown = float(rng.uniform(5.0, 8.0)), float(rng.uniform(1.6, 2.4))
        things.append(_tree(x, z, height, crown, rng))
    return things


def _tree(x: Number, z: Number, height: Number, crown: Number, rng: np.random.Generator) -> Placed:
    where = pose(x, z, float(rng.uniform(0, 6)), height=KERB)
    return Placed(plant.tree(height, crown, rng), where)


def _beside(path: Path, ends: Pair, side: int, away: Number) -> Float64[np.ndarray, "4 4"]:
    """Return T_world_shape of a front: x along the street from left to right as seen from it."""
    (x0, z0), (x1, z1) = (path.at(end, side * away) for end in ends)
    heading = float(np.arctan2(x1 - x0, z1 - z0)) + side * np.pi / 2
    return pose(*((x0, z0) if side < 0 else (x1, z1)), heading, height=KERB)


def _kerbside(path: Path, side: int, rng: np.random.Generator) -> list[Placed]:
    """Return lamps, signs, trees and parked cars of one side."""
    things: list[Placed] = []

    def stand(shape: Shape, along: Number, beside: Number, *, height: Number = KERB) -> None:
        x, z = path.at(along, side * beside)
        things.append(Placed(shape, pose(x, z, path.heading(along), height=height)))

    for along in np.arange(rng.uniform(3, 9), END - 12, 15.0):
        stand(furniture.lamp(-side), float(along), HALF + 0.4)
    for along in np.arange(rng.uniform(6, 13), END - 12, rng.uniform(11, 16)):
        stand(furniture.sign(int(rng.integers(4))), float(along), HALF + 0.55)
    for along in np.arange(rng.uniform(9, 20), END - 12, rng.uniform(15, 21)):
        x, z = path.at(float(along), side * (HALF + 0.85))
        height, crown = float(rng.uniform(4.6, 6.2)), float(rng.uniform(1.15, 1.6))
        things.append(_tree(x, z, height, crown, rng))
    along = float(rng.uniform(7, 13))
    gaps = ((5.6, 5.9, 14.0), (5.8, 16.0, 24.0), (13.0, 22.0, 30.0))[rng.integers(3)]
    while along < 80:
        stand(car(rng), along, HALF - 1.05 + float(rng.uniform(-0.08, 0.08)), height=0.0)
        along += float(rng.choice(gaps))
    return things


def _distance(path: Path, rng: np.random.Generator) -> list[Placed]:
    """Return what closes the view: houses across the end of the street, trees all around."""
    things = []
    for number in range(7):
        x, z = path.at(END + 4 + float(rng.uniform(0, 3)), (number - 3) * 10.5 - 5)
        things.append(Placed(house(10.0, wall_coat(rng), rng), pose(x, z, path.heading(END))))
    for side in (-1, 1):
        for along in np.arange(-6, END, 9.0):
            away = FRONT + DEPTH + float(rng.uniform(5, 16))
            x, z = path.at(float(along) + float(rng.uniform(-3, 3)), side * away)
            where = pose(x, z, float(rng.uniform(0, 6)))
            height, crown = float(rng.uniform(8, 12.5)), float(rng.uniform(2.6, 3.8))
            things.append(Placed(plant.tree(height, crown, rng, balls=30), where))
    return things


def _daylight(rng: np.random.Generator) -> Light:
    """Return a sun that stands beside the street, and a sky from clear to cloudy."""
    height, side = np.radians(rng.uniform(34, 56)), rng.choice((-1, 1))
    azimuth = side * np.radians(rng.uniform(35, 150))
    direction = np.array(
        [np.cos(height) * np.sin(azimuth), -np.sin(height), np.cos(height) * np.cos(azimuth)]
    )
    clouds = float(rng.uniform(-0.3, 0.8))
    warm = float(rng.uniform(0.80, 0.95))
    sun = np.array((1.0, 0.5 + 0.5 * warm, warm), np.float32) * np.float32(1.95 - 0.8 * clouds)
    sky = np.array((0.40, 0.45, 0.54), np.float32) * np.float32(0.6 + 0.27 * clouds)
    zenith = np.array((0.16, 0.33, 0.72), np.float32)
    return Light(direction, sun, sky, zenith, np.array((0.70, 0.79, 0.90), np.float32), clouds,
                 float(rng.uniform(0, 1)))  # fmt: skip


def _sun(path: Path, direction: Float64[np.ndarray, "3"]) -> Camera:
    """Return a camera far away in the sun whose image holds the street's first 70 metres."""
    places = np.array([(*path.at(along, beside), height) for along in np.arange(-10.0, 71, 10)
                       for beside in (-14.0, 14.0) for height in (0.0, 9.0)])  # fmt: skip
    points = np.stack([places[:, 0], -places[:, 2], places[:, 1]], axis=1)
    middle = points.mean(axis=0)
    away = middle + direction * _SUN_AWAY
    yaw, pitch = np.arctan2(-direction[0], -direction[2]), np.arcsin(direction[1])
    T = looking((float(away[0]), float(away[1]), float(away[2])), float(yaw), float(pitch), 0.0)
    seen = (points - away) @ T[:3, :3]
    xy = seen[:, :2] / seen[:, 2:] * _SUN_AWAY / _SUN_PIXEL
    low, high = np.floor(xy.min(axis=0)), np.ceil(xy.max(axis=0))
    focal = _SUN_AWAY / _SUN_PIXEL
    K = np.array([[focal, 0, -low[0]], [0, focal, -low[1]], [0, 0, 1]])
    width, height = (high - low).astype(int).tolist()
    return Camera(K, T, width, height)
