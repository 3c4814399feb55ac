"""The project folder: made, opened, brought up to date, and the doors to its database."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final

from sqlalchemy import Connection, Engine, insert

from annotations.schema import label_state
from app.database import copy_database, explained, open_engine, writing
from app.errors import StudioError
from app.migrations.upgrade import HEAD, upgrade, version
from app.schema import project

DATABASE: Final = "project.sqlite"
_UNFINISHED: Final = "project.sqlite.new"
"""The name of a database that is being made: no project until it has its real name."""
_FILLED: Final = ("frames", "thumbnails", "locks")
"""Folders that an import makes."""


class Workspace:
    """An open project folder. Use it as a context manager, or close it."""

    def __init__(self, root: Path, *, database: str = DATABASE) -> None:
        self.root = root
        self._file = root / database
        self.engine: Engine = open_engine(self._file)
        self._writing = writing(self.engine)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock; on disk when the block ends without an error."""
        with explained(self._file), self._writing.begin() as conn:
            yield conn

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database throughout."""
        with explained(self._file), self.engine.begin() as conn:
            yield conn

    def path(self, relative: str) -> Path:
        """Return the absolute path of a database entry; StudioError where it leaves the folder."""
        path = (self.root / relative).resolve()
        if path == self.root or not path.is_relative_to(self.root):
            raise StudioError(f"{relative!r} is not a path inside the project folder")
        return path

    def relative(self, path: Path) -> str:
        """Return a path inside the folder as the database keeps it: relative, with slashes."""
        if not path.resolve().is_relative_to(self.root):
            raise StudioError(f"{path} is not inside the project folder {self.root}")
        return path.resolve().relative_to(self.root).as_posix()

    def close(self) -> None:
        """Close every connection; the last one folds the WAL file into the database."""
        self.engine.dispose()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()


def create(root: Path, name: str) -> Workspace:
    """Make an empty project in a folder that is missing or empty; StudioError where it is neither.

    `making` is for who fills it at once.
    """
    with making(root, name):
        pass
    return open_workspace(root)


@contextmanager
def making(root: Path, name: str) -> Iterator[Workspace]:
    """Make a project in a folder that is missing or empty, and fill it in the block.

    It becomes a project at the end of the block. Where the block fails, what was made is removed
    again; where the process is killed, the next `making` in the folder does so.
    """
    root = root.expanduser().resolve()
    if not name.strip():
        raise StudioError("a project needs a name")
    with explained(root):
        existed = root.exists()
        _check_place(root)
        root.mkdir(parents=True, exist_ok=True)
        with _only_maker(root):
            _remove_unfinished(root)
            _check_empty(root)
            try:
                _make_database(root / _UNFINISHED, name.strip())
                with Workspace(root, database=_UNFINISHED) as workspace:
                    yield workspace
                (root / _UNFINISHED).replace(root / DATABASE)
            except BaseException:
                _remove_unfinished(root)
                if not existed and not any(root.iterdir()):
                    root.rmdir()
                raise


def _check_place(root: Path) -> None:
    if root.exists() and not root.is_dir():
        raise StudioError(f"{root} is a file, not a folder")
    if (root / DATABASE).exists():
        raise StudioError(f"{root} already holds a project")


def _check_empty(root: Path) -> None:
    left = sorted(path.name for path in root.iterdir())
    if left:
        raise StudioError(f"{root} is not empty ({left[0]}); give a new or empty folder")


@contextmanager
def _only_maker(root: Path) -> Iterator[None]:
    """Hold a lock on the folder itself: nothing may lie in it yet that could be locked."""
    handle = os.open(root, os.O_RDONLY)
    try:
        _lock(handle, root)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, root: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StudioError(f"{root}: a project is being made here already") from error


def _remove_unfinished(root: Path) -> None:
    """Remove what a making left that never became a project: it is known by its database."""
    if not (root / _UNFINISHED).exists():
        return
    for folder in _FILLED:
        if (root / folder).exists():
            shutil.rmtree(root / folder)
    for path in sorted(root.glob(f"{_UNFINISHED}*"), reverse=True):  # the one it is known by last
        path.unlink()


def _make_database(file: Path, name: str) -> None:
    engine = open_engine(file)
    try:
        with writing(engine).begin() as conn:
            upgrade(conn)
            conn.execute(insert(project).values(id=1, name=name, created_at=time.time()))
            conn.execute(insert(label_state).values(id=1, revision=0))
    finally:
        engine.dispose()


def open_workspace(root: Path) -> Workspace:
    """Open a project folder, migrating an older one after a backup; StudioError says why not."""
    root = root.expanduser().resolve()
    if (root / _UNFINISHED).exists() and not (root / DATABASE).exists():
        raise StudioError(f"{root}: making this project was cut short; `rewis3d new` it again")
    if not (root / DATABASE).is_file():
        raise StudioError(f"{root} is not a project folder; make one with `rewis3d new`")
    workspace = Workspace(root)
    try:
        with workspace.write() as conn:  # the write lock: a read-only folder is found out here
            found = version(conn)
        if found != HEAD:
            _bring_up_to_date(workspace, found)
    except BaseException:
        workspace.close()
        raise
    return workspace


def _bring_up_to_date(workspace: Workspace, found: str | None) -> None:
    if found is None:
        raise StudioError(f"{workspace.root / DATABASE} is not a database of rewis3d-studio")
    if found > HEAD:
        raise StudioError(
            f"project was made by a newer version (schema {found}, this one knows up to {HEAD}):"
            " update rewis3d-studio"
        )
    with explained(workspace.root):
        copy_database(workspace.root / DATABASE, workspace.root / f"project.{found}.sqlite")
        _migrate(workspace.engine)


def _migrate(engine: Engine) -> None:
    with writing(engine).connect() as conn:
        # Tables are rebuilt by batch migrations; with enforcement on, dropping the old one would
        # delete what refers to it. The switch works only outside a transaction.
        connection = conn.connection.driver_connection
        if connection is None:
            raise StudioError("the database closed its connection")
        connection.execute("PRAGMA foreign_keys = OFF")
        try:
            with conn.begin():
                upgrade(conn)
                broken = conn.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                if broken:
                    raise StudioError(f"migration left broken references in {broken[0][0]}")
        finally:
            connection.execute("PRAGMA foreign_keys = ON")
