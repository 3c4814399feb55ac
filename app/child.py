"""The only process that runs torch: works on one job folder and reports over a pipe.

`python -P -m app.child FD FOLDER`: FD is the open pipe, FOLDER a job folder (rewis3d/job.py).
Without -P a folder named `app` where the user stands would take this package's place.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from app.errors import StudioError
from rewis3d.job import read_job
from rewis3d.reports import Failed, Report, to_line
from rewis3d.types import Rewis3dError

_NICENESS: Final = 10
"""Painting goes before training."""
_PR_SET_PDEATHSIG: Final = 1


Work = Callable[[Path], Iterator[Report]]


def main(arguments: list[str], work: Work | None = None) -> int:
    """Work on the job folder; 0 when every report was written, the last one says how it went."""
    fd, folder = int(arguments[0]), Path(arguments[1])
    os.set_inheritable(fd, False)  # a process that we start must not keep the pipe open
    die_with_parent(fd)
    os.nice(_NICENESS)
    faulthandler.enable()
    with os.fdopen(fd, "w", buffering=1) as pipe:
        for report in reports(folder, work or run):
            pipe.write(to_line(report) + "\n")
    return 0


def die_with_parent(pipe: int) -> None:
    """Have the kernel kill this process with the worker; leave at once where that is dead already.

    Where the kernel can't (it is not Linux), writing the next report ends the process.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    poll = select.poll()
    poll.register(pipe, 0)
    if poll.poll(0):  # nobody reads: the worker died before the line above
        sys.exit(1)


def run(folder: Path) -> Iterator[Report]:
    """Return the reports of the task that the job folder asks for."""
    return _task(read_job(folder).task)(folder)


def _task(name: str) -> Work:
    if name == "quick":
        from rewis3d import quick as module
    elif name == "train":
        from rewis3d import train as module
    elif name == "predict":
        from rewis3d import predict as module
    elif name == "export":
        from rewis3d import export as module
    elif name == "reconstruct":
        from rewis3d.reconstruct import run as module
    else:
        raise Rewis3dError(f"job of an unknown task {name!r}")
    return module.run


def reports(folder: Path, work: Work) -> Iterator[Report]:
    """Pass the reports of `work` on; whatever it raises becomes the last one, Failed."""
    try:
        yield from work(folder)
    except (Rewis3dError, StudioError) as error:
        yield Failed(str(error), "")
    except Exception as error:  # noqa: BLE001  the job boundary: nobody above could tell the user
        yield _failed(error, folder)


def _failed(error: Exception, folder: Path) -> Failed:
    from app.database import explained  # with SQLAlchemy, which a job that goes well can do without

    first = next(iter(str(error).splitlines()), "")
    details = "".join(traceback.format_exception(error))
    try:
        with explained(folder):
            raise error
    except StudioError as said:  # the disk is full, or the like
        return Failed(str(said), "")
    except type(error):
        return Failed(f"{type(error).__name__}: {first}", details)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
