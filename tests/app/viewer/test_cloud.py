from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from app.viewer.cloud import Cloud, image_xy, make_cloud, pixel_rows
from rewis3d.geometry import pinhole
from rewis3d.scene import GridMap, Scene, ViewGeometry


def test_rows_are_those_of_the_view(scene: Scene, cloud: Cloud):
    for index in range(len(scene.views)):
        assert set(cloud.points.view[cloud.rows(index)]) == {index}
    assert cloud.starts[-1] == len(cloud)


@pytest.mark.parametrize("finer", [1, 2, 5])
def test_points_have_the_colours_of_their_pixels(scene: Scene, tmp_path: Path, finer: int):
    """Images finer than the grid are read at a lower resolution; the places stay."""
    row, column = np.mgrid[0 : 48 * finer, 0 : 64 * finer]
    image = np.stack([255 * column / (64 * finer), 255 * row / (48 * finer), row * 0], axis=-1)
    path = tmp_path / "image.png"
    cv2.imwrite(str(path), image[..., ::-1].astype(np.uint8))
    cloud = make_cloud(scene, lambda _: path, most=10**6)
    xy = image_xy(scene.views[1].geometry, cloud.points.cell[cloud.rows(1)])
    expected = 255 * xy / [64, 48]
    assert np.abs(cloud.rgb[cloud.rows(1), :2] - expected).max() < 6


def test_a_frame_whose_image_is_gone_has_grey_points(scene: Scene, tmp_path: Path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    cloud = make_cloud(scene, lambda frame: broken if frame % 2 else None, most=10**6)
    assert (cloud.rgb == 128).all()


def test_cells_find_their_pixels_in_a_cropped_image():
    view = ViewGeometry(
        1, 100, 200, pinhole(50.0, 40, 20), np.eye(4), GridMap((0.25, 0.25), (-5.0, -2.5)), "x"
    )
    xy = image_xy(view, np.array([0, 41], np.int32))
    np.testing.assert_allclose(xy, [[22, 12], [26, 16]])
    row, column = pixel_rows(view, np.array([0, 41], np.int32), 50, 100)
    assert (list(row), list(column)) == ([6, 8], [11, 13])


def test_confidence_and_reach_leave_points_out(cloud: Cloud):
    assert cloud.visible(confidence=0.0, reach=1.0).all()
    trusted = cloud.visible(confidence=0.7, reach=1.0)
    np.testing.assert_array_equal(trusted, cloud.points.confidence >= np.float32(0.7))
    near = cloud.visible(confidence=0.0, reach=0.5)
    assert near.mean() == pytest.approx(0.5, abs=0.02)
    assert cloud.points.depth[near].max() <= cloud.points.depth[~near].min()


def test_the_spacing_is_what_neighbours_are_apart(scene: Scene, cloud: Cloud):
    assert cloud.spacing == pytest.approx(np.median(cloud.points.depth) / (0.8 * 32), rel=0.5)
    fewer = make_cloud(scene, lambda _: None, most=len(cloud) // 4)
    assert fewer.spacing == pytest.approx(2 * cloud.spacing, rel=0.4)
