"""What surfaces are made of: textures that repeat without a seam, and how they look from afar."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, UInt8

from app.street import picture
from app.street.picture import SIZE

_LEVELS: Final = 8
_PAD: Final = 1


class Material(IntEnum):
    """The textures. A surface shows its material's texture times its own tint."""

    DIRT = 0
    ASPHALT = 1
    BRICK = 2
    PLASTER = 3
    BOARDS = 4
    TILES = 5
    STONE = 6
    GRASS = 7
    BARK = 8
    LEAVES = 9
    SMOOTH = 10
    CLOTH = 11
    WINDOW = 12
    DOOR = 13
    SHOP = 14
    SIGN = 15
    WHEEL = 16
    PICKETS = 17
    SPOKES = 18


@dataclass(frozen=True, slots=True)
class Textures:
    """All textures in one image, each with its halved copies below it."""

    atlas: UInt8[np.ndarray, "h w 3"]
    """Square roots of reflectances, 255 for all light."""
    holes: Bool[np.ndarray, "n s s"]
    """Where a material lets one see through."""
    rows: Float32[np.ndarray, "levels"]
    """Where each level starts in the atlas."""


@cache
def textures() -> Textures:
    """Return the textures; they are the same in every street."""
    painted = [_PAINTERS[material](np.random.default_rng(100 + material)) for material in Material]
    holes = np.stack([texture[..., 3] < 0.5 for texture in painted])
    columns = [_column(np.sqrt(texture[..., :3].clip(0, 1))) for texture in painted]
    heights = [(SIZE >> level) + 2 * _PAD for level in range(_LEVELS)]
    rows = np.cumsum([0, *heights[:-1]]).astype(np.float32)
    return Textures(np.concatenate(columns, axis=1), holes, rows)


def _column(texture: Float32[np.ndarray, "s s 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """Return a texture and its halved copies, one below the other, with their repeats around."""
    parts = []
    for level in range(_LEVELS):
        side = SIZE >> level
        small = cv2.resize(texture, (side, side), interpolation=cv2.INTER_AREA)
        padded = cv2.copyMakeBorder(small, _PAD, _PAD, _PAD, _PAD, cv2.BORDER_WRAP)
        right = SIZE - side
        parts.append(np.pad(padded, ((0, 0), (0, right), (0, 0))))
    return np.round(np.concatenate(parts) * 255).astype(np.uint8)


def look_up(
    material: Int32[np.ndarray, "h w"],
    u: Float32[np.ndarray, "h w"],
    v: Float32[np.ndarray, "h w"],
    level: Float32[np.ndarray, "h w"],
) -> Float32[np.ndarray, "h w 3"]:
    """Return reflectances at places in tiles (u and v, 1 = one repeat); level 0 is the sharpest."""
    images = textures()
    floor = np.clip(level, 0, _LEVELS - 1).astype(np.int32)
    side = np.ldexp(np.float32(SIZE), -floor)
    x = (u - np.floor(u)) * side
    x += (material * (SIZE + 2 * _PAD)).astype(np.float32) + (_PAD - 0.5)
    y = (v - np.floor(v)) * side
    y += images.rows[floor] + (_PAD - 0.5)
    found = cv2.remap(images.atlas, x, y, cv2.INTER_LINEAR)
    return np.square(found.astype(np.float32) / 255)


def is_hole(
    material: int, u: Float64[np.ndarray, "n"], v: Float64[np.ndarray, "n"]
) -> Bool[np.ndarray, "n"]:
    """Return where a material lets one see through."""
    column = np.floor(u * SIZE).astype(np.int64) % SIZE
    row = np.floor(v * SIZE).astype(np.int64) % SIZE
    return textures().holes[material, row, column]


_PAINTERS: Final = {
    Material.DIRT: picture.dirt,
    Material.ASPHALT: picture.asphalt,
    Material.BRICK: picture.brick,
    Material.PLASTER: picture.plaster,
    Material.BOARDS: picture.boards,
    Material.TILES: picture.tiles,
    Material.STONE: picture.stone,
    Material.GRASS: picture.grass,
    Material.BARK: picture.bark,
    Material.LEAVES: picture.leaves,
    Material.SMOOTH: picture.smooth,
    Material.CLOTH: picture.cloth,
    Material.WINDOW: picture.window,
    Material.DOOR: picture.door,
    Material.SHOP: picture.shop,
    Material.SIGN: picture.sign,
    Material.WHEEL: picture.wheel,
    Material.PICKETS: picture.pickets,
    Material.SPOKES: picture.spokes,
}
