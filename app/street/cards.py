"""Flat textured cards in space, and how a camera sees them.

World and camera axes: x right, y down, z forward, metres. A pixel's centre is its index + 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8

NEAR: Final = 0.3
"""Metres: what is nearer is cut off."""
SMALL: Final = 0.5
"""Pixels: what is narrower or lower in the image is left out."""
HAZE: Final = 110.0
"""Metres after which 63 % of a colour is lost in the haze."""
HAZE_RGB: Final = np.array([205.0, 213.0, 222.0], np.float32)


@dataclass(frozen=True)
class Card:
    """A texture on a parallelogram. Its colours are premultiplied with its alpha."""

    texture: Float32[np.ndarray, "h w 4"]
    """RGB 0..255 and alpha 0..1."""
    corner: Float64[np.ndarray, "3"]
    """Where the texture's top left corner is."""
    across: Float64[np.ndarray, "3"]
    """From there to its top right corner."""
    down: Float64[np.ndarray, "3"]
    """From there to its bottom left corner."""
    class_id: int | None
    """None: a shadow. It darkens what it covers, which stays what it is."""
    solid: bool = False
    """Without holes: its outline is the parallelogram's, so that neighbours leave no seam."""

    @cached_property
    def levels(self) -> list[Float32[np.ndarray, "_ _ 4"]]:
        """The texture, halved again and again: seen from afar, a small one does not flicker."""
        levels = [self.texture]
        while min(levels[-1].shape[:2]) > 3:
            height, width = (size // 2 for size in levels[-1].shape[:2])
            halved = cv2.resize(levels[-1], (width, height), interpolation=cv2.INTER_AREA)
            levels.append(np.asarray(halved, np.float32))
        return levels

    @property
    def distance(self) -> float:
        """How far along the street its middle is."""
        return float((self.corner + (self.across + self.down) / 2)[2])


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera."""

    K: Float64[np.ndarray, "3 3"]
    R_camera_world: Float64[np.ndarray, "3 3"]
    position: Float64[np.ndarray, "3"]


@dataclass(frozen=True, slots=True)
class Canvas:
    """A picture in the making; what is drawn later is nearer."""

    image: Float32[np.ndarray, "h w 3"]
    labels: UInt8[np.ndarray, "h w"]
    depth: Float32[np.ndarray, "h w"]
    """Metres along the camera's axis."""


def draw(card: Card, camera: Camera, canvas: Canvas) -> None:
    """Paint a card over what is there."""
    axes = np.stack([card.across, card.down, card.corner - camera.position], axis=1)
    H_image_card = camera.K @ camera.R_camera_world @ axes  # of card coordinates in [0, 1]
    outline = _outline(H_image_card)
    if len(outline) == 0:
        return
    seen = H_image_card @ np.append(outline, np.ones((len(outline), 1)), axis=1).T
    corners = (seen[:2] / seen[2]).T
    height, width = canvas.labels.shape
    x0, y0 = np.floor(corners.min(axis=0).clip(0, (width, height))).astype(int).tolist()
    x1, y1 = np.ceil(corners.max(axis=0).clip(0, (width, height))).astype(int).tolist()
    if x1 <= x0 or y1 <= y0 or np.ptp(corners, axis=0).min() < SMALL:
        return
    patch = _patch(card, H_image_card, (x0, y0, x1, y1), _share(corners, outline))
    inside = np.zeros(patch.shape[:2], np.float32)
    fixed = np.round((corners - (x0 + 0.5, y0 + 0.5)).clip(-4000, 4000) * 16).astype(np.int32)
    cv2.fillConvexPoly(inside, fixed, (1.0,), shift=4)
    patch *= inside[..., None]
    under = canvas.image[y0:y1, x0:x1]
    under *= 1 - patch[..., 3:]
    under += patch[..., :3]
    if card.class_id is not None:
        hit = patch[..., 3] >= 0.5
        canvas.labels[y0:y1, x0:x1][hit] = card.class_id
        canvas.depth[y0:y1, x0:x1][hit] = _depth(H_image_card, (x0, y0, x1, y1))[hit]


def hazy(canvas: Canvas) -> Float32[np.ndarray, "h w 3"]:
    """Return the image as seen through the air."""
    clear = np.exp(-canvas.depth / HAZE)[..., None]
    return canvas.image * clear + HAZE_RGB * (1 - clear)


def _outline(H_image_card: Float64[np.ndarray, "3 3"]) -> Float64[np.ndarray, "p 2"]:
    """Return the part of the unit square that is farther than NEAR, as a polygon."""
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    depth = square @ H_image_card[2, :2] + H_image_card[2, 2] - NEAR
    points = []
    for i in range(4):
        j = (i + 1) % 4
        if depth[i] > 0:
            points.append(square[i])
        if (depth[i] > 0) != (depth[j] > 0):
            points.append(square[i] + (square[j] - square[i]) * depth[i] / (depth[i] - depth[j]))
    return np.array(points).reshape(-1, 2)


def _depth(
    H_image_card: Float64[np.ndarray, "3 3"], box: tuple[int, int, int, int]
) -> Float32[np.ndarray, "h w"]:
    """Return how far the card is at each pixel of a box of the image, in metres."""
    x0, y0, x1, y1 = box
    # The inverse takes (x, y, 1) to card coordinates over depth: its last row gives 1 / depth.
    a, b, c = np.linalg.inv(H_image_card)[2].astype(np.float32)
    x = np.arange(x0, x1, dtype=np.float32) + 0.5
    y = np.arange(y0, y1, dtype=np.float32)[:, None] + 0.5
    return 1 / np.clip(a * x + b * y + c, 1e-3, None)


def _patch(
    card: Card,
    H_image_card: Float64[np.ndarray, "3 3"],
    box: tuple[int, int, int, int],
    pixels: float,
) -> Float32[np.ndarray, "h w 4"]:
    """Return the card's texture as it falls on a box of the image.

    `pixels` is how many the whole card would cover.
    """
    x0, y0, x1, y1 = box
    texels = card.texture.shape[0] * card.texture.shape[1]
    wanted = int(np.log2(max(1.0, texels / max(pixels, 1e-6))) / 2)
    texture = card.levels[min(wanted, len(card.levels) - 1)]
    height, width = texture.shape[:2]
    card_texel = np.array([[1 / width, 0, 0.5 / width], [0, 1 / height, 0.5 / height], [0, 0, 1]])
    box_image = np.array([[1, 0, -x0 - 0.5], [0, 1, -y0 - 0.5], [0, 0, 1]])
    border = cv2.BORDER_REPLICATE if card.solid else cv2.BORDER_CONSTANT
    H_box_texel = box_image @ H_image_card @ card_texel
    patch = cv2.warpPerspective(texture, H_box_texel, (x1 - x0, y1 - y0), borderMode=border)
    return np.asarray(patch, np.float32)


def _share(corners: Float64[np.ndarray, "p 2"], outline: Float64[np.ndarray, "p 2"]) -> float:
    """Return the pixels that the whole card would cover, as far as the seen part tells."""
    seen, part = (cv2.contourArea(polygon.astype(np.float32)) for polygon in (corners, outline))
    return seen / max(part, 1e-9)
