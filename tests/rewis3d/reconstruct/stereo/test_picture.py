from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from rewis3d.geometry import Camera
from rewis3d.reconstruct.stereo.picture import WIDEST, pinhole_of, read_picture, to_grid
from rewis3d.scene import GridMap, ViewGeometry
from rewis3d.types import Rewis3dError
from tests.rewis3d.reconstruct.stereo.clip import CAMERA

BARREL = Camera(CAMERA.K, 96, 72, (-0.2, 0.03, 0.0, 0.0))


def view(camera: Camera, height: int = 72, width: int = 96, grid: GridMap | None = None):
    return ViewGeometry(1, height, width, camera, np.eye(4), grid or GridMap((1.0, 1.0)), "colmap")


def write(path: Path, image: np.ndarray) -> Path:
    cv2.imwrite(str(path), image)
    return path


def ramp(height: int, width: int) -> np.ndarray:
    """Return an image whose grey levels grow linearly from the left, 0 to 240 at its borders."""
    return np.tile(((np.arange(width) + 0.5) * 240 / width), (height, 1)).round().astype(np.uint8)


def test_a_pinhole_view_is_its_image(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (72, 96), np.uint8)
    found = read_picture(write(tmp_path / "a.png", image), view(CAMERA))
    assert found.camera == CAMERA
    np.testing.assert_allclose(found.grey, image, atol=0.5)


def test_a_large_image_is_made_small(tmp_path: Path) -> None:
    large = view(CAMERA, 288, 384, GridMap((0.25, 0.25)))
    found = read_picture(write(tmp_path / "a.png", ramp(288, 384)), large)
    np.testing.assert_allclose(found.grey, ramp(72, 96), atol=1.5)


def test_a_grid_may_be_a_part_of_the_image(tmp_path: Path) -> None:
    part = view(CAMERA, 72, 144, GridMap((1.0, 1.0), (-20.0, 0.0)))
    found = read_picture(write(tmp_path / "a.png", ramp(72, 144)), part)
    np.testing.assert_allclose(found.grey, ramp(72, 144)[:, 20:116], atol=1.0)


def test_a_lens_is_taken_out_and_put_back(tmp_path: Path) -> None:
    camera = pinhole_of(BARREL)
    assert camera.width > 96
    assert camera.height > 72
    assert camera.distortion == ()
    found = read_picture(write(tmp_path / "a.png", ramp(72, 96)), view(BARREL))
    assert found.grey.shape == (camera.height, camera.width)
    assert np.isnan(found.grey).any()  # corners that the image does not have
    (back,) = to_grid(view(BARREL), found.grey)
    np.testing.assert_allclose(back[2:-2, 2:-2], ramp(72, 96)[2:-2, 2:-2], atol=4)


def test_straight_lines_are_straight_without_the_lens(tmp_path: Path) -> None:
    image = np.zeros((72, 96), np.uint8)
    camera = pinhole_of(BARREL)
    line = np.stack([np.linspace(5, camera.width - 5, 400), np.full(400, 12.5)], axis=1)
    bent = BARREL.project(camera.rays(line))
    for x, y in bent:
        if 0 <= x < 96 and 0 <= y < 72:
            image[int(y), int(x)] = 255
    found = np.nan_to_num(read_picture(write(tmp_path / "a.png", image), view(BARREL)).grey)
    rows = np.unique(np.nonzero(found > 80)[0])
    assert rows.min() >= 11
    assert rows.max() <= 13


def test_a_fisheye_loses_its_rim() -> None:
    camera = Camera(CAMERA.K, 96, 72, (0.05, 0.0, 0.0, 0.0), fisheye=True)
    wide = pinhole_of(Camera(camera.K * [[0.4], [0.4], [1]], 96, 72, camera.distortion, True))
    assert wide.width <= WIDEST * 96
    assert wide.height <= WIDEST * 72


def test_an_image_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no image")
    with pytest.raises(Rewis3dError, match=r"a\.png"):
        read_picture(tmp_path / "a.png", view(CAMERA))
