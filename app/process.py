"""The child process as the worker sees it: its reports, its log and its end."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final

from rewis3d.reports import Report, from_line

COMMAND: Final = (sys.executable, "-P", "-m", "app.child")
LOG: Final = "child.log"
"""What the child printed, in its job folder; the older half of it is `child.log.1`."""
_LOG_BYTES: Final = 1 << 20
_TERM_SECONDS: Final = 2.0
"""From SIGTERM to SIGKILL."""
_LEAVE_SECONDS: Final = 10.0
"""How long a child may take to exit after its last report."""
_THREAD_VARIABLES: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
)

_MAXRSS_BYTES: Final = 1 if sys.platform == "darwin" else 1024
"""What the kernel counts a process's memory in."""
_WAITING: Final = {"OMP_WAIT_POLICY": "ACTIVE", "GOMP_SPINCOUNT": "4000"}
"""Threads that wait for each other spin for some 40 microseconds, then sleep.

Steps of a small network are thousands of short pieces of work. To sleep after each costs half as
much again as the work; to spin for longer takes the processor from what runs beside.
docs/decisions/0003-runs-are-rows.md has the figures.
"""
_MALLOC: Final = {"arena_max": 1, "mmap_threshold": 128 << 20, "trim_threshold": 512 << 20}
_KEEPING: Final = {
    "GLIBC_TUNABLES": ":".join(f"glibc.malloc.{name}={value}" for name, value in _MALLOC.items())
}
"""A child keeps up to half a gigabyte that it has let go, to use it again.

Each frame's maps are tens of megabytes that were given back and asked for anew: 30 000 page faults
a frame, which cost a third as much as the network. Other C libraries than glibc don't look at it.
docs/decisions/0003-runs-are-rows.md has the figures.
"""


class Process:
    """A child at work on a job folder. Leaving the context ends it and all that it started."""

    def __init__(self, folder: Path, *, threads: int, command: Sequence[str] = COMMAND) -> None:
        self._log = _Log(folder / LOG)
        self._line = b""
        reading, writing = os.pipe()
        try:
            self._popen = subprocess.Popen(
                [*command, str(writing), str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(writing,),
                start_new_session=True,  # Ctrl+C is the worker's; and a group to kill
                env=_WAITING
                | _KEEPING
                | os.environ
                | dict.fromkeys(_THREAD_VARIABLES, str(threads)),
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self._reports = reading
        self._printed = self._popen.stdout.fileno() if self._popen.stdout else -1
        self._selector = selectors.DefaultSelector()
        for fd in (self._reports, self._printed):
            os.set_blocking(fd, False)
            self._selector.register(fd, selectors.EVENT_READ)
        self.reporting = True
        """False once the child has closed its pipe: there is nothing more to come."""
        self.peak_memory_bytes = 0
        """Most that the child held in memory at once; known once it has ended. The kernel counts
        from the fork on: it is never less than what this process held then."""

    def poll(self, seconds: float) -> list[Report]:
        """Return the reports that have come, waiting so long for the first of them.

        Rewis3dError where the child says something else.
        """
        lines: list[bytes] = []
        for key, _ in self._selector.select(seconds):
            data = os.read(key.fd, 1 << 16)
            if not data:
                self._selector.unregister(key.fd)
            if key.fd == self._printed:
                self._log.write(data)
            elif data:
                *lines, self._line = (self._line + data).split(b"\n")
            else:
                self.reporting = False
        return [from_line(line.decode()) for line in lines]

    def leave(self) -> int:
        """Wait for the child to exit after its last report and return its exit status.

        Negative: the number of the signal that ended it.
        """
        return self._end(_LEAVE_SECONDS)

    def stop(self) -> None:
        """End the child and whatever it started, within 2 s."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGTERM)
        self._end(_TERM_SECONDS)

    def _end(self, patience: float) -> int:
        until = time.monotonic() + patience
        while self._popen.returncode is None and not self._has_exited():
            if time.monotonic() >= until:
                break
            time.sleep(0.01)
        if self._popen.returncode is None:
            # Not reaped yet, so that the group's number is still this child's.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._popen.pid, signal.SIGKILL)
            _, status, used = os.wait4(self._popen.pid, 0)
            self._popen.returncode = os.waitstatus_to_exitcode(status)
            self.peak_memory_bytes = used.ru_maxrss * _MAXRSS_BYTES
        return self._popen.returncode

    def _has_exited(self) -> bool:
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._popen.pid, options) is not None

    def close(self) -> None:
        """End the child if it runs, and keep the rest of what it printed."""
        self.stop()
        with suppress(BlockingIOError):  # something that escaped the group may hold it open
            while data := os.read(self._printed, 1 << 16):
                self._log.write(data)
        self._selector.close()
        os.close(self._reports)
        if self._popen.stdout:
            self._popen.stdout.close()
        self._log.close()

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Log:
    """A file that starts anew when it is full, keeping the one before."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab", buffering=0)

    def write(self, data: bytes) -> None:
        if self._file.tell() + len(data) > _LOG_BYTES:
            self.close()
            self._path.replace(self._path.with_name(self._path.name + ".1"))
            self._file = self._path.open("ab", buffering=0)
        self._file.write(data)

    def close(self) -> None:
        self._file.close()


def how_it_ended(status: int, log: str) -> str:
    """Say in one line what became of a child that left without a result; `log` is its log."""
    if status == -signal.SIGKILL:
        return "the system killed the job, most likely because memory ran out"
    if status < 0:
        return f"the job crashed ({signal.Signals(-status).name}); {log} says where"
    return f"the job stopped without a result (exit status {status}); {log} says why"
