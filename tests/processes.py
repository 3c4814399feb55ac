"""Starting, watching and killing real processes in tests."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).parent.parent
FAKE_WORKER = (sys.executable, "-P", str(ROOT / "tests/app/fake_worker.py"))
"""Its child predicts at once, without torch."""
REAL_WORKER = (
    sys.executable,
    "-P",
    "-c",
    "import sys, pathlib; from app import worker; worker.main(pathlib.Path(sys.argv[1]))",
)

Found = TypeVar("Found")


@contextmanager
def started(command: tuple[str, ...], *arguments: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command for the length of the context; it is killed at the end if it still runs."""
    line = [*command, *map(str, arguments)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            yield process
        finally:
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill -9, and wait until it is gone."""
    process.kill()
    process.wait()


def stop(process: subprocess.Popen[bytes], *, seconds: float = 10) -> str:
    """Ask a process to stop, and return what it printed."""
    process.send_signal(signal.SIGTERM)
    printed, _ = process.communicate(timeout=seconds)
    return printed.decode()


def eventually(
    look: Callable[[], Found | None], *, seconds: float = 30, every: float = 0.02
) -> Found:
    """Return what `look` finds once that is true; AssertionError when it takes too long."""
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, f"nothing after {seconds} s"
        time.sleep(every)
    return found


def working_on(folder: Path) -> list[int]:
    """Return the ids of the living processes that have a path of this folder in their command."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes()
            state = (file.parent / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):  # it ended while we looked
            continue
        if f"{folder}/rounds".encode() in line and state != "Z":
            found.append(int(file.parent.name))
    return found
