from __future__ import annotations

import numpy as np

from rewis3d.reconstruct.stereo.sgm import EDGE, JUMP, STEP, aggregate
from tests.references import path_costs


def test_paths_add_up_as_written_out() -> None:
    rng = np.random.default_rng(0)
    volume = rng.integers(0, 256, (5, 6, 7), np.uint8)
    grey = (rng.random((5, 6)) * 60).astype(np.float32)
    wanted = path_costs(volume.tolist(), grey.tolist(), STEP, JUMP, EDGE)
    np.testing.assert_array_equal(aggregate(volume, grey), np.array(wanted))


def test_a_surface_without_texture_takes_its_neighbours_depth() -> None:
    volume = np.full((9, 9, 8), 200, np.uint8)
    volume[:, :, 5] = 60
    volume[3:6, 3:6] = 200  # nothing to tell
    total = aggregate(volume, np.zeros((9, 9), np.float32))
    assert (total.argmin(axis=2) == 5).all()


def test_what_the_lens_does_not_reach_spoils_nothing() -> None:
    volume = np.full((6, 6, 4), 100, np.uint8)
    volume[:, :, 2] = 0
    grey = np.zeros((6, 6), np.float32)
    grey[:, 0] = np.nan
    assert np.isfinite(aggregate(volume, grey)).all()
