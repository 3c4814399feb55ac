"""One image: decoded within bounds, turned upright, and encoded as the project keeps it."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from app.ingest.focal import focal_in_pixels

MAX_PIXELS: Final = 80_000_000
"""Larger images are refused before they are decoded: a small file can hold a huge picture."""
MAX_BYTES: Final = 512 * 2**20
THUMBNAIL_SIDE: Final = 256
"""Longer side of a thumbnail in pixels."""
FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "PPM")
"""What is decoded (Pillow's names)."""
_KEPT_FORMATS: Final = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png"}
"""MPO is what Pillow calls a phone's JPEG with a second picture inside; the first one is taken."""
_JPEGS: Final = ("JPEG", "MPO")
_KEPT_MODES: Final = ("RGB", "L")
_PNG_BIT_DEPTH: Final = 24
"""Place of the bit depth in a PNG file: in the header chunk, which comes first."""
_QUALITY: Final = 95
_BROKEN: Final = (  # what Pillow raises on damaged files, depending on the format
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    TypeError,
    KeyError,
    IndexError,
    OverflowError,
    struct.error,
    zlib.error,
)


class PictureError(ValueError):
    """A file that can't be taken in; the message is the reason, without the file's name."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An upright image, encoded."""

    data: bytes
    suffix: str
    """Of the file that `data` makes: .jpg or .png."""
    width: int
    height: int
    thumbnail: bytes
    """JPEG."""
    focal: float | None = None
    """Focal length in pixels; None where the file does not say."""


def read_picture(file: Path, *, damage: Callable[[bytes], str | None] = lambda _: None) -> Picture:
    """Read an image file. JPEG and PNG that need no change keep their bytes; others become JPEG.

    `damage` says what is wrong with a JPEG that can be decoded (app/ingest/jpeg.py). PictureError
    gives the reason where the file is no image, is damaged, or is too large.
    """
    data = _read(file)
    with warnings.catch_warnings():
        # Pillow warns of odd metadata (not our business) and of sizes (refused below).
        warnings.simplefilter("ignore")
        image = _opened(data)
        wrong = damage(data) if image.format in _JPEGS else None
        if wrong is not None:
            raise PictureError(f"damaged in the middle ({wrong})")
        focal = focal_in_pixels(image.getexif(), image.width, image.height)
        return replace(_kept(image, data) or encode(_upright_rgb(image)), focal=focal)


def encode(image: Image.Image) -> Picture:
    """Encode an upright RGB image as JPEG of high quality, with its thumbnail."""
    data = _jpeg(image, quality=_QUALITY, subsampling="4:4:4")
    return Picture(data, ".jpg", image.width, image.height, _thumbnail(image))


def _read(file: Path) -> bytes:
    try:
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise PictureError(f"larger than {MAX_BYTES // 2**20} MiB")
        data = file.read_bytes()
    except OSError as error:
        raise PictureError(f"can't be read ({error.strerror})") from error
    if not data:
        raise PictureError("the file is empty")
    return data


def _opened(data: bytes) -> Image.Image:
    """Return the decoded image; nothing is decoded before its size is known."""
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise PictureError(f"more than {MAX_PIXELS // 10**6} million pixels") from error
    except UnidentifiedImageError as error:
        raise PictureError("not an image of a supported format") from error
    except _BROKEN as error:
        raise PictureError(f"damaged or cut short ({error})") from error
    if image.width * image.height > MAX_PIXELS:
        raise PictureError(
            f"{image.width} x {image.height} is more than {MAX_PIXELS // 10**6} million pixels"
        )
    try:
        image.load()
    except _BROKEN as error:
        raise PictureError(f"damaged or cut short ({error})") from error
    return image


def _kept(image: Image.Image, data: bytes) -> Picture | None:
    """Return the file as it is where every reader sees the same in it; None where not."""
    suffix = _KEPT_FORMATS.get(image.format or "")
    deep = image.format == "PNG" and data[_PNG_BIT_DEPTH] > 8
    if suffix is None or image.mode not in _KEPT_MODES or deep or "transparency" in image.info:
        return None
    if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        return None
    return Picture(data, suffix, image.width, image.height, _thumbnail(image.convert("RGB")))


def _upright_rgb(image: Image.Image) -> Image.Image:
    """Return the image as people see it: turned by EXIF, on white, with 8 bits a channel."""
    try:
        image = ImageOps.exif_transpose(image)
    except _BROKEN as error:
        raise PictureError(f"damaged metadata ({error})") from error
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        raise PictureError("samples of 32 bits are not supported")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(ground, image).convert("RGB")
    return image.convert("RGB")


def _thumbnail(image: Image.Image) -> bytes:
    small = image.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return _jpeg(small, quality=80, subsampling="4:2:0")


def _jpeg(image: Image.Image, *, quality: int, subsampling: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, subsampling=subsampling)
    return buffer.getvalue()
