"""What was made lately, kept in memory while there is room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

import numpy as np

Key = TypeVar("Key", bound=Hashable)


class Recent(Generic[Key]):
    """Arrays by key; what was not asked for longest goes first. Several threads may ask at once."""

    def __init__(self, bound_bytes: int) -> None:
        self._bound = bound_bytes
        self._kept: OrderedDict[Key, np.ndarray] = OrderedDict()
        self._taken = 0
        self._lock = Lock()

    def get(self, key: Key, make: Callable[[], np.ndarray]) -> np.ndarray:
        """Return what is kept under a key, or is made now. It is shared: nobody may change it."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()  # outside of the lock: threads make side by side
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._taken += made.nbytes
            while self._taken > self._bound:
                self._taken -= self._kept.popitem(last=False)[1].nbytes
        return made
