"""A clip on its way into the project: files written aside, then moved and announced at once.

An import that is killed leaves nothing but the folder aside, which the next one empties. The rows
commit last, so that no frame is ever listed whose files are not there.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, select

from annotations import store
from annotations.schema import clips
from annotations.store import NewFrame
from app import events
from app.database import explained
from app.errors import StudioError
from app.ingest.picture import Picture
from app.workspace import Workspace

FRAMES: Final = "frames"
THUMBNAILS: Final = "thumbnails"
_ASIDE: Final = ".incoming"
_REFUSED: Final = '/\\:*?"<>|\N{REPLACEMENT CHARACTER}'
_NAME_BYTES: Final = 180
"""Leaves room for what exports add within the 255 bytes that a file's name may have."""


@dataclass(frozen=True, slots=True)
class _Written:
    """A frame whose files lie aside under these names."""

    name: str
    file: str
    thumbnail: str
    picture: Picture
    sha256: str
    timestamp: float | None


class IncomingClip:
    """The frames of one import, aside until `commit`. Made by `incoming`."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._written: list[_Written] = []
        self._aside = {folder: workspace.root / folder / _ASIDE for folder in (FRAMES, THUMBNAILS)}

    def __len__(self) -> int:
        return len(self._written)

    def add(self, name: str, picture: Picture, *, timestamp: float | None = None) -> None:
        """Write a frame's files aside; `timestamp` is in seconds from the clip's start."""
        number = f"{len(self._written):06d}"
        file, thumbnail = number + picture.suffix, number + ".jpg"
        (self._aside[FRAMES] / file).write_bytes(picture.data)
        (self._aside[THUMBNAILS] / thumbnail).write_bytes(picture.thumbnail)
        slim = replace(picture, data=b"", thumbnail=b"")  # a long clip must not stay in memory
        digest = hashlib.sha256(picture.data).hexdigest()
        self._written.append(_Written(name, file, thumbnail, slim, digest, timestamp))

    def commit(self, clip_name: str, *, kind: str) -> tuple[int, ...]:
        """Move the files into place and list the frames; return their ids in order.

        A frame whose name the project has already is listed under the clip's name and its own.
        """
        os.sync()  # the images must be on disk before the rows say that they are
        with self._workspace.write() as conn:
            folder = self._move(conn)
            taken = {frame.name for frame in store.list_frames(conn)}
            rows = []
            for written in self._written:
                name = _free_name(written.name, clip_name, taken)
                taken.add(name)
                rows.append(_row(written, name, folder))
            frame_ids = store.add_frames(conn, clip_name, kind, rows)
            events.append(conn, "frames")
        return tuple(frame_ids)

    def _move(self, conn: Connection) -> str:
        """Give the folders aside the clip's number; the caller holds the write lock."""
        folder = f"{(conn.execute(select(func.max(clips.c.id))).scalar() or 0) + 1:04d}"
        for parent, aside in self._aside.items():
            target = self._workspace.root / parent / folder
            if target.exists():  # moved by an import that was killed before its rows were there
                shutil.rmtree(target)
            aside.replace(target)
        return folder


def _free_name(name: str, clip_name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    name = f"{clip_name}-{name}"
    number = 2
    free = name
    while free in taken:
        free = f"{name}-{number}"
        number += 1
    return free


def _row(written: _Written, name: str, folder: str) -> NewFrame:
    return NewFrame(
        name=name,
        file=f"{FRAMES}/{folder}/{written.file}",
        thumbnail=f"{THUMBNAILS}/{folder}/{written.thumbnail}",
        height=written.picture.height,
        width=written.picture.width,
        timestamp=written.timestamp,
        sha256=written.sha256,
        focal=written.picture.focal,
    )


@contextmanager
def incoming(workspace: Workspace) -> Iterator[IncomingClip]:
    """Give a clip to fill; whatever it has not committed at the end is removed.

    StudioError where another import works on the project, or the disk refuses.
    """
    clip = IncomingClip(workspace)
    with explained(workspace.root), _only_import(workspace.root):
        _empty(workspace.root)
        for parent in (FRAMES, THUMBNAILS):
            (workspace.root / parent / _ASIDE).mkdir(parents=True)
        try:
            yield clip
        finally:
            _empty(workspace.root)


def _empty(root: Path) -> None:
    for parent in (FRAMES, THUMBNAILS):
        aside = root / parent / _ASIDE
        if aside.exists():
            shutil.rmtree(aside)


@contextmanager
def _only_import(root: Path) -> Iterator[None]:
    """Hold the project's import lock: the folders aside belong to one import at a time."""
    lock = root / "locks" / "import.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("wb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StudioError(f"{root}: another import is running on this project") from error
        yield  # outside the try: what happens in the block is another matter


def clean_name(name: str) -> str:
    """Return a file's name as text that the database and exported files can have.

    Bytes that are no text, and characters that some file system refuses, become "_".
    """
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    text = "".join(c if c.isprintable() and c not in _REFUSED else "_" for c in text)
    text = text.encode()[:_NAME_BYTES].decode(errors="ignore").strip()
    return text if text.strip(".") else "_" + text
