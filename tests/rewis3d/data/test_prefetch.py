"""Batches made ahead: in order, no more than asked for, with their errors, and stopped cleanly."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from rewis3d.data.prefetch import prefetched

PATIENCE = 10.0


def running() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("prefetch")]


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("ahead", [0, 1, 2, 50])
def test_everything_comes_in_order(ahead: int, workers: int) -> None:
    def make(key: int) -> int:
        time.sleep(0.001 * (key % 3))
        return key * key

    assert list(prefetched(make, range(9), ahead=ahead, workers=workers)) == [
        key * key for key in range(9)
    ]
    assert running() == []


def test_the_next_ones_are_made_while_one_is_used() -> None:
    made = [threading.Event() for _ in range(9)]

    def make(key: int) -> int:
        made[key].set()
        return key

    batches = prefetched(make, itertools.count(), ahead=2)
    assert next(batches) == 0
    assert made[1].wait(PATIENCE)
    assert made[2].wait(PATIENCE)
    time.sleep(0.02)
    assert not made[3].is_set()
    assert next(batches) == 1
    assert made[3].wait(PATIENCE)
    batches.close()
    assert running() == []


def test_an_error_is_raised_in_its_turn() -> None:
    def make(key: int) -> int:
        if key == 2:
            raise OSError("gone")
        return key

    batches = prefetched(make, range(9), ahead=3)
    assert [next(batches), next(batches)] == [0, 1]
    with pytest.raises(OSError, match="gone") as caught:
        next(batches)
    assert caught.traceback[-1].name == "make"
    assert running() == []


def test_an_error_of_the_keys_is_raised_too() -> None:
    def keys():
        yield 1
        raise OSError("no more keys")

    with pytest.raises(OSError, match="no more keys"):
        list(prefetched(str, keys()))
    assert running() == []


def test_closing_waits_for_what_is_being_made_and_leaves_the_rest() -> None:
    begun, go_on = threading.Event(), threading.Event()
    made: list[int] = []

    def make(key: int) -> int:
        if key == 1:
            begun.set()
            assert go_on.wait(PATIENCE)
        made.append(key)
        return key

    batches = prefetched(make, range(9), ahead=3)
    assert next(batches) == 0
    assert begun.wait(PATIENCE)
    threading.Timer(0.05, go_on.set).start()
    batches.close()
    assert made == [0, 1]
    assert running() == []


def test_nothing_runs_before_the_first_is_asked_for() -> None:
    batches = prefetched(str, range(9))
    assert running() == []
    batches.close()
    assert running() == []


def test_no_batch_is_made_less_than_none_ahead() -> None:
    with pytest.raises(ValueError, match="-1"):
        next(prefetched(str, range(9), ahead=-1))
