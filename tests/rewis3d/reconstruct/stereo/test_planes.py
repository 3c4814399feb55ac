from __future__ import annotations

import numpy as np

from rewis3d.reconstruct.stereo.planes import fit_planes
from tests.rewis3d.reconstruct.stereo.twins import plane_through

STEP = 0.01


def grey(*shape: int) -> np.ndarray:
    return np.full((*shape, 3), 120, np.uint8)


def floor(height: int, width: int) -> np.ndarray:
    """Return the inverse depths of a floor, which is steep to look along."""
    rows = np.linspace(0.2, 0.5, height, dtype=np.float32)
    return np.ascontiguousarray(np.broadcast_to(rows[:, None], (height, width)))


def test_noise_on_a_plane_goes() -> None:
    noise = np.random.default_rng(0).normal(0, 0.003, (60, 60)).astype(np.float32)
    found = fit_planes(floor(60, 60) + noise, grey(60, 60), step=STEP)
    assert np.abs(found - floor(60, 60)).std() < 0.3 * noise.std()


def test_a_plane_stays_as_it_is() -> None:
    found = fit_planes(floor(60, 60), grey(60, 60), step=STEP)
    np.testing.assert_allclose(found, floor(60, 60), rtol=0, atol=5e-4)


def test_nothing_crosses_a_jump() -> None:
    depth = floor(40, 40)
    depth[10:30, 10:30] = 0.8
    found = fit_planes(depth, grey(40, 40), step=STEP)
    np.testing.assert_allclose(found[10:30, 10:30], 0.8, rtol=1e-3)
    np.testing.assert_allclose(found[:, :10], depth[:, :10], rtol=0, atol=1e-3)


def test_neighbours_of_another_colour_hardly_count() -> None:
    depth = np.full((20, 20), 0.5, np.float32)
    depth[:, 10:] = 0.53
    rgb = grey(20, 20)
    rgb[:, 10:] = 250
    assert np.abs(fit_planes(depth, rgb, step=STEP) - depth)[:, [9, 10]].max() < 0.003
    assert np.abs(fit_planes(depth, grey(20, 20), step=STEP) - depth)[:, [9, 10]].min() > 0.006


def test_a_plane_is_fitted_as_written_out() -> None:
    rng = np.random.default_rng(0)
    depth = (floor(14, 13) + rng.normal(0, 0.02, (14, 13))).astype(np.float32)
    rgb = rng.integers(100, 130, (14, 13, 3)).astype(np.uint8)
    found = fit_planes(depth, rgb, step=STEP)
    wanted = [[plane_through(depth, rgb, (i, j), STEP) for j in range(13)] for i in range(14)]
    np.testing.assert_allclose(found, np.array(wanted), rtol=2e-3)
