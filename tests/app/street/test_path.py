from __future__ import annotations

import numpy as np

from app.street.path import winding


def test_a_path_starts_ahead_bends_gently_and_knows_its_sides():
    for seed in range(5):
        path = winding(np.random.default_rng(seed))
        assert np.allclose(path.at(0.0), (0, 0))
        assert abs(path.heading(0.0)) < 1e-9
        assert np.abs(np.diff(path.angle) / np.diff(path.along)).max() < 1 / 20  # radius in metres
        assert np.ptp(path.angle) > 0.1
        left, right = (np.array(path.at(30.0, side)) for side in (-2.0, 2.0))
        assert np.allclose((left + right) / 2, path.at(30.0))
        ahead = np.array((np.sin(path.heading(30.0)), np.cos(path.heading(30.0))))
        assert abs((right - left) @ ahead) < 1e-9
        step = np.subtract(path.at(31.0), path.at(30.0))
        assert np.cross(np.append(right - left, 0), np.append(step, 0))[2] > 0
