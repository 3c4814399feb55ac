"""Damage in the middle of JPEGs, which decoders hide."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, Final

import cv2
import numpy as np
import pytest
from PIL import Image

from app.ingest.jpeg import JpegCheck, checking
from tests.app import samples

KINDS: Final[dict[str, dict[str, Any]]] = {
    "usual": {"quality": 90},
    "fine": {"quality": 95, "subsampling": "4:4:4"},
    "optimised": {"optimize": True},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_blocks": 4},
    "grey": {"mode": "L"},
    "cmyk": {"mode": "CMYK"},
}


@pytest.fixture(scope="module")
def check() -> Iterator[JpegCheck]:
    with checking() as check:
        yield check


def encoded(mode: str = "RGB", **options: Any) -> bytes:
    large = cv2.resize(samples.picture(0), (320, 240), interpolation=cv2.INTER_CUBIC)
    noise = np.random.default_rng(0).integers(-20, 20, large.shape)
    image = Image.fromarray((large + noise).clip(0, 255).astype(np.uint8)).convert(mode)
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_whole_files_are_fine_whatever_follows_them(check: JpegCheck, kind: str) -> None:
    data = encoded(**KINDS[kind])
    assert check.damage(data) is None
    assert check.damage(data + b"more") is None
    assert check.damage(data[:-2] + b"\0\0\0\xff\xd9") is None  # filled up, as some cameras do


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_cut_out_of_the_middle_is_found(check: JpegCheck, kind: str) -> None:
    data = encoded(**KINDS[kind])
    found = []
    for share in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        start = round(share * len(data))
        found.append(check.damage(data[:start] + data[start + 200 :]))
    assert sum(line is not None for line in found) >= 3, found


@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bytes_are_found_but_for_codes_that_stay_valid(check: JpegCheck, kind: str) -> None:
    data = encoded(**KINDS[kind])
    rng = np.random.default_rng(3)
    found = []
    for share in np.linspace(0.3, 0.9, 20):
        damaged = bytearray(data)
        start = round(share * len(data))
        for place in range(start, start + 16):
            damaged[place] ^= int(rng.integers(1, 256))
        found.append(check.damage(bytes(damaged)))
    assert sum(line is not None for line in found) >= 5, found


def test_a_decoder_that_is_gone_is_said_and_replaced(check: JpegCheck) -> None:
    data = encoded()
    assert check.damage(data) is None
    assert check._decoder is not None
    check._decoder.kill()
    check._decoder.wait()
    assert check.damage(data) == "its decoder crashed"
    assert check.damage(data) is None
