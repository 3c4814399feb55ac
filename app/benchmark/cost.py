"""What a cell took, over all attempts: one that was killed goes on counting."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from app.errors import StudioError

FILE: Final = "spent.json"
_EVERY_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What the child processes of a cell used."""

    seconds: float = 0.0
    """From their start to their end."""
    peak_memory_bytes: int = 0
    """Most that one of them held at once, in the machine's own memory."""


class Meter:
    """Counts an attempt on top of those before; a kill loses its last second and its memory."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = folder / FILE
        self._clock = clock
        self._before = self._read()
        self._started = self._kept = clock()

    def tick(self) -> None:
        """Write down what was spent until now, at most once a second."""
        if self._clock() - self._kept >= _EVERY_SECONDS:
            self._write(self._now())

    def stop(self, peak_memory_bytes: int) -> Cost:
        """End the attempt, whose memory is known now, and return what all of them took."""
        cost = self._now()
        peak = max(cost.peak_memory_bytes, peak_memory_bytes)
        cost = Cost(round(cost.seconds, 2), peak)
        self._write(cost)
        return cost

    def _now(self) -> Cost:
        seconds = self._before.seconds + self._clock() - self._started
        return Cost(seconds, self._before.peak_memory_bytes)

    def _read(self) -> Cost:
        try:
            return Cost(**json.loads(self._file.read_text()))
        except FileNotFoundError:
            return Cost()
        except (ValueError, TypeError) as error:
            raise StudioError(f"{self._file}: not what a cell took ({error})") from error

    def _write(self, cost: Cost) -> None:
        aside = self._file.with_name(f"{FILE}.partial")
        aside.write_text(json.dumps(asdict(cost)))
        aside.replace(self._file)
        self._kept = self._clock()
