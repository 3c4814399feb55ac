"""Arrays in memory: made once, the oldest go first, and threads may ask at once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from rewis3d.recent import Recent


def of(number: int) -> np.ndarray:
    return np.full(10, number, np.uint8)


def test_what_is_kept_is_not_made_again() -> None:
    recent: Recent[int] = Recent(100)
    first = recent.get(1, lambda: of(1))
    assert recent.get(1, lambda: of(2)) is first


def test_what_was_not_asked_for_longest_goes_first() -> None:
    recent: Recent[int] = Recent(20)
    for key in (1, 2, 1, 3):
        recent.get(key, lambda key=key: of(key))
    assert [recent.get(key, lambda: of(9))[0] for key in (1, 3, 2)] == [1, 3, 9]


def test_what_alone_is_too_large_is_not_kept() -> None:
    recent: Recent[int] = Recent(9)
    assert recent.get(1, lambda: of(1))[0] == 1
    assert recent.get(1, lambda: of(2))[0] == 2


def test_threads_get_what_belongs_to_their_keys() -> None:
    recent: Recent[int] = Recent(50)
    keys = [number % 7 for number in range(500)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda key: recent.get(key, lambda: of(key))[0], keys))
    assert Counter(found) == Counter(keys)
    assert found == keys
