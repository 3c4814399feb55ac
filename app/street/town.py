"""A street put together from cards, and a drive along it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from app.street import figures, paint
from app.street.cards import Camera, Canvas, Card, draw, hazy

HEIGHT: Final = 360
WIDTH: Final = 480
FOCAL: Final = 400.0
"""Pixels."""
EYE: Final = 1.55
"""Metres of the camera above the road."""
END: Final = 84.0
"""Metres of street."""
KERB: Final = 4.7
"""Metres from the middle of the road to its kerbs; the pavement's outer edge is at FRONT."""
FRONT: Final = 7.7
DRIVES_AT: Final = -1.2
"""Metres beside the middle of the road."""
PACE: Final = 0.55
"""Metres that the camera drives in a frame."""
SKY, BUILDING, POLE, ROAD, PAVEMENT, TREE, SIGN, FENCE, CAR, PEDESTRIAN, BICYCLIST = range(11)
"""Ids of the preset camvid-11."""


Point = tuple[paint.Number, paint.Number, paint.Number]
"""A place or a way in the world, in metres."""


@dataclass(frozen=True, slots=True)
class Mover:
    """Something that is drawn anew in each frame."""

    kind: str
    x: paint.Number
    z: paint.Number
    pace: paint.Number
    """Metres a frame along the street; across it for who crosses."""
    seed: int


@dataclass(frozen=True, slots=True)
class Town:
    """A street: what stands still, far things first, and what moves."""

    backdrop: Float32[np.ndarray, "h w 4"]
    ground: list[Card]
    fronts: list[Card]
    things: list[Card]
    movers: list[Mover]


def build(rng: np.random.Generator) -> Town:
    """Return a new street."""
    fronts, things = [], []
    for side in (-1, 1):
        for cards, more in zip((fronts, things), _side(side, rng), strict=True):
            cards.extend(more)
    far_first = sorted(fronts, key=lambda card: -card.distance)
    return Town(
        figures.sky(HEIGHT * 2 // 3, WIDTH * 2, rng), _ground(rng), far_first, things, _movers(rng)
    )


def frames(
    town: Town, count: int, rng: np.random.Generator
) -> Iterator[tuple[UInt8[np.ndarray, "h w 3"], UInt8[np.ndarray, "h w"]]]:
    """Yield image (RGB) and labels (class ids) of each frame of a drive along the street."""
    phase = rng.uniform(0, 2 * np.pi)
    for index in range(count):
        camera = _camera(index, phase)
        canvas = _sky(town.backdrop, camera)
        moving = [card for mover in town.movers for card in _placed(mover, index)]
        nearer = sorted(town.things + moving, key=lambda card: -card.distance)
        for card in (*town.ground, *town.fronts, *nearer):
            draw(card, camera, canvas)
        yield _developed(hazy(canvas), index, phase, rng), canvas.labels


def _camera(index: int, phase: float) -> Camera:
    """Return the camera of a frame: it drives on the left, sways, and looks about a little."""
    K = np.array([[FOCAL, 0, WIDTH / 2], [0, FOCAL, HEIGHT * 0.47], [0, 0, 1]])
    yaw = 0.035 * np.sin(index / 7 + phase)
    pitch = 0.006 * np.sin(index / 2.3 + phase)
    turn = cv2.Rodrigues(np.array([pitch, yaw, 0.0]))[0]
    x = DRIVES_AT + 0.3 * np.sin(index / 9 + phase)
    position = np.array([x, -EYE + 0.015 * np.sin(index * 0.9), index * PACE])
    return Camera(K, turn.T, position)


def _sky(backdrop: Float32[np.ndarray, "_ _ 4"], camera: Camera) -> Canvas:
    """Return a canvas with nothing but sky, which no haze reaches: it is hazy as painted."""
    ahead = camera.R_camera_world[:, 2]
    horizon_xy = camera.K[:2, 2] + FOCAL * ahead[:2] / ahead[2]
    height, width = backdrop.shape[:2]
    shift = np.array([[1, 0, horizon_xy[0] - width / 2], [0, 1, horizon_xy[1] - height]])
    painted = np.ascontiguousarray(backdrop[..., :3])
    image = cv2.warpAffine(painted, shift, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    labels = np.full((HEIGHT, WIDTH), SKY, np.uint8)
    return Canvas(np.asarray(image, np.float32), labels, np.zeros((HEIGHT, WIDTH), np.float32))


def _developed(
    image: Float32[np.ndarray, "h w 3"], index: int, phase: float, rng: np.random.Generator
) -> UInt8[np.ndarray, "h w 3"]:
    """Return what a cheap camera makes of it: drifting light, a soft lens, noise."""
    warmth = 0.03 * np.sin(index / 11 + phase)
    light = 1.0 + 0.07 * np.sin(index / 6 + 2 * phase)
    gain = (light * np.array([1 + warmth, 1.0, 1 - warmth])).astype(np.float32)
    soft = cv2.GaussianBlur(image * gain, (0, 0), 0.55)
    soft += 2.2 * rng.standard_normal(image.shape, np.float32)
    return np.clip(soft, 0, 255).astype(np.uint8)


# --- what stands still


def _flat(
    texture: paint.Texture,
    x: paint.Number,
    z: paint.Number,
    width: paint.Number,
    length: paint.Number,
    class_id: int | None,
) -> Card:
    """Return a card on the road, its far left corner at (x, z)."""
    corner, across, down = (x, 0.0, z), (width, 0.0, 0.0), (0.0, 0.0, -length)
    return _card(texture, corner, across, down, class_id, solid=class_id is not None)


def _upright(
    texture: paint.Texture,
    x: paint.Number,
    z: paint.Number,
    width: paint.Number,
    height: paint.Number,
    class_id: int,
    *,
    above: paint.Number = 0.0,
) -> Card:
    """Return a card that faces the camera, its foot's middle at (x, z), `above` the road."""
    corner, across = (x - width / 2, -above - height, z), (width, 0.0, 0.0)
    return _card(texture, corner, across, (0.0, height, 0.0), class_id)


def _along(
    texture: paint.Texture,
    x: paint.Number,
    z: paint.Number,
    length: paint.Number,
    height: paint.Number,
    class_id: int,
) -> Card:
    """Return a card along the street that is seen from its middle."""
    start, step = (z, length) if x < 0 else (z + length, -length)
    corner, across = (x, -height, start), (0.0, 0.0, step)
    return _card(texture, corner, across, (0.0, height, 0.0), class_id, solid=class_id == BUILDING)


def _card(
    texture: paint.Texture,
    corner: Point,
    across: Point,
    down: Point,
    class_id: int | None,
    *,
    solid: bool = False,
) -> Card:
    axes = np.array([corner, across, down], np.float64)
    return Card(texture, axes[0], axes[1], axes[2], class_id, solid=solid)


def _ground(rng: np.random.Generator) -> list[Card]:
    length = 8.0
    asphalt = paint.road(2 * KERB, length, rng)
    flags = {-1: paint.pavement(3.2, length, light=0.78, rng=rng),
             1: paint.pavement(3.2, length, light=1.06, rng=rng)}  # fmt: skip
    kerb = paint.finished(paint.blank(6, 200, (176, 172, 164)))
    cards = []
    for z in np.arange(END, -length, -length):
        cards.append(_flat(asphalt, -KERB, z, 2 * KERB, length, ROAD))
        for side in (-1, 1):
            left = -KERB - 3.2 if side < 0 else KERB
            flat = _flat(flags[side], left, z, 3.2, length, PAVEMENT)
            lifted = flat.corner - (0.0, 0.12, 0.0)
            cards.append(Card(flat.texture, lifted, flat.across, flat.down, PAVEMENT, solid=True))
            cards.append(_along(kerb, side * KERB, z - length, length, 0.12, PAVEMENT))
    return cards


def _side(side: int, rng: np.random.Generator) -> tuple[list[Card], list[Card]]:
    """Return house fronts and gardens of one side, and what stands on its pavement."""
    light = 1.0 if side > 0 else 0.68  # the sun stands on the left
    fronts, z, garden = [], -4.0, int(rng.integers(2, 4))
    for lot in range(30):
        length = float(rng.uniform(6.0, 9.5))
        if z > END:
            break
        if lot % 4 == garden:
            fronts += _garden(side, z, length, rng)
        else:
            height = float(rng.uniform(7.0, 11.5))
            front = paint.facade(length, height, light=light, rng=rng)
            end = paint.plain_wall(8.0, height, light=0.8, rng=rng)
            fronts.append(_along(front, side * FRONT, z, length, height, BUILDING))
            fronts.append(_upright(end, side * (FRONT + 4.0), z, 8.0, height, BUILDING))
        z += length
    return fronts, _furniture(side, rng)


def _garden(
    side: int, z: paint.Number, length: paint.Number, rng: np.random.Generator
) -> list[Card]:
    """Return a lot without a house: boards along the pavement, trees behind, grass below them."""
    lawn = paint.finished(paint.blank(20, 20, (84, 108, 58)))
    left = FRONT if side > 0 else -FRONT - 9
    cards = [_flat(lawn, left, z + length, 9.0, length, TREE)]
    for _ in range(3):
        x, away = side * rng.uniform(FRONT + 1.5, FRONT + 5), z + rng.uniform(0.2, 0.8) * length
        cards.append(_upright(figures.tree(rng), x, away, 5.5, rng.uniform(6, 8.5), TREE))
    cards.append(_along(figures.fence(rng), side * FRONT, z, length, 1.35, FENCE))
    return cards


def _furniture(side: int, rng: np.random.Generator) -> list[Card]:
    """Return lamps, signs, trees and parked cars of one side."""
    cards = []
    for z in np.arange(rng.uniform(5, 12), END, 17.0):
        x = side * (KERB + 0.45)
        cards.append(_upright(figures.pole(), x, z, 0.15, 5.6, POLE))
        cards.append(_upright(figures.pole(), x - side * 0.5, z, 1.1, 0.14, POLE, above=5.5))
    for place, z in enumerate(np.arange(rng.uniform(8, 16), END, 21.0)):
        x = side * (KERB + 0.6)
        cards.append(_upright(figures.pole(), x, z, 0.09, 2.5, POLE))
        board = figures.sign(place + side)
        cards.append(_upright(board, x, z - 0.03, 0.75, 0.75, SIGN, above=2.25))
    cards += [
        _upright(figures.tree(rng), side * (KERB + 1.1), z, 3.6, 5.2, TREE)
        for z in np.arange(rng.uniform(10, 18), END, 15.0)
    ]
    for z in np.arange(rng.uniform(9, 20), END, rng.uniform(13, 19)):
        colour = figures.PAINTS[rng.integers(len(figures.PAINTS))]
        cards += _car(side * (KERB - 1.05), float(z), colour, towards=side > 0)
    return cards


# --- what moves


def _movers(rng: np.random.Generator) -> list[Mover]:
    seeds = [int(seed) for seed in rng.integers(1 << 30, size=12)]
    walkers = [
        Mover("pedestrian", side * rng.uniform(KERB + 0.9, FRONT - 0.5), z, pace, seed)
        for side, z, pace, seed in zip(
            (-1, 1, -1, 1, 1, -1), (8, 12, 17, 24, 33, 40), (0.09, -0.08) * 3, seeds, strict=False
        )
    ]
    return [
        *walkers,
        Mover("car ahead", -1.4, 17.0, 0.62, seeds[6]),
        Mover("oncoming car", 1.6, 44.0, -0.7, seeds[7]),
        Mover("cyclist", -2.4, 12.5, 0.42, seeds[8]),
        Mover("crossing", 5.2, 24.0, -0.11, seeds[9]),
    ]


def _placed(mover: Mover, index: int) -> list[Card]:
    """Return a mover's cards in a frame."""
    rng = np.random.default_rng(mover.seed)
    way = mover.pace * index
    if "car" in mover.kind:
        colour = figures.PAINTS[rng.integers(len(figures.PAINTS))]
        return _car(mover.x, mover.z + way, colour, towards="oncoming" in mover.kind)
    crossing = mover.kind == "crossing"
    x, z = (mover.x + way, mover.z) if crossing else (mover.x, mover.z + way)
    stride = float(np.sin(index * 0.9 + rng.uniform(0, 6)))
    rides = mover.kind == "cyclist"
    texture = (figures.cyclist if rides else figures.pedestrian)(rng, stride)
    body = _upright(texture, x, z, 0.8, 1.75, BICYCLIST if rides else PEDESTRIAN)
    return [_flat(figures.shadow(), x - 0.5, z + 0.35, 1.0, 0.7, None), body]


def _car(x: paint.Number, z: paint.Number, colour: paint.Colour, *, towards: bool) -> list[Card]:
    """Return a car whose nearer end is at z: its shadow, the side that is seen, and that end."""
    length, width, height = 4.0, 1.75, 1.45
    inner = x - np.sign(x - DRIVES_AT) * width / 2
    texture = figures.car_side(figures.dim(colour, 0.85))
    side = _card(texture, (inner, -height, z), (0.0, 0.0, length), (0.0, height, 0.0), CAR)
    end = _upright(figures.car_end(colour, front=towards), x, z - 0.01, width, height, CAR)
    ground = _flat(figures.shadow(), x - 1.25, z + length + 0.5, 2.5, length + 1.0, None)
    return [ground, side, end]
