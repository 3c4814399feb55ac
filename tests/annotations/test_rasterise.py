"""Which pixels a stroke covers."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from annotations.labelset import from_json
from annotations.rasterise import coverage, rasterise
from annotations.types import ERASER, IGNORE, IGNORED, UNLABELLED, Stroke
from tests.references import covered_pixels

CLASSES = from_json([{"name": "a", "id": 7}, {"name": "b", "id": 3}])
half_pixels = st.integers(-12, 60).map(lambda number: number / 2)
anywhere = st.floats(-8, 32, width=32)
coordinate = st.one_of(half_pixels, anywhere)
path = st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=6)
brush = st.one_of(st.sampled_from([0.5, 1.0, 2.0, 3.0, 5.0, 10.0]), st.floats(0.5, 30))


def painted(xy, width, *, rows=20, cols=24):
    image = np.zeros((rows, cols), bool)
    at_rows, at_cols, covered = coverage(np.array(xy, np.float32), width, rows, cols)
    image[at_rows, at_cols] = covered
    return image


def stroke(class_id, xy, width=1.0, uuid="s"):
    return Stroke(uuid, 1, class_id, np.array(xy, np.float32), width, "ann")


@given(path, brush)
@example([(0.0, 5.0), (10.0, 5.0 + 1e-30)], 3.0)
@example([(2.5, 2.5), (2.5, 2.5)], 2.0)
@example([(-3e4, -2e4), (3e4, 2e4)], 5.0)
@example([(5.5, 5.5), (12.5, 5.5)], 4.0)  # borders that run through pixel centres
def test_covers_the_pixels_whose_centres_are_near(xy, width):
    exact = [(float(np.float32(x)), float(np.float32(y))) for x, y in xy]
    assert painted(xy, width).tolist() == covered_pixels(exact, width, 20, 24)


def test_the_tile_is_no_larger_than_the_stroke_needs():
    rows, cols, _ = coverage(np.array([[100, 50], [110, 55]], np.float32), 4.0, 360, 480)
    assert (rows.stop - rows.start) <= 5 + 4 + 4
    assert (cols.stop - cols.start) <= 10 + 4 + 4


def test_a_line_of_three_pixels_is_three_pixels_wide():
    assert painted([(2.0, 10.5), (20.0, 10.5)], 3.0)[:, 11].sum() == 3


@pytest.mark.parametrize("width", [0.5, 1.0, 1.2])
@pytest.mark.parametrize("point", [(3.0, 4.0), (3.01, 4.99), (3.99, 4.5)])
def test_a_point_paints_its_pixel_however_thin(width, point):
    assert painted([point], width)[4, 3]


def test_a_thin_line_between_pixel_centres_is_not_lost():
    assert painted([(1.0, 1.0), (3.0, 1.02)], 0.5)[1, [1, 3]].all()


def test_what_lies_outside_the_image_is_no_error():
    assert not painted([(-50.0, -50.0), (-40.0, -60.0)], 8.0).any()
    assert not painted([(500.0, 5.0)], 8.0).any()


def test_strokes_paint_over_each_other_in_order():
    row = [(0.5, 0.5), (7.5, 0.5)]
    labels = rasterise(
        [
            stroke(7, row),
            stroke(3, [(1.5, 0.5)]),
            stroke(ERASER, [(3.5, 0.5)]),
            stroke(IGNORE, [(5.5, 0.5)]),
            stroke(7, [(3.5, 0.5)]),
            stroke(200, [(0.5, 0.5)]),
        ],
        CLASSES,
        1,
        9,
    )
    assert labels.dtype == np.uint8
    assert labels[0].tolist() == [0, 1, 0, 0, 0, IGNORED, 0, 0, UNLABELLED]
    erased = rasterise([stroke(7, row), stroke(ERASER, [(3.5, 0.5)])], CLASSES, 1, 9)
    assert erased[0, 3] == UNLABELLED


def test_no_strokes_make_an_unlabelled_mask():
    assert (rasterise([], CLASSES, 3, 5) == np.full((3, 5), UNLABELLED)).all()


def test_a_path_too_long_for_one_piece_of_work_is_painted_whole(monkeypatch):
    xy = [(1.5, 1.5), (20.5, 3.5), (4.5, 17.5), (22.5, 18.5)]
    whole = painted(xy, 5.0)
    monkeypatch.setattr("annotations.rasterise._CHUNK", 7)
    assert (painted(xy, 5.0) == whole).all()


def test_two_hundred_strokes_at_1080p_take_a_moment():
    rng = np.random.default_rng(0)
    steps = rng.normal(0, 4, (200, 300, 2)).cumsum(axis=1)
    paths = steps + rng.uniform((200, 200), (1720, 880), (200, 1, 2))
    strokes = [stroke(7, xy, 20.0, str(i)) for i, xy in enumerate(paths)]
    start = time.process_time()
    rasterise(strokes, CLASSES, 1080, 1920)
    assert time.process_time() - start < 4  # about 1 s; the bar leaves room for a busy machine
