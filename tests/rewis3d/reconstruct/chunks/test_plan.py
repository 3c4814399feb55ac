"""Which frames are reconstructed together."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewis3d.reconstruct.chunks.plan import cover, plan, shared, shots, unrelated

SIZES = st.tuples(st.integers(1, 700), st.integers(1, 200), st.integers(0, 100))


@given(SIZES)
def test_chunks_cover_a_shot_in_order_and_share_what_they_should(
    sizes: tuple[int, int, int],
) -> None:
    count, most, overlap = sizes
    shot = list(range(7, 7 + count))
    chunks = cover(shot, most=most, overlap=overlap)
    assert sorted({place for chunk in chunks for place in chunk}) == shot
    assert max(len(chunk) for chunk in chunks) <= most
    assert max(map(len, chunks)) - min(map(len, chunks)) <= 1
    for one, other in pairwise(chunks):
        assert one[len(one) - shared(most, overlap) :] == other[: shared(most, overlap)]
    assert max(Counter(place for chunk in chunks for place in chunk).values()) <= 2
    if len(shot) <= most:
        assert chunks == [shot]
    else:
        left = shot[len(chunks[0]) - shared(most, overlap) :]
        assert cover(left, most=most, overlap=overlap) == chunks[1:]


@given(st.lists(st.integers(1, 90), min_size=1, max_size=6), st.integers(9, 100), st.data())
def test_no_chunk_of_a_long_shot_goes_over_a_cut(
    lengths: list[int], most: int, data: st.DataObject
) -> None:
    total = sum(lengths)
    clips, start = [], 0
    for length in lengths:
        clips.append(list(range(start, start + length)))
        start += length
    cuts = data.draw(st.sets(st.integers(0, total - 1), max_size=5))
    chunks = plan(clips, most=most, overlap=10, cuts=cuts)
    assert sorted({place for chunk in chunks for place in chunk}) == list(range(total))
    whole = [set(shot) for shot in shots(clips, cuts)]
    for chunk in chunks:
        assert len(chunk) <= most
        parts = [shot & set(chunk) for shot in whole if shot & set(chunk)]
        if total > most and len(parts) > 1:  # several shots: none of them is taken apart
            assert all(part in whole for part in parts)


@pytest.mark.parametrize("cuts", [set(), {3}, {0, 5, 6}])
def test_frames_that_fit_into_one_chunk_are_solved_as_one(cuts: set[int]) -> None:
    assert plan([[0, 1, 2], [3, 4, 5, 6]], most=7, overlap=3, cuts=cuts) == [list(range(7))]


def test_short_shots_are_put_together_and_long_ones_taken_apart() -> None:
    clips = [list(range(4)), list(range(4, 9)), list(range(9, 29)), [29, 30]]
    chunks = plan(clips, most=10, overlap=3)
    assert chunks[0] == list(range(9))
    assert [(chunk[0], chunk[-1]) for chunk in chunks[1:-1]] == [(9, 17), (15, 23), (21, 28)]
    assert chunks[-1] == [29, 30]


def test_photos_are_never_taken_apart() -> None:
    clips = [list(range(30)), list(range(30, 33))]
    assert plan(clips, most=10, overlap=3, photos={0}) == clips


def test_2000_frames_are_11_passes_of_200() -> None:
    chunks = plan([range(2000)], most=200, overlap=20)
    assert len(chunks) == 11
    assert {len(chunk) for chunk in chunks} == {200}


def test_too_few_shared_frames_are_none() -> None:
    assert shared(200, 20) == 20
    assert shared(30, 20) == 10
    assert shared(8, 20) == shared(100, 2) == 0


def test_a_cut_is_where_no_pair_reaches_over() -> None:
    clip = [10, 11, 12, 13, 14, 15]
    steps = set(pairwise(clip))
    assert unrelated(clip, frozenset(steps)) == set()
    assert unrelated(clip, frozenset(steps - {(12, 13)})) == {13}
    assert unrelated(clip, frozenset(steps - {(12, 13)} | {(11, 14)})) == set()
    assert unrelated(clip, frozenset({(10, 11), (11, 13), (13, 14), (14, 15)})) == set()
    assert unrelated(clip, frozenset()) == {11, 12, 13, 14, 15}
