from __future__ import annotations

import cv2
import numpy as np

from rewis3d.reconstruct.stereo import borders
from rewis3d.reconstruct.stereo.borders import beside_borders, settle
from tests.rewis3d.reconstruct.stereo.clip import CAMERA, picture, sideways
from tests.rewis3d.reconstruct.stereo.rendering import Board, render
from tests.rewis3d.reconstruct.stereo.twins import chosen_depth

WALL = Board((-9, -6, 7), (18, 0, 0), (0, 12, 0), 1, grain=0.2, grey=90)
SQUARE = Board((-0.9, -0.9, 4), (1.8, 0, 0), (0, 1.8, 0), 2, grain=0.1, grey=150)
POLE = Board((-0.1, -6, 4), (0.2, 0, 0), (0, 12, 0), 2, contrast=10, grain=0.1, grey=200)
"""Four pixels wide."""
STEP = 0.01


def swollen(boards: list[Board], by: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the true nearness of the middle view, and what it is after near things grew."""
    depth = render(boards, CAMERA, sideways(5)[2])[1]
    true = (1 / depth).astype(np.float32)
    return true, np.asarray(cv2.dilate(true, np.ones((2 * by + 1, 2 * by + 1), np.uint8)))


def settled(boards: list[Board], nearness: np.ndarray) -> np.ndarray:
    views = [picture(boards, T) for T in sideways(5)]
    return settle(views[2], [views[1], views[3], views[0], views[4]], nearness, step=STEP)


def wrong(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    return np.abs(found / true - 1) > 0.05


def test_a_square_that_grew_before_a_wall_shrinks_to_its_outline() -> None:
    true, grown = swollen([WALL, SQUARE], 3)
    found = settled([WALL, SQUARE], grown)
    assert wrong(grown, true).sum() > 400
    assert wrong(found, true).sum() < 0.2 * wrong(grown, true).sum()


def test_a_thin_thing_is_not_swallowed() -> None:
    true, grown = swollen([WALL, POLE], 2)
    found = settled([WALL, POLE], grown)
    pole = true > 0.2
    assert wrong(found, true)[pole].mean() < 0.1
    assert wrong(found, true)[~pole].sum() < 0.5 * wrong(grown, true)[~pole].sum()


def test_what_is_right_stays() -> None:
    true, _ = swollen([WALL, SQUARE], 0)
    found = settled([WALL, SQUARE], true)
    assert beside_borders(true, step=STEP).mean() > 0.1
    assert wrong(found, true)[beside_borders(true, step=STEP)].mean() < 0.06
    np.testing.assert_array_equal(
        found[~beside_borders(true, step=STEP)], true[~beside_borders(true, step=STEP)]
    )


def test_a_floor_has_no_border() -> None:
    floor = np.tile(np.linspace(0.2, 0.5, 72, dtype=np.float32)[:, None], (1, 96))
    assert not beside_borders(floor, step=STEP).any()


def test_what_is_not_seen_leaves_a_choice_by_the_surface() -> None:
    _, grown = swollen([WALL, SQUARE], 2)
    view = picture([WALL, SQUARE], sideways(5)[2])
    away = np.eye(4)
    away[0, 3] = 500
    found = settle(view, [picture([WALL], away)], grown, step=STEP)
    assert np.isin(found, grown).all()


def test_the_choice_is_the_one_written_out() -> None:
    rng = np.random.default_rng(0)
    grey = rng.uniform(0, 60, (9, 11)).astype(np.float32)
    grey[0, 0] = np.nan
    rgb = rng.integers(90, 140, (9, 11, 3)).astype(np.uint8)
    choices = rng.choice(np.array([0.1, 0.102, 0.2, 0.4], np.float32), (5, 9, 11))
    shown = (np.nan_to_num(grey) + rng.uniform(-15, 15, (5, 3, 9, 11))).astype(np.float32)
    shown[:, 0, :, 6:] = np.nan
    shown[:, :, 7:, :4] = np.nan
    asked = rng.random((9, 11)) < 0.8
    counts = rng.choice(np.array([0.2, 1.0], np.float32), (9, 11))
    found = choices[0].copy()
    differs = np.minimum(np.abs(grey - shown), borders.UNLIKE)
    unlike = np.ascontiguousarray(np.moveaxis(np.where(np.isnan(differs), -1, differs), 1, -1))
    borders._choose(rgb, choices, unlike, asked, counts, found)
    wanted = [
        [
            chosen_depth(grey, rgb, choices, shown, counts, (row, column))
            if asked[row, column]
            else choices[0, row, column]
            for column in range(11)
        ]
        for row in range(9)
    ]
    np.testing.assert_array_equal(found, np.array(wanted, np.float32))
    assert (found != choices[0]).mean() > 0.2
