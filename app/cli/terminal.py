"""What the commands say: results on stdout, progress and remarks on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, Final, Protocol

PLAIN_SECONDS: Final = 2.0
"""Where there is no terminal, a line of progress at most this often."""


class Advance(Protocol):
    """Takes how far something is."""

    def __call__(
        self, stage: str, done: int, total: int | None, /, *, left: float | None = None
    ) -> None:
        """Show units done of their total (None: not known), and the seconds that are left."""


def say(text: str) -> None:
    """Print a line of the result."""
    print(text)


def remark(text: str) -> None:
    """Print a line that is not part of the result."""
    print(text, file=sys.stderr)


def write_json(data: Any, target: Path) -> None:
    """Write a result for programs: to a file, complete or not at all; "-" is stdout."""
    text = json.dumps(data, indent=2)
    if str(target) == "-":
        print(text)
        return
    aside = target.with_name(target.name + ".partial")
    aside.write_text(text + "\n")
    aside.replace(target)


@contextmanager
def progress() -> Iterator[Advance]:
    """A bar on a terminal, a plain line every two seconds elsewhere."""
    with _bar() if sys.stderr.isatty() else _lines() as advance:
        yield advance


@contextmanager
def _bar() -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, left="")

        def advance(
            stage: str, done: int, total: int | None, /, *, left: float | None = None
        ) -> None:
            bar.update(task, description=stage, completed=done, total=total, left=_left(left))

        yield advance


@contextmanager
def _lines() -> Iterator[Advance]:
    said = {"at": monotonic(), "line": ""}

    def advance(stage: str, done: int, total: int | None, /, *, left: float | None = None) -> None:
        line = f"{stage} {done}" + ("" if total is None else f" of {total}") + _left(left)
        now = monotonic()
        if line != said["line"] and now - said["at"] >= PLAIN_SECONDS:
            said.update(at=now, line=line)
            remark(line)

    yield advance


def _left(seconds: float | None) -> str:
    return "" if seconds is None else f", {seconds:.0f} s left"
