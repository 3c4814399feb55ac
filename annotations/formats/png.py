"""Masks of class ids as PNG files, and imported masks as strokes.

A mask has one channel: the value of a pixel, or its place in the palette, is a class id; 255 is
unlabelled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

import cv2
import numpy as np
from jaxtyping import Float32, Shaped, UInt8
from PIL import Image

from annotations.fill import walk
from annotations.labelset import palette
from annotations.store import MAX_VERTICES
from annotations.types import IGNORED, UNLABELLED, AnnotationError, ClassMap, Stroke

_STRETCHED: Final = {"L;2": 85, "L;4": 17}
"""Pillow stretches grey values of fewer than 8 bits to 0..255, by these factors."""


def read_ids(
    path: Path, class_map: ClassMap, *, height: int, width: int, ignore: Collection[int] = ()
) -> UInt8[np.ndarray, "h w"]:
    """Return the class id of each pixel; UNLABELLED where the file has 255 or a value of `ignore`.

    AnnotationError names the file and what is wrong: not a PNG of one channel, another size than
    the frame's, or ids that are no class, with the number of their pixels.
    """
    values = _read_values(path, height=height, width=width)
    found, counts = np.unique(values, return_counts=True)
    unlabelled = {UNLABELLED, *ignore}
    known = unlabelled.union(class_map.class_ids)
    unknown = [
        f"{value} ({pixels} pixel{'s' if pixels > 1 else ''})"
        for value, pixels in zip(found.tolist(), counts.tolist(), strict=True)
        if value not in known
    ]
    if unknown:
        raise AnnotationError(f"{path}: no class has the id {', '.join(unknown)}")
    ids = values.astype(np.uint8)
    ids[np.isin(values, list(unlabelled))] = UNLABELLED
    return ids


def _read_values(path: Path, *, height: int, width: int) -> Shaped[np.ndarray, "h w"]:
    try:
        with Image.open(path, formats=("PNG",)) as image:
            if image.mode not in ("1", "L", "P", "I;16"):
                raise AnnotationError(
                    f"{path}: its pixels are {image.mode}; want one channel of class ids"
                )
            if image.size != (width, height):
                size = "{} x {}".format(*image.size)
                raise AnnotationError(f"{path}: it is {size}, its frame is {width} x {height}")
            factor = _STRETCHED.get(str(image.tile[0].args), 1)
            return np.asarray(image) // np.uint16(factor)
    except Image.UnidentifiedImageError as error:
        raise AnnotationError(f"{path}: not a PNG file") from error
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AnnotationError(f"{path}: can't be read ({reason})") from error


def write_ids(path: Path, labels: UInt8[np.ndarray, "h w"], class_map: ClassMap) -> None:
    """Write train ids as a palette PNG of class ids, atomically; unlabelled and ignored are 255."""
    class_ids = np.full(256, UNLABELLED, np.uint8)
    class_ids[: len(class_map)] = class_map.class_ids
    known = (labels < len(class_map)) | (labels == UNLABELLED) | (labels == IGNORED)
    if not known.all():
        raise AnnotationError(f"{path}: train id {labels[~known][0]} is no class")
    image = Image.fromarray(class_ids[labels])
    image.putpalette(palette(class_map).tobytes())
    aside = path.with_name(f"{path.name}.partial")
    image.save(aside, format="PNG")
    aside.replace(path)


def mask_strokes(ids: UInt8[np.ndarray, "h w"], *, frame_id: int, author: str) -> list[Stroke]:
    """Return strokes that paint a mask of class ids again, pixel for pixel.

    One stroke per connected region of a class, corners included; several where its path has more
    vertices than a stroke may have. UNLABELLED is left alone.
    """
    strokes = []
    for class_id in np.unique(ids[ids != UNLABELLED]).tolist():
        mask = (ids == class_id).astype(np.uint8)
        count, regions, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        for region in range(1, count):
            x, y, width, height, _ = (int(value) for value in stats[region])
            path_xy = walk(regions[y : y + height, x : x + width] == region)
            strokes += [
                Stroke(str(uuid4()), frame_id, class_id, part_xy, 1.0, author)
                for part_xy in _parts((path_xy + np.array([x, y])).astype(np.float32))
            ]
    return strokes


def _parts(path_xy: Float32[np.ndarray, "p 2"]) -> Iterator[Float32[np.ndarray, "q 2"]]:
    """Yield the path in pieces that a stroke may have; each begins where the last one ended."""
    for start in range(0, max(1, len(path_xy) - 1), MAX_VERTICES - 1):
        yield path_xy[start : start + MAX_VERTICES]
