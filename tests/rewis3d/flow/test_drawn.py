"""Label maps on the grid of the flow."""

from __future__ import annotations

import numpy as np

from rewis3d.flow.drawn import labels_on_grid
from rewis3d.types import IGNORED, UNLABELLED


def test_a_frame_no_larger_than_the_grid_keeps_its_labels() -> None:
    labels = np.full((30, 640), UNLABELLED, np.uint8)
    assert labels_on_grid(labels) is labels


def test_a_thin_stroke_stays_whole_where_the_grid_is_coarser() -> None:
    labels = np.full((100, 1920), UNLABELLED, np.uint8)
    labels[50, 300:900] = 3
    found = labels_on_grid(labels)
    assert found.shape == (33, 640)
    assert (found[16, 100:300] == 3).all()
    assert (found == 3).sum() == 200


def test_most_pixels_decide_and_a_tie_says_nothing() -> None:
    labels = np.full((2, 1280), UNLABELLED, np.uint8)
    labels[:, 0], labels[0, 1] = 1, 2
    labels[0, 2], labels[1, 2] = 4, 5
    labels[0, 4] = IGNORED
    assert labels_on_grid(labels)[0, :3].tolist() == [1, UNLABELLED, IGNORED]


def test_on_a_grid_of_another_size_strokes_stay_whole() -> None:
    labels = np.full((90, 120), UNLABELLED, np.uint8)
    labels[40:43, 10:80] = 2
    found = labels_on_grid(labels, (18, 24))
    assert (found[8, 2:16] == 2).all()
    assert (found == 2).sum() == 14
