from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from app.ingest import picture
from app.ingest.picture import PictureError, read_picture
from tests.app import samples


def _pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def _save(image: Image.Image, file: Path, **options: Any) -> Path:
    image.save(file, **options)
    return file


def _sample() -> Image.Image:
    return Image.fromarray(samples.picture(0))


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_upright_png_and_jpeg_keep_their_bytes(tmp_path, suffix):
    file = _save(_sample(), tmp_path / f"a{suffix}")
    found = read_picture(file)
    assert (found.data, found.suffix) == (file.read_bytes(), suffix)
    assert (found.width, found.height) == (64, 48)


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_exif_rotation_is_applied(tmp_path, orientation, suffix):
    upright = np.zeros((24, 40, 3), np.uint8)
    upright[:8, :8] = 255  # a white corner, top left
    across = upright.transpose(1, 0, 2)
    stored = {  # by EXIF's own words: which side row 0 and which side column 0 show
        2: upright[:, ::-1],  # top, right
        3: upright[::-1, ::-1],  # bottom, right
        4: upright[::-1],  # bottom, left
        5: across,  # left, top
        6: across[::-1],  # right, top
        7: across[::-1, ::-1],  # right, bottom
        8: across[:, ::-1],  # left, bottom
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = _save(Image.fromarray(np.ascontiguousarray(stored)), tmp_path / f"a{suffix}", exif=exif)
    found = read_picture(file)
    assert (found.width, found.height) == (40, 24)
    assert np.abs(_pixels(found.data).astype(int) - upright).max() < 60
    assert Image.open(io.BytesIO(found.data)).getexif().get(0x0112, 1) == 1
    assert _pixels(found.thumbnail).shape == (24, 40, 3)


@pytest.mark.parametrize("suffix", [".webp", ".bmp", ".tiff", ".ppm"])
def test_other_formats_become_jpeg_of_high_quality(tmp_path, suffix):
    options = {"lossless": True} if suffix == ".webp" else {}
    found = read_picture(_save(_sample(), tmp_path / f"a{suffix}", **options))
    assert found.suffix == ".jpg"
    assert np.abs(_pixels(found.data).astype(int) - samples.picture(0)).mean() < 4


def test_a_phones_jpeg_with_a_second_picture_is_its_first_one(tmp_path):
    second = Image.fromarray(samples.picture(1))
    file = _save(_sample(), tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[second])
    found = read_picture(file)
    assert found.suffix == ".jpg"
    assert np.abs(_pixels(found.data).astype(int) - samples.picture(0)).mean() < 8


def test_a_name_says_nothing_about_the_format(tmp_path):
    (tmp_path / "a.jpg").write_bytes(_save(_sample(), tmp_path / "a.png").read_bytes())
    assert read_picture(tmp_path / "a.jpg").suffix == ".png"


def test_16_bit_grey_keeps_its_range(tmp_path):
    ramp = np.linspace(0, 65535, 48 * 64).reshape(48, 64).astype(np.uint16)
    assert cv2.imwrite(str(tmp_path / "a.png"), ramp)
    found = read_picture(tmp_path / "a.png")
    assert found.suffix == ".jpg"
    assert np.abs(_pixels(found.data)[..., 0].astype(int) - (ramp >> 8)).max() <= 3


def test_16_bit_colour_becomes_8_bit(tmp_path):
    deep = samples.picture(0)[..., ::-1].astype(np.uint16) * 257
    assert cv2.imwrite(str(tmp_path / "a.png"), deep)
    found = read_picture(tmp_path / "a.png")
    assert found.suffix == ".jpg"
    assert np.abs(_pixels(found.data).astype(int) - samples.picture(0)).mean() < 4


def test_cmyk_becomes_rgb(tmp_path):
    found = read_picture(_save(_sample().convert("CMYK"), tmp_path / "a.jpg", quality=95))
    assert Image.open(io.BytesIO(found.data)).mode == "RGB"
    assert np.abs(_pixels(found.data).astype(int) - samples.picture(0)).mean() < 8


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(tmp_path, mode):
    image = Image.new("RGBA", (20, 10), (255, 0, 0, 255))
    image.paste((0, 0, 255, 0), (0, 0, 10, 10))
    file = tmp_path / "a.png"
    if mode == "P":
        image.quantize(4).save(file)
    else:
        image.convert(mode).save(file)
    pixels = _pixels(read_picture(file).data)
    assert pixels[:, :8].min() > 245
    assert pixels[:, 12:, 2].max() < 120


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_modes_without_colour_and_palettes_are_taken(tmp_path, mode):
    file = _save(_sample().convert(mode), tmp_path / "a.png")
    found = read_picture(file)
    assert _pixels(found.data).shape == (48, 64, 3)
    assert (found.suffix == ".png") == (mode == "L")


def test_thumbnails_are_small_and_keep_the_aspect(tmp_path):
    file = _save(_sample().resize((1024, 512)), tmp_path / "a.png")
    assert _pixels(read_picture(file).thumbnail).shape == (128, 256, 3)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that claims a size."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = _chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + header + data + _chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(9000, 9000), (12000, 12000), (60000, 60000)])
def test_a_huge_picture_in_a_small_file_is_refused_undecoded(tmp_path, monkeypatch, width, height):
    (tmp_path / "bomb.png").write_bytes(_bomb(width, height))
    monkeypatch.setattr(Image.Image, "load", lambda _: pytest.fail("it was decoded"))
    with pytest.raises(PictureError, match="more than 80 million pixels"):
        read_picture(tmp_path / "bomb.png")


def test_a_file_too_large_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(picture, "MAX_BYTES", 2**20)
    (tmp_path / "a.png").write_bytes(b"\0" * (2**20 + 1))
    with pytest.raises(PictureError, match=r"^larger than 1 MiB$"):
        read_picture(tmp_path / "a.png")


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]


BROKEN = {
    "empty": (lambda _: b"", "^the file is empty$"),
    "text": (lambda _: b"hello", "^not an image of a supported format$"),
    "half": (_half, "damaged"),
    "header only": (lambda data: data[:40], "damaged|not an image"),
}


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp", ".tiff"])
@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_refused_with_the_reason(tmp_path, suffix, kind):
    file = _save(_sample(), tmp_path / f"a{suffix}")
    breaks, reason = BROKEN[kind]
    file.write_bytes(breaks(file.read_bytes()))
    if suffix in (".webp", ".tiff") and kind == "half":
        reason = "damaged|not an image"  # their directory is at the end
    with pytest.raises(PictureError, match=reason):
        read_picture(file)


def test_samples_of_32_bits_are_refused(tmp_path):
    file = _save(Image.fromarray(np.ones((8, 8), np.float32)), tmp_path / "a.tiff")
    with pytest.raises(PictureError, match=r"^samples of 32 bits are not supported$"):
        read_picture(file)


def test_a_file_that_is_gone_is_a_reason_not_a_crash(tmp_path):
    with pytest.raises(PictureError, match=r"^can't be read \(No such file or directory\)$"):
        read_picture(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp", ".tiff", ".ppm"])
def test_random_damage_is_refused_or_read_but_never_crashes(tmp_path, suffix):
    whole = _save(_sample(), tmp_path / f"a{suffix}").read_bytes()
    rng = np.random.default_rng(7)
    for _ in range(60):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), 12):
            data[place] = rng.integers(256)
        file = tmp_path / f"damaged{suffix}"
        file.write_bytes(bytes(data))
        try:
            found = read_picture(file)
        except PictureError:
            continue
        assert _pixels(found.data).shape == (found.height, found.width, 3)
