"""The time that a reconstruction took, over all attempts: a killed one goes on counting."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Final, TypeVar

from rewis3d.reports import Progress
from rewis3d.types import Rewis3dError

SPENT_FILE: Final = "spent"
"""In the job folder: seconds, as a decimal text."""
_EVERY_SECONDS: Final = 1.0
Result = TypeVar("Result")


class Spent:
    """Counts from now on, on top of what earlier attempts at a job folder have counted."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = folder / SPENT_FILE
        self._clock = clock
        self._before = self._read()
        self._started = self._kept = clock()

    @property
    def seconds(self) -> float:
        """What all attempts took until now."""
        return self._before + self._clock() - self._started

    def through(self, work: Generator[Progress, None, Result]) -> Generator[Progress, None, Result]:
        """Pass a work's reports and result on, writing the time down at most once a second."""
        while True:
            try:
                report = next(work)
            except StopIteration as end:
                return end.value
            if self._clock() - self._kept >= _EVERY_SECONDS:
                self._write()
            yield report

    def _read(self) -> float:
        try:
            return float(self._file.read_text())
        except FileNotFoundError:
            return 0.0
        except ValueError as error:
            raise Rewis3dError(f"{self._file}: not a number of seconds ({error})") from error

    def _write(self) -> None:
        aside = self._file.with_name(f"{SPENT_FILE}.partial")
        aside.write_text(f"{self.seconds:.3f}")
        aside.replace(self._file)
        self._kept = self._clock()
