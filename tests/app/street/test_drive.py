from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from app.street.drive import MOTIONS, poses
from app.street.path import winding


def _poses(motion: str, count: int = 30, pace: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(5)
    return np.stack(list(islice(poses(motion, winding(rng), rng, pace=pace), count)))


def test_a_drive_goes_forward_at_changing_speed_and_steers():
    T = _poses("drive")
    steps = np.diff(T[:, :3, 3], axis=0)
    ahead = np.einsum("ni,ni->n", T[:-1, :3, 2], steps)
    length = np.linalg.norm(steps, axis=1)
    assert (ahead > 0.97 * length).all()
    assert 0.2 < length.min() < 0.85 * length.max()
    assert length.max() < 0.8
    yaw = np.arctan2(T[:, 0, 2], T[:, 2, 2])
    assert np.ptp(yaw) > 0.01
    assert np.abs(np.diff(yaw)).max() < np.radians(2)


def test_sideways_straight_on_turning_and_still():
    for motion, axis in (("lateral", 0), ("forward", 2)):
        T = _poses(motion, 5)
        steps = np.diff(T[:, :3, 3], axis=0)
        along = np.abs(np.einsum("ni,ni->n", T[:-1, :3, axis], steps))
        assert np.allclose(along, np.linalg.norm(steps, axis=1))
        assert (along > 0.2).all()
        assert np.allclose(T[:, :3, :3], T[0, :3, :3])
    turned, still = _poses("rotate", 5), _poses("still", 5)
    assert np.allclose(turned[:, :3, 3], turned[0, :3, 3])
    assert not np.allclose(turned[0], turned[4])
    assert np.allclose(still, still[0])


def test_a_slower_pace_is_the_same_way_in_more_frames():
    for motion in ("drive", "lateral"):
        usual, slow = (
            np.linalg.norm(np.diff(_poses(motion, 20, pace)[:, :3, 3], axis=0), axis=1).sum()
            for pace in (1.0, 0.5)
        )
        assert slow == pytest.approx(usual / 2, rel=0.1)
    assert np.allclose(_poses("forward", 5, 0.5)[4], _poses("forward", 3)[2])


def test_motions_are_named():
    with pytest.raises(ValueError, match=", ".join(MOTIONS)):
        _poses("sideways")
