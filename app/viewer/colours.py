"""What colour a point has: three bytes each, by image, label, or a number in [0, 1]."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float32, UInt8

from annotations.types import UNLABELLED, ClassMap

_RAMP: Final = np.array(
    # dark violet, blue-green, yellow: light and hue both rise, also for the colour-blind
    [[68, 1, 84], [59, 82, 139], [33, 144, 141], [93, 201, 99], [253, 231, 37]],
    np.float32,
)


def ramp(share: Float32[np.ndarray, "n"]) -> UInt8[np.ndarray, "n 3"]:
    """Return the colours of numbers in [0, 1]: dark violet is 0, yellow is 1."""
    steps = np.linspace(0, 1, 256)
    knots = np.linspace(0, 1, len(_RAMP))
    table = np.stack([np.interp(steps, knots, _RAMP[:, k]) for k in range(3)], axis=1)
    rows = (np.clip(np.nan_to_num(share), 0, 1) * 255).round().astype(np.uint8)
    return table.round().astype(np.uint8)[rows]


def faded(rgb: UInt8[np.ndarray, "n 3"], *, dark: bool) -> UInt8[np.ndarray, "n 3"]:
    """Return colours that step back behind labels: half as colourful, near the background."""
    grey = (rgb.astype(np.uint16) @ np.array([77, 150, 29], np.uint16) >> 8)[:, None]
    dull = (rgb.astype(np.uint16) + grey) // 2
    return (dull * 2 // 5 + 20 if dark else dull // 2 + 110).astype(np.uint8)


def palette(class_map: ClassMap) -> UInt8[np.ndarray, "256 3"]:
    """Return the colour of every train id; black where there is no class."""
    table = np.zeros((256, 3), np.uint8)
    for index, label in enumerate(class_map.classes):
        table[index] = label.colour
    return table


def by_label(
    labels: UInt8[np.ndarray, "n"], class_map: ClassMap, under: UInt8[np.ndarray, "n 3"]
) -> UInt8[np.ndarray, "n 3"]:
    """Return the classes' colours; `under` where there is no class."""
    colours = under.copy()
    labelled = np.flatnonzero(labels < len(class_map.classes))  # few, where there are strokes only
    colours[labelled] = palette(class_map)[labels[labelled]]
    return colours


def by_share(
    share: Float32[np.ndarray, "n"],
    labels: UInt8[np.ndarray, "n"],
    under: UInt8[np.ndarray, "n 3"],
) -> UInt8[np.ndarray, "n 3"]:
    """Return the ramp's colours where there is a label; `under` elsewhere."""
    colours = under.copy()
    labelled = labels != UNLABELLED
    colours[labelled] = ramp(share[labelled])
    return colours
