"""Ties a process to the one that started it: `python -P -m app.tether PARENT COMMAND ...`.

The kernel sends the command SIGTERM when PARENT ends, however it ends. This program asks for that
and becomes the command; asking between fork and exec instead is not safe beside threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def tethered(command: list[str]) -> list[str]:
    """Return the command line that runs a command tied to this process (where it is Linux).

    The tie is to the calling thread: let the thread that starts the command outlive it.
    """
    return [sys.executable, "-P", "-m", "app.tether", str(os.getpid()), *command]


def main(arguments: list[str]) -> None:
    """Tie this process to its parent and become the command."""
    parent, command = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:  # it ended before the line above
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - the command is our own worker


if __name__ == "__main__":
    main(sys.argv[1:])
