"""Images and masks as files: read as stored, written whole, refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rewis3d.images import read_mask, read_rgb, write_mask
from rewis3d.types import Rewis3dError


def gradient(height: int = 6, width: int = 8) -> np.ndarray:
    """Return RGB values that differ in every pixel and channel."""
    return np.arange(height * width * 3, dtype=np.uint8).reshape(height, width, 3)


def test_an_image_is_read_as_rgb(tmp_path: Path) -> None:
    Image.fromarray(gradient()).save(tmp_path / "a.png")
    assert (read_rgb(tmp_path / "a.png", 6, 8) == gradient()).all()


def test_a_grey_image_has_three_channels(tmp_path: Path) -> None:
    Image.fromarray(gradient()[..., 0]).save(tmp_path / "a.png")
    assert (read_rgb(tmp_path / "a.png", 6, 8) == gradient()[..., :1]).all()


def test_a_rotation_in_the_exif_is_not_applied_again(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.fromarray(np.full((6, 8, 3), 90, np.uint8)).save(tmp_path / "a.jpg", exif=exif)
    assert read_rgb(tmp_path / "a.jpg", 6, 8).shape == (6, 8, 3)


def test_a_mask_comes_back_as_it_was_written(tmp_path: Path) -> None:
    mask = np.arange(48, dtype=np.uint8).reshape(6, 8) + 208
    write_mask(mask, tmp_path / "a.png")
    assert (read_mask(tmp_path / "a.png", 6, 8) == mask).all()
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_mask_that_can_not_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = np.zeros((6, 8), np.uint8)
    write_mask(old, tmp_path / "a.png")
    whole = Path.write_bytes

    def half(path: Path, data: bytes) -> None:
        whole(path, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError, match="No space left"):
        write_mask(old + 1, tmp_path / "a.png")
    assert (read_mask(tmp_path / "a.png", 6, 8) == old).all()


@pytest.mark.parametrize("read", [read_rgb, read_mask])
def test_what_is_no_image_is_named(tmp_path: Path, read) -> None:
    file = tmp_path / "a.png"
    with pytest.raises(Rewis3dError, match=r"a\.png: can't be read \(.*No such file"):
        read(file, 6, 8)
    file.write_bytes(b"")
    with pytest.raises(Rewis3dError, match=r"a\.png: can't be read"):
        read(file, 6, 8)
    file.write_bytes(b"no image")
    with pytest.raises(Rewis3dError, match=r"a\.png: not an image"):
        read(file, 6, 8)
    Image.fromarray(gradient()[..., 0]).save(file)
    with pytest.raises(Rewis3dError, match=r"a\.png: 8x6 pixels, the job says 6x8"):
        read(file, 8, 6)


@pytest.mark.parametrize("pixels", [gradient(), gradient()[..., 0].astype(np.uint16)])
def test_a_mask_of_several_channels_or_more_bits_is_named(tmp_path: Path, pixels) -> None:
    Image.fromarray(pixels).save(tmp_path / "a.png")
    with pytest.raises(Rewis3dError, match=r"a\.png: a mask has one channel of 8 bits"):
        read_mask(tmp_path / "a.png", 6, 8)
