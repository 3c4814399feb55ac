"""Where errors leave the command line: one clear line on stderr and an exit status."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Final

from app.errors import StudioError

INTERRUPTED: Final = 130
"""The exit status of a program that Ctrl-C ended (128 + SIGINT)."""
TERMINATED: Final = 143
"""... that SIGTERM ended."""
TRACEBACK: Final = "REWIS3D_TRACEBACK"
"""Set it to see the traceback of an error on the terminal."""


def run(command: Callable[[], object]) -> int:
    """Call a typer application; return the exit status, having said in one line what failed.

    SIGTERM ends the command as Ctrl-C does: it leaves things as they should be.
    """
    with _sigterm_interrupts() as asked:
        status = _run(command)
    return TERMINATED if asked.is_set() and status == INTERRUPTED else status


@contextmanager
def _sigterm_interrupts() -> Iterator[Event]:
    """Have SIGTERM raise KeyboardInterrupt, once; yields what tells that it came."""
    asked = Event()

    def interrupt(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)  # asking again must not break off the tidying up
        asked.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(command: Callable[[], object]) -> int:
    try:
        command()
    except SystemExit as end:
        return _status(end)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last door: whatever it is, say it in one line
        if os.environ.get(TRACEBACK):
            traceback.print_exception(error)
        print(f"rewis3d: {_line(error)}", file=sys.stderr)
        return 1
    return 0


def _status(end: SystemExit) -> int:
    return end.code if isinstance(end.code, int) else int(end.code is not None)


def _line(error: Exception) -> str:
    text = _known(error)
    if text is None:
        text = f"unexpected {type(error).__name__}: {error} ({_keep_traceback(error)})"
    return " ".join(text.split())


def _known(error: Exception) -> str | None:
    from annotations.types import AnnotationError
    from rewis3d.types import Rewis3dError

    if isinstance(error, StudioError | AnnotationError | Rewis3dError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return ": ".join(str(part) for part in (error.filename, error.strerror) if part)
    return None


def _keep_traceback(error: Exception) -> str:
    file = _data_home() / "crash.log"
    text = "".join(traceback.format_exception(error))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as log:
            log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {sys.argv}\n{text}\n")
    except OSError:
        return f"{TRACEBACK}=1 shows where"
    return f"traceback in {file}"


def _data_home() -> Path:
    from app.settings import read_settings, user_data_folder

    try:
        return read_settings().data_home
    except StudioError:  # a variable makes no sense: not what this error is about
        return user_data_folder()
