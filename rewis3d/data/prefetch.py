"""The next batches are made while a step is computed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Key = TypeVar("Key")
Made = TypeVar("Made")


def prefetched(
    make: Callable[[Key], Made], keys: Iterable[Key], *, ahead: int = 2, workers: int = 1
) -> Generator[Made, None, None]:
    """Yield what `make` returns for each key, in order, `ahead` of them begun before their turn.

    Threads make them: numpy and OpenCV let go of the interpreter while they compute. What `make`
    raises is raised in its turn. Closing the iterator waits for what is being made, and leaves the
    rest. ValueError where `ahead` is negative.
    """
    if ahead < 0:
        raise ValueError(f"{ahead} batches can't be made ahead; 0 or more can")
    pool = ThreadPoolExecutor(workers, thread_name_prefix="prefetch")
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
