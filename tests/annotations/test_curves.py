from __future__ import annotations

import numpy as np
import pytest

from annotations.curves import arc, at, middle, parabolas, resampled

CORNER = np.array([[0.0, 0.0], [30.0, 0.0], [30.0, 10.0]])


def test_the_way_along_a_path_is_added_up():
    assert arc(CORNER).tolist() == [0, 30, 40]
    assert at(CORNER, np.array([15.0, 35.0])).tolist() == [[15, 0], [30, 5]]


def test_the_middle_of_a_path_keeps_its_corners():
    assert middle(CORNER, 0.5).tolist() == [[10, 0], [30, 0]]
    assert middle(CORNER, 0.75).tolist() == [[5, 0], [30, 0], [30, 5]]
    assert middle(CORNER, 1.0) is CORNER


def test_resampling_keeps_the_ends_and_steps_evenly():
    path_xy = resampled(np.array([[0.0, 0.0], [41.0, 0.0]]))
    assert path_xy[[0, -1], 0].tolist() == [0, 41]
    steps = np.diff(path_xy[:, 0])
    assert steps.max() <= 4
    assert steps.min() == pytest.approx(steps.max())


def test_a_path_without_length_is_one_point():
    spot = np.array([[2.5, 3.5], [2.5, 3.5]])
    assert resampled(spot).tolist() == [[2.5, 3.5]]
    assert middle(resampled(spot), 0.25).tolist() == [[2.5, 3.5]]


def test_parabolas_run_from_edge_to_edge():
    core = np.zeros((20, 40), bool)
    core[4:16, 6:34] = True
    curves = parabolas(core, np.random.default_rng(0))
    for ends in (curves[:, 0], curves[:, -1]):
        cols, rows = np.floor(ends).astype(int).T
        assert core[rows, cols].all()
        assert (np.isin(cols, (6, 33)) | np.isin(rows, (4, 15))).all()
    assert np.abs(np.diff(curves, n=3, axis=1)).max() < 1e-9  # of second degree


def test_nothing_is_drawn_through_an_empty_core():
    assert len(parabolas(np.zeros((5, 5), bool), np.random.default_rng(0))) == 0
