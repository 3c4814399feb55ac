from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from rewis3d.array_cache import ArrayCache
from rewis3d.features import Frames
from rewis3d.job import View
from rewis3d.models.segmenter import Head, Segmenter
from rewis3d.models.weights import lite0
from rewis3d.point_features import CHANNELS, PointFeatures, look
from rewis3d.scene import GridMap
from rewis3d.types import PointCloud

HEIGHT, WIDTH = 96, 128


def cloud(frame: np.ndarray, rc: np.ndarray) -> PointCloud:
    n = len(frame)
    return PointCloud(
        np.zeros((n, 3), np.float32),
        np.zeros((n, 3), np.uint8),
        np.ones(n, np.float32),
        np.zeros(n, np.uint8),
        frame,
        rc.astype(np.int32),
        np.array([0, 1, 0], np.float32),
    )


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> PointFeatures:
    """Of two frames with something different in each quarter; the third has no geometry."""
    folder = tmp_path_factory.mktemp("clip")
    views = []
    for index in range(3):
        rng = np.random.default_rng(index)
        image = rng.integers(0, 40, (HEIGHT, WIDTH, 3)).astype(np.uint8)
        image[:, WIDTH // 2 :] += 150
        cv2.imwrite(str(folder / f"{index}.png"), image)
        views.append(View(index, f"{index}.png", HEIGHT, WIDTH))
    network = Segmenter(lite0(), Head(hidden=4, classes=2), scale=1.5, longest=1080, untouched=True)
    frames = Frames(folder, ArrayCache(folder / "cache"), torch.device("cpu"))
    # cells of two by two pixels, and a border of two cells around the image
    grid = GridMap((0.5, 0.5), (2.0, 2.0))
    looking = look(views, {0: grid, 1: grid}, frames, network.eval())
    stages = 0
    try:
        while True:
            next(looking)
            stages += 1
    except StopIteration as end:
        made = end.value
    assert stages == 4
    return made


def test_points_of_like_places_have_like_features(features: PointFeatures):
    rows, columns = np.divmod(np.arange(48 * 64), 64)
    rc = np.stack([rows + 2, columns + 2], axis=1)
    found = features(cloud(np.zeros(len(rc), np.int64), rc))
    assert found.shape == (len(rc), CHANNELS)
    left, right = found[(columns > 8) & (columns < 24)], found[(columns > 40) & (columns < 56)]
    apart = np.abs(left.mean(0) - right.mean(0)).max()
    assert apart > 1.5
    assert apart > 2 * max(left.std(0).max(), right.std(0).max()) / np.sqrt(CHANNELS)


def test_features_have_unit_deviation_over_the_clip(features: PointFeatures):
    rows, columns = np.divmod(np.arange(48 * 64), 64)
    rc = np.tile(np.stack([rows + 2, columns + 2], axis=1), (2, 1))
    found = features(cloud(np.repeat([0, 1], 48 * 64), rc))
    assert found.mean(0) == pytest.approx(0, abs=0.1)
    assert found.std(0) == pytest.approx(1, abs=0.1)


def test_a_frame_that_was_not_looked_at_is_named(features: PointFeatures):
    with pytest.raises(ValueError, match="frame 2"):
        features(cloud(np.array([2]), np.array([[0, 0]])))


def test_without_geometry_nothing_is_looked_at(tmp_path: Path):
    frames = Frames(tmp_path, ArrayCache(tmp_path), torch.device("cpu"))
    network = Segmenter(lite0(), Head(hidden=4, classes=2), scale=1.5, longest=1080, untouched=True)
    with pytest.raises(StopIteration):
        next(look([View(0, "0.png", 9, 9)], {}, frames, network))
