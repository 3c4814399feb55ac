"""The project folder: made, opened, brought up to date, and the doors to its database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sqlalchemy import Connection, Engine, insert

from annotations.schema import label_state
from app.database import copy_database, explained, open_engine, writing
from app.errors import StudioError
from app.migrations.upgrade import HEAD, upgrade, version
from app.schema import project

DATABASE: Final = "project.sqlite"
_UNFINISHED: Final = "project.sqlite.new"
"""The name of a database that is being made: no project until it has its real name."""


class Workspace:
    """An open project folder. Use it as a context manager, or close it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.engine: Engine = open_engine(root / DATABASE)
        self._writing = writing(self.engine)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock; on disk when the block ends without an error."""
        with explained(self.root / DATABASE), self._writing.begin() as conn:
            yield conn

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database throughout."""
        with explained(self.root / DATABASE), self.engine.begin() as conn:
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()


def create(root: Path, name: str) -> Workspace:
    """Make a project in a folder that is missing or empty; StudioError where it is neither."""
    root = root.expanduser().resolve()
    if not name.strip():
        raise StudioError("a project needs a name")
    with explained(root):
        _claim(root)
        _make_database(root / _UNFINISHED, name.strip())
        (root / _UNFINISHED).replace(root / DATABASE)
    return Workspace(root)


def _claim(root: Path) -> None:
    if root.exists() and not root.is_dir():
        raise StudioError(f"{root} is a file, not a folder")
    root.mkdir(parents=True, exist_ok=True)
    if (root / DATABASE).exists():
        raise StudioError(f"{root} already holds a project")
    left = [path for path in root.iterdir() if not path.name.startswith(_UNFINISHED)]
    if left:
        raise StudioError(f"{root} is not empty ({left[0].name}); give a new or empty folder")
    for path in root.iterdir():  # an earlier attempt that never became a project
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
