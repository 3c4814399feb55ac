from __future__ import annotations

import numpy as np
import pytest

from rewis3d.reconstruct.stereo.winner import win


def volumes(costs: list[float]) -> tuple[np.ndarray, np.ndarray]:
    total = np.array(costs, np.int16)[None, None]
    return (total / 8).astype(np.uint8), total


def test_a_winner_lies_where_a_parabola_is_least() -> None:
    planes = np.arange(9)
    found = win(*volumes((40 * (planes - 4.3) ** 2).tolist()))
    assert found.plane[0, 0] == pytest.approx(4.3, abs=1e-4)


def test_a_winner_stands_out_by_the_best_of_its_rivals() -> None:
    found = win(*volumes([2040, 2040, 2040, 2040, 0, 2040, 2040, 2040, 1020]))
    assert found.plane[0, 0] == 4
    assert found.margin[0, 0] == pytest.approx(0.5)
    assert found.score[0, 0] == 1


@pytest.mark.parametrize("first", [0, 8])
def test_an_outermost_plane_wins_without_a_margin(first: int) -> None:
    costs = [2040.0] * 9
    costs[first] = 0
    found = win(*volumes(costs))
    assert found.plane[0, 0] == first
    assert found.margin[0, 0] == 0
