"""The focal length that an image file names, in pixels of its image."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from typing import Any, Final

from PIL import ExifTags, Image

_FILM_DIAGONAL: Final = math.hypot(36.0, 24.0)
"""Of the frame of 35 mm film, in mm: equivalent focal lengths keep the angle along the diagonal."""
_UNIT_MM: Final = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
"""FocalPlaneResolutionUnit: inch, cm, mm, micrometre (Exif 2.3, table 15, and TIFF/EP)."""
_PLAUSIBLE: Final = (0.2, 50.0)
"""In longer sides of the image: beyond a fisheye and a telescope nothing is believed."""
_BROKEN: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    TypeError,
    KeyError,
    IndexError,
    ArithmeticError,
    struct.error,
)
"""What Pillow raises on damaged metadata: an image with such metadata is one without any."""


def focal_in_pixels(exif: Image.Exif, width: int, height: int) -> float | None:
    """Return the focal length in pixels of an image of this size, turned or not.

    It comes from FocalLengthIn35mmFilm, else from FocalLength and the sensor's resolution. None
    where the file says neither, or what can't be.
    """
    try:
        tags = exif.get_ifd(ExifTags.IFD.Exif)
        found = _by_film(tags, width, height) or _by_sensor(tags, width, height)
    except _BROKEN:
        return None
    low, high = (factor * max(width, height) for factor in _PLAUSIBLE)
    return found if found is not None and low <= found <= high else None


def _by_film(tags: Mapping[int, Any], width: int, height: int) -> float | None:
    film = _positive(tags, ExifTags.Base.FocalLengthIn35mmFilm)
    return None if film is None else film / _FILM_DIAGONAL * math.hypot(width, height)


def _by_sensor(tags: Mapping[int, Any], width: int, height: int) -> float | None:
    millimetres = _positive(tags, ExifTags.Base.FocalLength)
    resolution = _positive(tags, ExifTags.Base.FocalPlaneXResolution)
    unit = _UNIT_MM.get(int(tags.get(ExifTags.Base.FocalPlaneResolutionUnit, 2)))
    if millimetres is None or resolution is None or unit is None:
        return None
    return millimetres * resolution / unit * _scale(tags, width, height)


def _scale(tags: Mapping[int, Any], width: int, height: int) -> float:
    """Return how much smaller the image is than the one that the camera wrote."""
    sides = (ExifTags.Base.ExifImageWidth, ExifTags.Base.ExifImageHeight)
    taken = max(_positive(tags, side) or 0.0 for side in sides)
    return max(width, height) / taken if taken else 1.0


def _positive(tags: Mapping[int, Any], tag: int) -> float | None:
    value = float(tags.get(tag, 0))
    return value if math.isfinite(value) and value > 0 else None
