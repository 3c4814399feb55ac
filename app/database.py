"""The one place that knows SQLite: opening, locking, copying, and what its errors mean."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError

from app.errors import StudioError

BUSY_SECONDS: Final = 10
"""How long a transaction waits for another process's."""
_PRAGMAS: Final = (
    f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}",  # first: the next one may have to wait
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # a commit is on disk when it returns
    "PRAGMA foreign_keys = ON",
)
_BEGIN: Final = "begin_with"
_SQLITE_MEANING: Final = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "it can't be written (read-only)",
    sqlite3.SQLITE_PERM: "it can't be written (permissions)",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened",
    sqlite3.SQLITE_CORRUPT: "the database is damaged; {mend}",
    sqlite3.SQLITE_NOTADB: "it is not a database, or it is damaged; {mend}",
    sqlite3.SQLITE_BUSY: f"another process has kept it locked for more than {BUSY_SECONDS} s",
    sqlite3.SQLITE_IOERR: "the disk can't be read or written",
}
_OS_MEANING: Final = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "it can't be written (read-only)",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
}


def open_engine(file: Path) -> Engine:
    """Return an engine on an SQLite file; its transactions are real ones (see `writing`)."""
    engine = create_engine(
        URL.create("sqlite", database=str(file)), pool_size=8, max_overflow=32, pool_timeout=30
    )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def writing(engine: Engine) -> Engine:
    """Return the engine whose transactions take the write lock first (BEGIN IMMEDIATE).

    A transaction that reads and then writes would fail at once with "database is locked" where
    another one wrote in between; with the lock taken first it waits instead.
    """
    return engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})


def _on_connect(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not open transactions behind our back
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _on_begin(conn: Connection) -> None:
    conn.exec_driver_sql(conn.get_execution_options().get(_BEGIN, "BEGIN"))


def copy_database(file: Path, target: Path) -> None:
    """Copy a database that may be in use, by SQLite's backup API; `target` is replaced."""
    aside = target.with_name(target.name + ".partial")
    aside.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(aside)) as copy:
        source.backup(copy)
    aside.replace(target)


@contextmanager
def explained(path: Path, *, mend: str = "restore it from a copy") -> Iterator[None]:
    """Turn what the disk or the database refuses into one line that names `path` (StudioError).

    `mend` says what to do about a damaged database.
    """
    try:
        yield
    except (DatabaseError, sqlite3.DatabaseError) as error:
        meaning = _sqlite_meaning(error)
        if meaning is None:
            raise
        raise StudioError(f"{path}: {meaning.format(mend=mend)}") from error
    except OSError as error:
        meaning = _OS_MEANING.get(error.errno or 0)
        if meaning is None:
            raise
        raise StudioError(f"{error.filename or path}: {meaning}") from error


def _sqlite_meaning(error: DatabaseError | sqlite3.DatabaseError) -> str | None:
    cause = error.orig if isinstance(error, DatabaseError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    return None if code is None else _SQLITE_MEANING.get(code & 0xFF)
