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


def test_a_bare_area_reaches_up_to_the_edge() -> None:
    for noise in (0.0, 0.5, 3.0):
        found = untextured(*scene(noise))
        assert found[:, : EDGE - HALO].all()
        assert found[:, : EDGE - 2].mean() > 0.98
        assert not found[:, EDGE:].any()


def test_a_small_hole_in_a_surface_does_not_grow() -> None:
    grey, score = scene(0.5)
    score[:] = 0.9
    score[20:23, 10:13] = 0.1
    assert untextured(grey, score).sum() == 9


def test_texture_everywhere_is_no_bare_area() -> None:
    grey, score = scene(0.5)
    score[:] = 0.8
    assert not untextured(grey, score).any()


def test_what_the_lens_does_not_reach_is_bare() -> None:
    grey, score = scene(0.5)
    grey[:, :5] = np.nan
    score[:, :8] = 0
    assert untextured(grey, score)[:, :8].all()
