"""Who works on the project: one locked file per worker slot, free again the moment it dies.

The lock (flock) belongs to the process, so that the kernel lets go of it however the process ends.
The file holds the holder's id, which no other process ever gets: what carries the id of a process
that holds no lock was left behind by a dead one.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from app.errors import StudioError
from app.workspace import Workspace

STUDIO_LOCK: Final = "studio.lock"
"""Held by the web server of the project: a worker then leaves it a core."""
_FOLDER: Final = "locks"
_PREFIX: Final = "worker-"
_NAMES: Final = 64
_ONCE: Final = ".once"
"""Ends the id of a holder that works on one run and takes no others."""
_PROBE_SECONDS: Final = 0.5
"""Looking whether a slot is held takes its lock for a moment; nobody looks for this long."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A held slot."""

    name: str
    holder: str
    """Unique to this process and this holding of the slot."""


@contextmanager
def hold(workspace: Workspace, name: str | None = None, *, once: bool = False) -> Iterator[Slot]:
    """Hold a slot; without a name the first free one. StudioError where it is taken.

    `once` is for who works on one run of its own: nobody should leave other runs to it.
    """
    folder = workspace.root / _FOLDER
    folder.mkdir(exist_ok=True)
    fd, taken = _take(folder, name) if name else _take_free(folder)
    try:
        slot = Slot(taken, f"{taken}.{uuid4().hex[:12]}{_ONCE if once else ''}")
        os.ftruncate(fd, 0)
        os.pwrite(fd, slot.holder.encode(), 0)
        yield slot
    finally:
        os.close(fd)  # lets go of the lock; the file stays, as another may be opening it


def _take(folder: Path, name: str) -> tuple[int, str]:
    if not all(letter.isalnum() or letter in "-_" for letter in name):
        raise StudioError(f"slot {name!r}: use letters, digits, - and _ only")
    fd = _locked(folder / f"{_PREFIX}{name}.lock", patience=_PROBE_SECONDS)
    if fd is None:
        raise StudioError(f"slot {name!r} of this project is held by another worker")
    return fd, name


def _take_free(folder: Path) -> tuple[int, str]:
    for number in range(1, _NAMES + 1):
        fd = _locked(folder / f"{_PREFIX}{number}.lock", patience=0.0)
        if fd is not None:
            return fd, str(number)
    raise StudioError(f"{_NAMES} workers are at work on this project already")


def _locked(file: Path, *, patience: float) -> int | None:
    fd = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)  # not passed on to children (PEP 446)
    until = time.monotonic() + patience
    while not _lock(fd, fcntl.LOCK_EX):
        if time.monotonic() >= until:
            os.close(fd)
            return None
        time.sleep(0.02)
    return fd


def holders(workspace: Workspace) -> set[str]:
    """Return the ids of those that are alive and may have runs."""
    files = (workspace.root / _FOLDER).glob(f"{_PREFIX}*.lock")
    return {file.read_text() for file in files if is_held(file)}


def workers(workspace: Workspace) -> set[str]:
    """Return the ids of those that are alive and take what waits."""
    return {holder for holder in holders(workspace) if holder and not holder.endswith(_ONCE)}


def studio_runs(workspace: Workspace) -> bool:
    """Say whether a web server has the project open."""
    return is_held(workspace.root / _FOLDER / STUDIO_LOCK)


def is_held(file: Path) -> bool:
    """Say whether a living process holds a lock file."""
    try:
        fd = os.open(file, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _lock(fd, fcntl.LOCK_SH)  # shared: two that look don't see each other
    finally:
        os.close(fd)


def _lock(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
