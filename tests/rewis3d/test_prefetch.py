"""What is made ahead: in order, no more than asked for, with their errors, and stopped cleanly."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator

import cv2
import pytest
import torch

from rewis3d.prefetch import prefetched, side_by_side

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


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """Have torch use so many threads, and OpenCV."""
    before, of_opencv = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(request.param)
    cv2.setNumThreads(request.param)
    yield request.param
    torch.set_num_threads(before)
    cv2.setNumThreads(of_opencv)


def test_side_by_side_each_computes_alone_and_afterwards_all_is_as_before(threads: int) -> None:
    def make(key: int) -> tuple[int, int, int]:
        return key, torch.get_num_threads(), cv2.getNumThreads()

    assert list(side_by_side(make, range(9))) == [(key, 1, 1) for key in range(9)]
    assert running() == []
    assert (torch.get_num_threads(), cv2.getNumThreads()) == (threads, threads)
    with_others = prefetched(lambda _: torch.get_num_threads(), range(1))
    assert list(with_others) == [threads]


def test_as_many_work_as_torch_may_use(threads: int) -> None:
    at_once = threading.Barrier(threads)

    def make(key: int) -> int:
        at_once.wait(PATIENCE)  # breaks where fewer work
        return key

    assert list(side_by_side(make, range(6))) == list(range(6))


def test_one_thread_makes_what_is_asked_for_when_it_is_asked_for() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    made: list[int] = []
    making = side_by_side(lambda key: made.append(key) or threading.get_ident(), range(3))
    assert next(making) == threading.get_ident()
    assert made == [0]
    torch.set_num_threads(before)


def test_one_inside_another_works_alone(threads: int) -> None:
    def make(key: int) -> list[int]:
        return list(side_by_side(lambda other: key * other, range(3)))

    assert list(side_by_side(make, range(4))) == [[0, key, 2 * key] for key in range(4)]
    assert torch.get_num_threads() == threads
