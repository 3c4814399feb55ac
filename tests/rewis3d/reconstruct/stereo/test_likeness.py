from __future__ import annotations

import cv2
import numpy as np
import pytest

from rewis3d.reconstruct.stereo.likeness import (
    NO_SCORE,
    NOISE,
    RADIUS,
    better_half,
    compare,
    moments,
    warp,
)
from tests.references import correlation

SHAPE = (11, 13)


def images(count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.random((count, *SHAPE)) * 200).astype(np.float32)


def compared(grey: np.ndarray, *warped: np.ndarray, kept: int) -> tuple[np.ndarray, np.ndarray]:
    best = np.full((kept, *SHAPE), NO_SCORE, np.float32)
    seen = np.zeros(SHAPE, np.uint8)
    for each in warped:
        compare(grey, *moments(grey), each, best, seen)
    return best, seen


def window(image: np.ndarray, row: int, column: int) -> list[list[float]]:
    rows = slice(row - RADIUS, row + RADIUS + 1)
    return image[rows, column - RADIUS : column + RADIUS + 1].astype(float).tolist()


def test_scores_are_correlations_of_windows() -> None:
    grey, other = images(2)
    other += grey
    best, seen = compared(grey, other, kept=1)
    for row, column in ((RADIUS, RADIUS), (5, 6), (SHAPE[0] - 1 - RADIUS, SHAPE[1] - 1 - RADIUS)):
        wanted = correlation(window(grey, row, column), window(other, row, column))
        assert best[0, row, column] == pytest.approx(wanted, abs=1e-4)
    assert (seen[RADIUS:-RADIUS, RADIUS:-RADIUS] == 1).all()
    assert seen.sum() == (SHAPE[0] - 2 * RADIUS) * (SHAPE[1] - 2 * RADIUS)
    assert NOISE == 1.0  # as the twin has it


def test_brightness_and_contrast_do_not_matter() -> None:
    grey = images(1)[0]
    best, _ = compared(grey, 0.5 * grey + 60, kept=1)
    assert best[0, RADIUS:-RADIUS, RADIUS:-RADIUS].min() > 0.99


def test_even_windows_are_like_nothing() -> None:
    grey = images(1)[0] / 400  # varies by less than a camera's noise
    best, _ = compared(grey, grey, kept=1)
    assert best[0].max() < 0.1


def test_a_source_that_does_not_see_a_window_does_not_count() -> None:
    grey = images(1)[0]
    cut = grey.copy()
    cut[:, :4] = np.nan
    best, seen = compared(grey, cut, kept=1)
    assert (seen[RADIUS:-RADIUS, RADIUS : 4 + RADIUS] == 0).all()
    assert (best[0, :, : 4 + RADIUS] == NO_SCORE).all()
    assert best[0, RADIUS:-RADIUS, 4 + RADIUS : -RADIUS].min() > 0.95


def test_the_better_half_of_the_scores_counts() -> None:
    grey, *others = images(4)
    warped = [grey, *others]
    best, seen = compared(grey, *warped, kept=2)
    score = np.empty(SHAPE, np.float32)
    better_half(best, seen, score)
    row, column = 5, 6
    each = [correlation(window(grey, row, column), window(w, row, column)) for w in warped]
    wanted = sum(sorted(each, reverse=True)[:2]) / 2
    assert score[row, column] == pytest.approx(max(wanted, 0), abs=1e-4)
    assert score[0, 0] == score[RADIUS, RADIUS]
    assert score[-1, -1] == score[-1 - RADIUS, -1 - RADIUS]


def test_no_source_is_no_score() -> None:
    score = np.full(SHAPE, 9, np.float32)
    better_half(np.full((1, *SHAPE), NO_SCORE, np.float32), np.zeros(SHAPE, np.uint8), score)
    assert (score == 0).all()


STILL = np.array([[1.1, 0.02, 3], [-0.01, 0.9, 2], [1e-4, 0, 1]], np.float32)
MOVED = np.array([4.0, -8.0, 0.5], np.float32)


def warped(source: np.ndarray, still: np.ndarray, moved: np.ndarray, near: float) -> np.ndarray:
    found = np.empty(SHAPE, np.float32)
    warp(source, still, moved, np.full(SHAPE, near, np.float32), found)
    return found


def test_a_source_shows_what_lies_where_pixels_go() -> None:
    x, y = np.meshgrid(np.arange(40, dtype=np.float32), np.arange(30, dtype=np.float32))
    seen = STILL @ np.array([7.5, 4.5, 1]) + 0.25 * MOVED
    wanted = seen[:2] / seen[2] - 0.5
    found = [warped(np.ascontiguousarray(along), STILL, MOVED, 0.25)[4, 7] for along in (x, y)]
    assert tuple(found) == pytest.approx(tuple(wanted), abs=1e-3)


def test_a_source_shows_what_opencv_finds_there() -> None:
    source = images(1)[0]
    still = np.array([[1, 0.03, -0.6], [-0.02, 1, 0.4], [0, 0, 1]], np.float32)
    x, y = np.meshgrid(np.arange(13) + 0.5, np.arange(11) + 0.5)
    at = still @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)]).astype(np.float32)
    at = at.reshape(3, *SHAPE)
    inner = (np.abs(at[0] - 6.5) < 6) & (np.abs(at[1] - 5.5) < 5)
    wanted = cv2.remap(source, at[0] - 0.5, at[1] - 0.5, cv2.INTER_LINEAR)
    found = warped(source, still, np.zeros(3, np.float32), 1.0)
    assert inner.sum() > 80
    assert np.abs(found - wanted)[inner].max() < 200 / 32 * 2  # OpenCV goes by 32nds of a pixel
    assert np.isnan(found[(at[0] < 0) | (at[0] > 13) | (at[1] < 0) | (at[1] > 11)]).all()
    still_there = warped(source, np.eye(3, dtype=np.float32), np.zeros(3, np.float32), 1.0)
    np.testing.assert_allclose(still_there, source, rtol=0, atol=0.3)


def test_what_is_behind_a_source_is_not_seen() -> None:
    behind = np.array([0, 0, -1], np.float32)
    assert np.isnan(warped(images(1)[0], np.eye(3, dtype=np.float32), behind, 2.0)).all()
