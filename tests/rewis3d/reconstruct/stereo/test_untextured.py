from __future__ import annotations

import numpy as np

from rewis3d.reconstruct.stereo.untextured import HALO, untextured

EDGE = 30


def scene(noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Return an image, bare on the left and textured on the right, and scores as windows give."""
    rng = np.random.default_rng(0)
    grey = (200 + noise * rng.standard_normal((40, 60))).astype(np.float32)
    grey[:, EDGE:] += 60 * rng.random((40, 60 - EDGE)).astype(np.float32) - 110
    score = np.full((40, 60), 0.1, np.float32)
    score[:, EDGE - HALO :] = 0.9
    return grey, score


def nothing_at(
    grey: np.ndarray, score: np.ndarray, endless: np.ndarray | None = None
) -> np.ndarray:
    return untextured(grey, score, np.zeros(grey.shape, np.bool_) if endless is None else endless)


def test_a_bare_area_reaches_up_to_the_edge() -> None:
    for noise in (0.0, 0.5, 3.0):
        found = nothing_at(*scene(noise))
        assert found[:, : EDGE - HALO].all()
        assert found[:, : EDGE - 2].mean() > 0.98
        assert not found[:, EDGE:].any()


def test_clouds_reach_up_to_the_edge_too() -> None:
    grey, score = scene(0.5)
    score[:] = 0.9
    endless = np.zeros(grey.shape, np.bool_)
    endless[:, : EDGE - HALO] = True
    found = nothing_at(grey, score, endless)
    assert found[:, : EDGE - 2].mean() > 0.98
    assert not found[:, EDGE:].any()


def test_a_faint_texture_counts_where_it_goes_on() -> None:
    grey, score = scene(0.5)
    score[:] = np.random.default_rng(0).uniform(0, 0.5, score.shape)
    assert nothing_at(grey, score)[5:-5, 5:-5].sum() == 0
    score[:] *= 0.3
    assert nothing_at(grey, score)[:, :EDGE].all()


def test_a_small_hole_in_a_surface_is_none() -> None:
    grey, score = scene(0.5)
    score[:] = 0.9
    score[20:24, 10:14] = 0.1
    assert not nothing_at(grey, score).any()


def test_what_the_lens_does_not_reach_says_nothing() -> None:
    grey, score = scene(0.5)
    score[:] = 0.9
    grey[:, :5] = np.nan
    found = nothing_at(grey, score)
    assert found[:, :5].all()
    assert not found[:, 6:].any()
