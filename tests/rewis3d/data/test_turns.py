"""Which views a step shows."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rewis3d.data.turns import Turn, Turns


def chances(queue: int, epoch: int) -> np.random.Generator:
    return np.random.default_rng([queue, epoch])


def turns_of(labelled: list[bool], share: float, *, steps: int, size: int) -> list[list[Turn]]:
    turns = Turns.of(labelled, share=share, chances=chances)
    return [turns.of_step(step, size) for step in range(steps)]


@given(
    st.lists(st.booleans(), min_size=1, max_size=9),
    st.floats(0, 1),
    st.integers(1, 12),
    st.integers(1, 7),
)
def test_steps_are_full_and_passes_are_fair(
    labelled: list[bool], share: float, steps: int, size: int
) -> None:
    found = turns_of(labelled, share, steps=steps, size=size)
    assert [len(step) for step in found] == [size] * steps
    counts = Counter((turn.epoch, turn.view) for step in found for turn in step)
    assert set(counts.values()) == {1}  # no view twice in a pass
    every = Counter(turn.view for step in found for turn in step)
    for kind in (True, False) if 0 < share < 1 else ():
        times = [every[view] for view, known in enumerate(labelled) if known == kind]
        assert not times or max(times) - min(times) <= 1


@given(st.integers(1, 6), st.integers(1, 6), st.floats(0.01, 1), st.integers(1, 5))
def test_the_share_of_labelled_views_is_kept(
    known: int, others: int, share: float, size: int
) -> None:
    labelled = [True] * known + [False] * others
    so_far = 0
    for step, turns in enumerate(turns_of(labelled, share, steps=20, size=size), start=1):
        so_far += sum(labelled[turn.view] for turn in turns)
        assert abs(so_far - share * step * size) < 1


def test_a_step_ends_one_pass_and_begins_the_next() -> None:
    steps = turns_of([False] * 4, 0.5, steps=3, size=3)
    assert [[turn.epoch for turn in step] for step in steps] == [[0, 0, 0], [0, 1, 1], [1, 1, 2]]


def test_passes_differ_in_their_order() -> None:
    turns = Turns.of([True, True, False, False, False], share=0.5, chances=chances)
    orders = {tuple(turns.order(1, epoch).tolist()) for epoch in range(6)}
    assert len(orders) > 1
    assert all(sorted(order) == [2, 3, 4] for order in orders)
