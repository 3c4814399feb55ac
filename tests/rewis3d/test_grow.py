"""Growing labels over an image of two halves with a sharp border."""

from __future__ import annotations

import numpy as np

from rewis3d.grow import grown
from rewis3d.types import IGNORED, UNLABELLED

HEIGHT, WIDTH, BORDER = 40, 60, 22


def halves() -> np.ndarray:
    image = np.full((HEIGHT, WIDTH, 3), (200, 60, 40), np.uint8)
    image[:, BORDER:] = (30, 90, 180)
    return image


def strokes() -> np.ndarray:
    labels = np.full((HEIGHT, WIDTH), UNLABELLED, np.uint8)
    labels[10:30, 4:6], labels[10:30, 50:52] = 3, 5
    return labels


def nowhere() -> np.ndarray:
    return np.zeros((HEIGHT, WIDTH), bool)


def test_strokes_grow_to_the_border_that_the_image_shows():
    found = grown(strokes(), halves(), hidden=nowhere())
    truth = np.where(np.arange(WIDTH) < BORDER, 3, 5)[None].repeat(HEIGHT, 0)
    said = found != UNLABELLED
    assert said.mean() > 0.85
    assert (found == truth)[said].mean() > 0.99


def test_says_nothing_about_what_is_drawn():
    labels = strokes()
    found = grown(labels, halves(), hidden=nowhere())
    assert (found[labels != UNLABELLED] == UNLABELLED).all()


def test_hidden_labels_grow_nowhere_and_get_nothing():
    labels = strokes()
    hidden = labels == 5
    found = grown(labels, halves(), hidden=hidden)
    assert set(np.unique(found)) == {3, UNLABELLED}
    assert (found[hidden] == UNLABELLED).all()
    other = np.where(hidden, 7, labels).astype(np.uint8)
    assert np.array_equal(found, grown(other, halves(), hidden=hidden))


def test_nothing_grows_into_or_out_of_ignored_pixels():
    labels = strokes()
    labels[:, 30:40] = IGNORED
    found = grown(labels, halves(), hidden=nowhere())
    assert (found[:, 30:40] == UNLABELLED).all()
    assert set(np.unique(found)) == {3, 5, UNLABELLED}
    assert not (found == IGNORED).any()


def test_without_a_stroke_nothing_grows():
    empty = np.full((HEIGHT, WIDTH), UNLABELLED, np.uint8)
    ignored = np.full((HEIGHT, WIDTH), IGNORED, np.uint8)
    for labels in (empty, ignored):
        assert (grown(labels, halves(), hidden=nowhere()) == UNLABELLED).all()
    hidden = np.ones((HEIGHT, WIDTH), bool)
    assert (grown(strokes(), halves(), hidden=hidden) == UNLABELLED).all()
