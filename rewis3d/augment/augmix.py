"""AugMix (Hendrycks et al., ICLR 2020, arXiv 1912.02781) with operations that move no pixel.

Several chains of operations change the image, each in its own way; their mean, weighted at random,
is mixed with the image. Rotations, shears and shifts are left out: labels stay where they are. In
their place stand the changes of colour that the paper keeps back for its test of corruptions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from jaxtyping import UInt8

Image = UInt8[np.ndarray, "h w 3"]
Operation = Callable[[UInt8[np.ndarray, "h w 3"], float], UInt8[np.ndarray, "h w 3"]]
"""Changes an image by a strength of 0 to 1, with its sign for those that have two directions."""

_LEVELS: Final = 10
_LEAST: Final = 0.1
"""The weakest level, of 10."""
_MOST: Final = 0.9
"""By how much colours, contrast, brightness and sharpness change at full strength."""
_GREY: Final = np.array([0.299, 0.587, 0.114], np.float32)
"""Luma of ITU-R BT.601."""
_SMOOTH: Final = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], np.float32) / 13
_VALUES: Final = np.arange(256)


def augmix(
    image: UInt8[np.ndarray, "h w 3"],
    *,
    severity: int,
    width: int,
    depth: int,
    rng: np.random.Generator,
) -> UInt8[np.ndarray, "h w 3"]:
    """Return an image mixed with `width` changed ones, by 1 to `depth` operations each.

    Their levels are chosen up to `severity`, of 10.
    """
    weights = rng.dirichlet(np.ones(width))
    share = rng.beta(1.0, 1.0)
    mixed = (1 - share) * image.astype(np.float32)
    for weight in weights:
        chain = image
        for _ in range(int(rng.integers(1, depth + 1))):
            operation = OPERATIONS[int(rng.integers(len(OPERATIONS)))]
            strength = rng.uniform(_LEAST, severity) / _LEVELS
            chain = operation(chain, strength * float(rng.choice([-1, 1])))
        mixed += np.float32(share * weight) * chain
    return np.round(mixed).clip(0, 255).astype(np.uint8)


def autocontrast(image: UInt8[np.ndarray, "h w 3"], _: float) -> UInt8[np.ndarray, "h w 3"]:
    """Stretch each channel to 0..255."""
    low, high = (ends.astype(np.float64) for ends in (image.min((0, 1)), image.max((0, 1))))
    spread = np.where(high > low, high - low, 255)
    low = np.where(high > low, low, 0)
    return _looked_up(image, (_VALUES[:, None] - low) * 255 / spread)


def equalised(image: UInt8[np.ndarray, "h w 3"], _: float) -> UInt8[np.ndarray, "h w 3"]:
    """Spread the values of each channel evenly."""
    return np.stack([cv2.equalizeHist(channel) for channel in cv2.split(image)], axis=-1)


def posterised(image: UInt8[np.ndarray, "h w 3"], strength: float) -> UInt8[np.ndarray, "h w 3"]:
    """Keep the 4 highest bits of each value, fewer with strength."""
    bits = 4 - int(abs(strength) * 3)
    return _looked_up(image, _VALUES & (0xFF00 >> bits))


def solarised(image: UInt8[np.ndarray, "h w 3"], strength: float) -> UInt8[np.ndarray, "h w 3"]:
    """Invert the brightest values, more with strength."""
    threshold = 256 * (1 - abs(strength))
    return _looked_up(image, np.where(threshold > _VALUES, _VALUES, 255 - _VALUES))


def brightened(image: UInt8[np.ndarray, "h w 3"], strength: float) -> UInt8[np.ndarray, "h w 3"]:
    """Make the image brighter or darker."""
    return _looked_up(image, _VALUES * (1 + _MOST * strength))


def contrasted(image: UInt8[np.ndarray, "h w 3"], strength: float) -> UInt8[np.ndarray, "h w 3"]:
    """Move all values away from the mean grey or towards it."""
    mean = float(image.reshape(-1, 3).mean(axis=0) @ _GREY)
    return _looked_up(image, mean + (_VALUES - mean) * (1 + _MOST * strength))


def coloured(image: UInt8[np.ndarray, "h w 3"], strength: float) -> UInt8[np.ndarray, "h w 3"]:
    """Move each pixel away from its grey or towards it."""
    factor = 1 + _MOST * strength
    return cv2.transform(image, factor * np.eye(3) + (1 - factor) * _GREY).astype(np.uint8)


def sharpened(image: UInt8[np.ndarray, "h w 3"], strength: float) -> UInt8[np.ndarray, "h w 3"]:
    """Move each pixel away from the mean of those around it or towards it."""
    factor = 1 + _MOST * strength
    return cv2.addWeighted(image, factor, cv2.filter2D(image, -1, _SMOOTH), 1 - factor, 0).astype(
        np.uint8
    )


OPERATIONS: Final[tuple[Operation, ...]] = (
    autocontrast,
    equalised,
    posterised,
    solarised,
    brightened,
    contrasted,
    coloured,
    sharpened,
)


def _looked_up(image: UInt8[np.ndarray, "h w 3"], table: np.ndarray) -> UInt8[np.ndarray, "h w 3"]:
    """Replace each value by the table's, one of 256 or for each channel, within 0..255."""
    table = np.round(table).clip(0, 255).astype(np.uint8)
    table = np.broadcast_to(table.reshape(256, -1), (256, 3))
    return cv2.LUT(image, np.ascontiguousarray(table)[None]).astype(np.uint8)
