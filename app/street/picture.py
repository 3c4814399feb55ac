"""The textures' pictures: reflectance in three channels, and an alpha of 0 where there is a hole.

Every picture is 256 by 256 and continues at its opposite side, but for those that are fitted into
a frame (window, door, sign, wheel).
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from jaxtyping import Float, Float32

SIZE: Final = 256
Colour = tuple[float | int, float | int, float | int]
Picture = Float32[np.ndarray, "256 256 4"]
Grey = Float32[np.ndarray, "256 256"]


def grain(rng: np.random.Generator, coarse: float | int, fine: float | int) -> Grey:
    """Return noise that repeats, with details of `fine` to `coarse` texels, of deviation 1."""
    spectrum = np.fft.rfft2(rng.standard_normal((SIZE, SIZE)))
    frequency = np.hypot(np.fft.fftfreq(SIZE)[:, None], np.fft.rfftfreq(SIZE)[None])
    band = (frequency > 0.5 / coarse) & (frequency < 0.5 / fine)
    noise = np.fft.irfft2(spectrum * band / np.maximum(frequency, 1 / SIZE), s=(SIZE, SIZE))
    return (noise / noise.std()).astype(np.float32)


def _solid(
    light: Float[np.ndarray, "256 256"] | float | int, colour: Colour = (1.0, 1.0, 1.0)
) -> Picture:
    """Return a picture without holes, of one colour in varying light."""
    picture = np.ones((SIZE, SIZE, 4), np.float32)
    picture[..., :3] = np.multiply.outer(np.broadcast_to(light, (SIZE, SIZE)), colour).clip(0, 1)
    return picture


def _grid() -> tuple[Grey, Grey]:
    """Return x and y of every texel's centre, 0 to 1."""
    centres = (np.arange(SIZE, dtype=np.float32) + 0.5) / SIZE
    x, y = np.meshgrid(centres, centres)
    return x, y


def _masonry(
    rng: np.random.Generator, across: int, courses: int, joint: tuple[float | int, float | int]
) -> tuple[Grey, Grey]:
    """Return a random number for each stone, and 1 where the joints are."""
    x, y = _grid()
    course = np.floor(y * courses)
    along = x * across + 0.5 * (course % 2)
    number = rng.uniform(0, 1, (courses, across)).astype(np.float32)
    stone = number[course.astype(int), np.floor(along).astype(int) % across]
    edge = (along % 1 < joint[0]) | ((y * courses) % 1 < joint[1])
    return stone, edge.astype(np.float32)


def dirt(rng: np.random.Generator) -> Picture:
    """Stains of all sizes: what keeps two places of a wall from looking the same."""
    return _solid(0.74 + 0.1 * grain(rng, 256, 4) + 0.05 * grain(rng, 24, 1))


def asphalt(rng: np.random.Generator) -> Picture:
    """Small stones, stains, a few cracks."""
    stones = grain(rng, 4, 1)
    light = 0.62 + 0.07 * stones + 0.05 * grain(rng, 90, 6)
    light += 0.35 * (stones > 2.1) - 0.25 * (stones < -2.2)
    crack = np.abs(grain(rng, 200, 24)) < 0.012
    return _solid(light - 0.2 * crack)


def brick(rng: np.random.Generator) -> Picture:
    """Bricks, eight to a course and 24 courses, each of its own shade."""
    stone, joint = _masonry(rng, 8, 24, (0.05, 0.14))
    light = 0.45 + 0.5 * stone + 0.06 * grain(rng, 8, 1)
    picture = _solid(light)
    picture[..., 1:3] *= (0.85 + 0.3 * stone[..., None] ** 2).clip(0, 1)
    mortar = joint[..., None] * 0.85
    picture[..., :3] = picture[..., :3] * (1 - mortar) + mortar * 0.75
    return picture


def plaster(rng: np.random.Generator) -> Picture:
    """Plaster: hardly anything to see."""
    return _solid(0.82 + 0.03 * grain(rng, 4, 1) + 0.035 * grain(rng, 200, 10))


def boards(rng: np.random.Generator) -> Picture:
    """Boards that lie, ten to a tile."""
    x, y = _grid()
    light = rng.uniform(0.6, 0.95, 10).astype(np.float32)[np.floor(y * 10).astype(int)]
    fibre = cv2.resize(grain(rng, 30, 1), (SIZE * 4, SIZE))[:, :SIZE]
    seam = np.minimum(x, 1 - x) < 0.006
    light = light + 0.05 * fibre - 0.45 * ((y * 10) % 1 < 0.09) - 0.4 * seam
    return _solid(light, (1.0, 0.93, 0.84))


def tiles(rng: np.random.Generator) -> Picture:
    """Roof tiles, each darker at its upper edge."""
    stone, _ = _masonry(rng, 12, 14, (0.06, 0.1))
    _, y = _grid()
    return _solid((0.5 + 0.35 * stone) * (0.55 + 0.45 * (y * 14 % 1)) + 0.04 * grain(rng, 6, 1))


def stone(rng: np.random.Generator) -> Picture:
    """Hewn blocks, three to a course and six courses."""
    block, joint = _masonry(rng, 3, 6, (0.02, 0.03))
    light = 0.62 + 0.2 * block + 0.05 * grain(rng, 10, 1) + 0.05 * grain(rng, 100, 10)
    return _solid(light * (1 - 0.5 * joint))


def grass(rng: np.random.Generator) -> Picture:
    """Grass with lighter tufts."""
    light = 0.55 + 0.16 * grain(rng, 6, 1) + 0.12 * grain(rng, 120, 8)
    picture = _solid(light, (0.75, 1.0, 0.42))
    picture[..., 0] += 0.1 * grain(rng, 40, 4).clip(0, 2)
    return picture


def bark(rng: np.random.Generator) -> Picture:
    """Upright ridges."""
    ridges = cv2.resize(grain(rng, 40, 2), (SIZE, SIZE * 4))[:SIZE]
    return _solid(0.5 + 0.2 * ridges + 0.06 * grain(rng, 5, 1), (1.0, 0.9, 0.78))


def leaves(rng: np.random.Generator) -> Picture:
    """Leaves, and gaps among them."""
    clumps, single = grain(rng, 40, 9), grain(rng, 9, 2)
    light = 0.42 + 0.17 * single + 0.12 * clumps
    picture = _solid(light.clip(0.08, 1), (0.82, 1.0, 0.45))
    picture[..., 0] *= 0.9 + 0.25 * (grain(rng, 60, 6) > 1)
    picture[..., 3] = (clumps + 0.55 * single) > -0.85
    return picture


def smooth(rng: np.random.Generator) -> Picture:
    """Lacquer and metal: nearly nothing to see."""
    return _solid(0.92 + 0.008 * grain(rng, 60, 2))


def cloth(rng: np.random.Generator) -> Picture:
    """Folds and threads."""
    return _solid(0.72 + 0.1 * grain(rng, 90, 12) + 0.05 * grain(rng, 5, 1))


def window(rng: np.random.Generator) -> Picture:
    """Four windows: frames, panes that mirror the sky, curtains."""
    picture = _solid(0.8)
    half = SIZE // 2
    for place in range(4):
        pane = np.empty((half, half, 3), np.float32)
        down = np.linspace(0, 1, half, dtype=np.float32)[:, None, None]
        pane[:] = (0.05, 0.07, 0.10) + (1 - down) * np.array((0.16, 0.22, 0.30), np.float32)
        pane += 0.03 * cv2.resize(grain(rng, 120, 8), (half, half))[..., None]
        if place % 2:
            folds = 0.45 + 0.12 * np.sin(np.arange(half) * rng.uniform(0.5, 0.8))[None, :, None]
            width = int(half * rng.uniform(0.2, 0.32))
            pane[:, :width], pane[:, -width:] = folds[:, :width], folds[:, -width:]
        if place > 1:
            pane[: int(half * rng.uniform(0.25, 0.5))] = (0.5, 0.47, 0.4)
            pane[: half // 2 : 5] *= 0.8
        _frame(pane, bars=(1, 2) if place != 1 else (2, 1))
        row, column = divmod(place, 2)
        picture[row * half :, column * half :, :3][:half, :half] = pane
    return picture


def _frame(pane: Float32[np.ndarray, "h w 3"], bars: tuple[int, int]) -> None:
    """Paint a window's frame and bars."""
    side, thick = pane.shape[0], 7
    for number, axis in ((bars[0], 0), (bars[1], 1)):
        for place in range(number + 1):
            start = round(place * (side - thick) / number)
            line = slice(start, start + thick)
            pane[(line, slice(None)) if axis == 0 else (slice(None), line)] = 0.82
            edge = min(start + thick, side - 1)
            pane[(edge, slice(None)) if axis == 0 else (slice(None), edge)] *= 0.5


def door(rng: np.random.Generator) -> Picture:
    """A door of four panels, the upper two of glass, with a knob."""
    picture = _solid(0.62 + 0.04 * grain(rng, 60, 2))
    for x, y, width, height in ((0.14, 0.1, 0.3, 0.3), (0.56, 0.1, 0.3, 0.3),
                                (0.14, 0.5, 0.3, 0.4), (0.56, 0.5, 0.3, 0.4)):  # fmt: skip
        corners = [round(value * SIZE) for value in (x, y, x + width, y + height)]
        cv2.rectangle(picture, corners[:2], corners[2:], (0.3, 0.3, 0.3, 1), -1)
        inner = [corners[0] + 6, corners[1] + 6, corners[2] - 3, corners[3] - 3]
        glass = (0.12, 0.15, 0.2, 1.0) if y < 0.3 else (0.55, 0.55, 0.55, 1.0)
        cv2.rectangle(picture, inner[:2], inner[2:], glass, -1)
    cv2.circle(picture, (round(0.93 * SIZE), round(0.5 * SIZE)), 6, (0.9, 0.8, 0.4, 1), -1)
    return picture


def shop(rng: np.random.Generator) -> Picture:
    """Four name boards: rows of made-up letters on a ground of their own."""
    picture = _solid(1.0)
    for board in range(4):
        ground, ink = rng.uniform(0.02, 0.5, 3), np.append(rng.uniform(0.6, 1, 3), 1.0)
        top = board * SIZE // 4
        picture[top : top + SIZE // 4, :, :3] = ground
        left = int(rng.integers(8, 24))
        while left < SIZE - 26:
            width = int(rng.integers(8, 18))
            points = rng.uniform((left, top + 12), (left + width, top + 50), (5, 2))
            cv2.polylines(picture, [points.astype(np.int32)], False, ink.tolist(), 4)
            left += width + int(rng.choice((6, 6, 6, 18)))
        cv2.rectangle(picture, (0, top), (SIZE - 1, top + 63), ink.tolist(), 2)
    return picture


def sign(rng: np.random.Generator) -> Picture:
    """Four traffic signs: no entry, one way, warning, and a board with a name."""
    picture = np.zeros((SIZE, SIZE, 4), np.float32)
    white, red, blue = (0.9, 0.9, 0.88, 1), (0.62, 0.03, 0.04, 1), (0.03, 0.14, 0.5, 1)
    dark = (0.03, 0.03, 0.03, 1.0)
    half = SIZE // 2
    cv2.circle(picture, (64, 64), 62, white, -1)
    cv2.circle(picture, (64, 64), 57, red, -1)
    cv2.rectangle(picture, (24, 52), (104, 76), white, -1)
    cv2.circle(picture, (half + 64, 64), 62, white, -1)
    cv2.circle(picture, (half + 64, 64), 57, blue, -1)
    cv2.arrowedLine(picture, (half + 36, 92), (half + 92, 36), white, 12, tipLength=0.45)
    triangle = np.array([(64, half + 4), (124, half + 120), (4, half + 120)], np.int32)
    cv2.fillPoly(picture, [triangle], red)
    inner = np.array([(64, half + 32), (102, half + 108), (26, half + 108)], np.int32)
    cv2.fillPoly(picture, [inner], white)
    cv2.line(picture, (64, half + 54), (64, half + 86), dark, 9)
    cv2.circle(picture, (64, half + 98), 5, dark, -1)
    cv2.rectangle(picture, (half, half + 2), (SIZE - 1, SIZE - 3), white, -1)
    cv2.rectangle(picture, (half + 5, half + 7), (SIZE - 6, SIZE - 8), blue, -1)
    for row in (half + 30, half + 64, half + 96):
        right = half + int(rng.integers(70, 110))
        cv2.line(picture, (half + 18, row), (right, row), white, 10)
    return picture


def wheel(rng: np.random.Generator) -> Picture:
    """A car's wheel: tyre, rim, five spokes; nothing outside."""
    x, y = _grid()
    radius, angle = np.hypot(x - 0.5, y - 0.5) * 2, np.arctan2(y - 0.5, x - 0.5)
    picture = _solid(0.03 + 0.004 * grain(rng, 20, 2))
    spoke = (radius < 0.66) & ((np.cos(5 * angle) > 0.1) | (radius < 0.2))
    picture[spoke, :3] = 0.5
    picture[(radius > 0.6) & (radius < 0.66), :3] = 0.6
    picture[..., 3] = radius < 1
    return picture


def pickets(rng: np.random.Generator) -> Picture:
    """Boards that stand, with gaps among them and two rails behind: a tile is 1.2 metres."""
    x, y = _grid()
    light = rng.uniform(0.6, 0.95, 8).astype(np.float32)[np.floor(x * 8).astype(int)]
    fibre = cv2.resize(grain(rng, 30, 1), (SIZE, SIZE * 4))[:SIZE]
    place = x * 8 % 1
    picture = _solid(light + 0.06 * fibre - 0.2 * (place > 0.72), (1.0, 0.93, 0.84))
    pointed = y > 0.01 + 0.1 * np.abs(place - 0.41)
    rail = (np.abs(y - 0.25) < 0.04) | (np.abs(y - 0.8) < 0.04)
    picture[..., 3] = ((place < 0.82) & pointed) | rail
    return picture


def spokes(rng: np.random.Generator) -> Picture:
    """A bicycle's wheel: a tyre and a few spokes."""
    x, y = _grid()
    radius, angle = np.hypot(x - 0.5, y - 0.5) * 2, np.arctan2(y - 0.5, x - 0.5)
    picture = _solid(0.05 + 0.004 * grain(rng, 20, 2))
    picture[radius < 0.84, :3] = 0.55
    thin = np.abs(np.sin(4 * angle)) * radius < 0.05
    picture[..., 3] = (radius < 1) & ((radius > 0.84) | thin | (radius < 0.12))
    return picture
