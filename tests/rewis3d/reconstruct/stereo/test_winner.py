from __future__ import annotations

import numpy as np
import pytest

from rewis3d.reconstruct.stereo.winner import win


def volume(costs: list[float]) -> np.ndarray:
    return np.array(costs, np.int16)[None, None]


def test_a_winner_lies_where_a_parabola_is_least() -> None:
    planes = np.arange(9)
    found = win(volume((160 * (planes - 4.25) ** 2).tolist()))
    assert found[0, 0] == pytest.approx(4.25, abs=1e-4)


def test_planes_that_are_alike_win_together() -> None:
    assert win(volume([90, 40, 10, 10, 40, 90]))[0, 0] == pytest.approx(2.5)
    assert win(volume([90, 40, 10, 40, 90]))[0, 0] == 2


@pytest.mark.parametrize("first", [0, 8])
def test_an_outermost_plane_wins_as_it_is(first: int) -> None:
    costs = [2040.0] * 9
    costs[first] = 0
    assert win(volume(costs))[0, 0] == first
