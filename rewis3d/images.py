"""Images and masks as files."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from rewis3d.types import Rewis3dError


def read_rgb(path: Path, height: int, width: int) -> UInt8[np.ndarray, "h w 3"]:
    """Read an image of the size given as RGB; Rewis3dError names the file that is not one."""
    # Frames are stored as they are shown: a rotation left in their EXIF must not be applied again.
    bgr = _decode(path, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION, height, width)
    return np.ascontiguousarray(bgr[..., ::-1])


def read_mask(path: Path, height: int, width: int) -> UInt8[np.ndarray, "h w"]:
    """Read a one-channel PNG of the size given; Rewis3dError names the file that is not one."""
    mask = _decode(path, cv2.IMREAD_UNCHANGED, height, width)
    if mask.ndim != 2 or mask.dtype != np.uint8:
        raise Rewis3dError(f"{path}: a mask has one channel of 8 bits, not {mask.shape[2:]}")
    return mask


def read_grey(path: Path) -> UInt8[np.ndarray, "h w"]:
    """Read an image of any size as grey values; Rewis3dError names the file that is not one."""
    return np.asarray(_image(path, cv2.IMREAD_GRAYSCALE), np.uint8)


def write_mask(mask: UInt8[np.ndarray, "h w"], path: Path) -> None:
    """Write a one-channel PNG aside, then put it in its place."""
    # Speed over size: level 1 takes a third of the time for a tenth more bytes.
    encoded = cv2.imencode(".png", mask, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]
    aside = path.with_name(f"{path.name}.{os.getpid()}.partial")  # a round and a prediction of it
    aside.write_bytes(encoded.tobytes())
    aside.replace(path)


def _decode(path: Path, flags: int, height: int, width: int) -> np.ndarray:
    image = _image(path, flags)
    if image.shape[:2] != (height, width):
        got = f"{image.shape[1]}x{image.shape[0]}"
        raise Rewis3dError(f"{path}: {got} pixels, the job says {width}x{height}")
    return image


def _image(path: Path, flags: int) -> np.ndarray:
    try:
        image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), flags)
    except (OSError, cv2.error) as error:
        raise Rewis3dError(f"{path}: can't be read ({error})") from error
    if image is None:
        raise Rewis3dError(f"{path}: not an image that can be decoded")
    return image
