from __future__ import annotations

import numpy as np
import pytest

from annotations.labelset import PRESETS
from app.street import town


@pytest.fixture(scope="module")
def drive() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(1)
    return list(town.frames(town.build(rng), 3, rng))


def test_frames_are_pictures_with_a_class_for_every_pixel(drive):
    names = [label.name for label in PRESETS["camvid-11"].classes]
    ids = PRESETS["camvid-11"].class_ids
    for image, labels in drive:
        assert image.shape == (360, 480, 3)
        assert labels.shape == (360, 480)
        assert set(np.unique(labels)) <= set(ids)
        assert 60 < image.mean() < 190
        assert image.std() > 30
        assert len(np.unique(labels)) >= 10, names
    assert names[town.BICYCLIST] == "bicyclist"


def test_the_street_is_below_and_the_sky_above(drive):
    for _, labels in drive:
        rows = np.indices(labels.shape)[0]
        middle = {class_id: rows[labels == class_id].mean() for class_id in np.unique(labels)}
        assert middle[town.SKY] < middle[town.BUILDING] < middle[town.CAR] < middle[town.ROAD]
        assert (labels == town.ROAD).mean() > 0.2
        assert (labels == town.SKY).mean() > 0.1


def test_it_moves(drive):
    (first, first_labels), (second, second_labels), _ = drive
    assert np.abs(first.astype(int) - second).mean() > 4
    assert (first_labels != second_labels).mean() > 0.02
