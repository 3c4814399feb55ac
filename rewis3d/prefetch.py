"""What is needed next is made beside what is being done, by other threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

import cv2
import torch

MOST: Final = 8
"""Threads that work side by side at most: each holds a frame."""

Key = TypeVar("Key")
Made = TypeVar("Made")


def prefetched(
    make: Callable[[Key], Made],
    keys: Iterable[Key],
    *,
    ahead: int = 2,
    workers: int = 1,
    begin: Callable[[], None] | None = None,
) -> Generator[Made, None, None]:
    """Yield what `make` returns for each key, in order, `ahead` of them begun before their turn.

    Threads make them: numpy, torch and OpenCV let go of the interpreter while they compute. What
    `make` raises is raised in its turn. Closing the iterator waits for what is being made, and
    leaves the rest. Each thread calls `begin` first. ValueError where `ahead` is negative.
    """
    if ahead < 0:
        raise ValueError(f"{ahead} can't be made ahead; 0 or more can")
    pool = ThreadPoolExecutor(workers, thread_name_prefix="prefetch", initializer=begin)
    begun: deque[Future[Made]] = deque()
    try:
        for key in keys:
            begun.append(pool.submit(make, key))
            if len(begun) > ahead:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def side_by_side(make: Callable[[Key], Made], keys: Iterable[Key]) -> Generator[Made, None, None]:
    """Yield what `make` returns for each key, in order, by as many threads as torch may use here.

    Each of them computes alone: two that work beside each other do more than two that share every
    step. So what they make does not depend on their number. Where torch may use one thread, who
    asks makes it, when it is asked for.
    """
    threads = torch.get_num_threads()
    if threads == 1:
        yield from map(make, keys)
        return
    workers, of_opencv = min(threads, MOST), cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield from prefetched(make, keys, ahead=workers, workers=workers, begin=_alone)
    finally:
        cv2.setNumThreads(of_opencv)
        torch.set_num_threads(threads)  # threads that begin later take what was set last


def _alone() -> None:
    """Have the thread that calls it compute without others."""
    torch.set_num_threads(1)
