"""Cells drawn from blocks: the wanted ones alone, each once, and every set of them as likely."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from rewis3d.sampling import draw as module
from rewis3d.sampling import index as index_module
from rewis3d.sampling.draw import Picked, draw, joined, some
from rewis3d.sampling.index import IndexedView, SceneIndex, index_scene
from tests.rewis3d.sampling.street import FRAMES, street, usable

NEVER = 10**9
UNLIKELY = 1e-3


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> SceneIndex:
    monkeypatch.setattr(index_module, "BLOCK", 5)
    monkeypatch.setattr(module, "_FEWEST", 8)
    return index_scene(street(), frames=FRAMES)


def cells_of(picked: Picked) -> list[tuple[int, int]]:
    return list(zip(picked.place.tolist(), picked.cell.tolist(), strict=True))


def every_cell() -> list[tuple[int, int]]:
    return [(place, cell) for place, view in enumerate(street().views) for cell in usable(view)]


def low(view: IndexedView, cells: np.ndarray) -> np.ndarray:
    """Want the usable cells of the last two rows."""
    return view.usable(cells) & (cells >= 160)


def likelihood(counts: Sequence[int], *, of: int) -> float:
    """How likely counts as uneven as these are, where each is drawn `of` times in all.

    Chi-square of draws without replacement: they vary less than independent ones.
    """
    share = sum(counts) / len(counts) / of
    expected = of * share
    spread = sum((count - expected) ** 2 for count in counts) / (expected * (1 - share))
    return float(chi2.sf(spread * (len(counts) - 1) / len(counts), len(counts) - 1))


@pytest.mark.parametrize("read_through", [0, NEVER])
def test_wanted_cells_are_equally_likely(
    index: SceneIndex, read_through: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_READ_THROUGH", read_through)
    wanted = [cell for cell in every_cell() if cell[1] >= 160]
    seen: Counter[tuple[int, int]] = Counter()
    for seed in range(600):
        picked = draw(index.blocks, index, low, most=20, rng=np.random.default_rng(seed))
        seen.update(cells_of(picked))
    assert set(seen) == set(wanted)
    assert likelihood([seen[cell] for cell in wanted], of=600) > UNLIKELY


@pytest.mark.parametrize("read_through", [0, NEVER])
def test_sets_of_wanted_cells_are_equally_likely(
    index: SceneIndex, read_through: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five cells in blocks of unlike sizes; ten pairs of them."""
    monkeypatch.setattr(module, "_READ_THROUGH", read_through)
    five = [usable(street().views[0])[i] for i in (0, 1, 40, 70, -1)]
    first = index.blocks.take(index.blocks.place == 0)
    seen: Counter[tuple[int, ...]] = Counter()
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        picked = draw(first, index, lambda _, cells: np.isin(cells, five), most=2, rng=rng)
        seen[tuple(picked.cell.tolist())] += 1
    pairs = list(combinations(five, 2))
    assert set(seen) == set(pairs)
    expected = 1000 / len(pairs)
    spread = sum((seen[pair] - expected) ** 2 / expected for pair in pairs)
    assert chi2.sf(spread, len(pairs) - 1) > UNLIKELY


@pytest.mark.parametrize("read_through", [1, 4])
@pytest.mark.parametrize("most", [0, 1, 30, 100_000])
def test_cells_come_once_in_order_and_as_many_as_there_are(
    index: SceneIndex, most: int, read_through: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_READ_THROUGH", read_through)
    rng = np.random.default_rng(most)
    picked = draw(index.blocks, index, IndexedView.usable, most=most, rng=rng)
    cells = cells_of(picked)
    assert cells == sorted(set(cells))
    assert len(cells) == min(most, len(every_cell()))
    assert set(cells) <= set(every_cell())


def test_where_nothing_is_wanted_nothing_comes(index: SceneIndex) -> None:
    rng = np.random.default_rng(0)
    none = index.blocks.take(slice(0, 0))
    assert len(draw(none, index, IndexedView.usable, most=5, rng=rng).cell) == 0
    picked = draw(index.blocks, index, lambda _, cells: cells < 0, most=5, rng=rng)
    assert len(picked.cell) == 0


@given(st.lists(st.integers(0, 20)), st.lists(st.integers(0, 20)))
@settings(max_examples=50)
def test_what_was_drawn_is_not_drawn_again(tries: list[int], drawn: list[int]) -> None:
    known = np.array(sorted(set(drawn)), np.int64)
    fresh = module._new(np.array(tries, np.int64), np.random.default_rng(0).permutation(known))
    assert fresh.tolist() == sorted(set(tries) - set(drawn))


def test_parts_are_put_together_in_order() -> None:
    one = Picked(np.array([0, 2]), np.array([7, 1]))
    other = Picked(np.array([0, 1, 2]), np.array([3, 9, 0]))
    both = joined([one, other])
    assert cells_of(both) == [(0, 3), (0, 7), (1, 9), (2, 0), (2, 1)]
    assert [(place, both.cell[run].tolist()) for place, run in both.by_view()] == [
        (0, [3, 7]),
        (1, [9]),
        (2, [0, 1]),
    ]
    assert list(joined([]).by_view()) == []


def test_some_keep_their_order() -> None:
    picked = Picked(np.zeros(50, np.int64), np.arange(50) * 2)
    chosen = some(picked, 20, np.random.default_rng(1)).cell.tolist()
    assert len(chosen) == 20
    assert chosen == sorted(set(chosen))
    assert some(picked, 50, np.random.default_rng(1)) is picked
