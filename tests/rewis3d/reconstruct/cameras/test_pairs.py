from itertools import combinations

from rewis3d.reconstruct.cameras.pairs import (
    ALL,
    KEYFRAMES,
    PATIENCE,
    WINDOW,
    first_pairs,
    other_pairs,
)


def test_few_frames_are_all_compared_also_across_clips() -> None:
    assert first_pairs([[0, 1, 2], [3, 4]]) == list(combinations(range(5), 2))


def test_a_long_clip_has_its_neighbours_and_its_keyframes_compared() -> None:
    count = 4 * ALL
    pairs = set(first_pairs([range(count)]))
    assert {(a, a + step) for step in range(1, WINDOW + 1) for a in range(count - step)} <= pairs
    assert (0, count - 1) in pairs  # a place seen again
    assert all(a < b for a, b in pairs)
    assert len(pairs) < (WINDOW + 6) * count + KEYFRAMES**2 / 2


def test_a_short_clip_beside_a_long_one_is_compared_with_itself_entirely() -> None:
    pairs = set(first_pairs([range(2 * ALL), range(2 * ALL, 2 * ALL + 10)]))
    assert set(combinations(range(2 * ALL, 2 * ALL + 10), 2)) <= pairs


def test_photos_without_order_are_all_compared_as_far_as_patience_goes() -> None:
    assert other_pairs(range(ALL)) == []  # compared already
    assert len(other_pairs(range(ALL + 1))) == (ALL + 1) * ALL // 2
    assert len(other_pairs(range(10 * PATIENCE))) == PATIENCE * (PATIENCE - 1) // 2
