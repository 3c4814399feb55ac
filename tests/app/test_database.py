from __future__ import annotations

import errno
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from app import database
from app.database import copy_database, explained, open_engine, writing
from app.errors import StudioError


@pytest.fixture
def engine(tmp_path):
    engine = open_engine(tmp_path / "a.sqlite")
    with writing(engine).begin() as conn:
        conn.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        conn.execute(text("CREATE TABLE child (id INTEGER REFERENCES parent(id), data BLOB)"))
    yield engine
    engine.dispose()


def _count(engine: Engine) -> int:
    with engine.begin() as conn:
        return conn.execute(text("SELECT count(*) FROM parent")).scalar_one()


def test_every_connection_is_safe(engine):
    pragmas = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10000}
    with engine.connect() as one, engine.connect() as two:
        for conn in (one, two):
            assert {
                name: conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas
            } == pragmas


def test_a_row_must_refer_to_one_that_is_there(engine):
    with pytest.raises(IntegrityError), writing(engine).begin() as conn:
        conn.execute(text("INSERT INTO child VALUES (7, NULL)"))


def test_a_failed_transaction_leaves_nothing(engine):
    def fail() -> None:
        with writing(engine).begin() as conn:
            conn.execute(text("INSERT INTO parent VALUES (1)"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert _count(engine) == 0


def test_two_writers_that_read_first_both_get_through(engine):
    """With plain BEGIN the second fails at once: it read before the first one wrote."""
    inside, errors = threading.Event(), []

    def second() -> None:
        inside.wait(5)
        try:
            with writing(engine).begin() as conn:
                seen.append(conn.execute(text("SELECT count(*) FROM parent")).scalar_one())
                conn.execute(text("INSERT INTO parent VALUES (2)"))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            errors.append(error)

    seen: list[int] = []
    thread = threading.Thread(target=second)
    thread.start()
    with writing(engine).begin() as conn:
        assert conn.execute(text("SELECT count(*) FROM parent")).scalar_one() == 0
        inside.set()
        time.sleep(0.1)
        conn.execute(text("INSERT INTO parent VALUES (1)"))
    thread.join(10)
    assert errors == []
    assert seen == [1]
    assert _count(engine) == 2


def test_readers_see_one_state_while_others_write(engine):
    with engine.begin() as reading:
        assert reading.execute(text("SELECT count(*) FROM parent")).scalar_one() == 0
        with writing(engine).begin() as conn:
            conn.execute(text("INSERT INTO parent VALUES (1)"))
        assert reading.execute(text("SELECT count(*) FROM parent")).scalar_one() == 0
    assert _count(engine) == 1


def test_a_lock_held_too_long_is_one_line(tmp_path, engine, monkeypatch):
    monkeypatch.setattr(database, "_PRAGMAS", ("PRAGMA busy_timeout = 20",))
    impatient = open_engine(tmp_path / "a.sqlite")
    with (
        writing(engine).begin(),
        pytest.raises(StudioError, match=r"x: another process has kept it locked for more than 10"),
        explained(Path("x")),
        writing(impatient).begin(),
    ):
        pass
    impatient.dispose()


def test_a_full_disk_is_one_line_and_nothing_is_lost(engine):
    def fill() -> None:
        with explained(Path("x")), writing(engine).begin() as conn:
            conn.exec_driver_sql("PRAGMA max_page_count = 6")
            conn.execute(text("INSERT INTO parent VALUES (1)"))
            conn.execute(text("INSERT INTO child VALUES (1, zeroblob(100000))"))

    with pytest.raises(StudioError, match=r"^x: the disk is full$"):
        fill()
    assert _count(engine) == 0


def test_read_only_is_one_line(engine):
    def write() -> None:
        with explained(Path("x")), writing(engine).begin() as conn:
            conn.exec_driver_sql("PRAGMA query_only = ON")
            conn.execute(text("INSERT INTO parent VALUES (1)"))

    with pytest.raises(StudioError, match=r"^x: it can't be written \(read-only\)$"):
        write()


def _read(file: Path) -> None:
    engine = open_engine(file)
    try:
        with explained(file), engine.begin() as conn:
            conn.execute(text("SELECT sum(length(data)) FROM child")).all()
    finally:
        engine.dispose()


def test_what_is_no_database_is_one_line(tmp_path):
    (tmp_path / "b.sqlite").write_bytes(b"no database at all" * 1000)
    with pytest.raises(StudioError, match=r"b.sqlite: it is not a database, or it is dam"):
        _read(tmp_path / "b.sqlite")


def test_a_damaged_database_is_one_line(tmp_path, engine):
    with writing(engine).begin() as conn:
        conn.execute(text("INSERT INTO parent VALUES (1)"))
        for _ in range(50):
            conn.execute(text("INSERT INTO child VALUES (1, randomblob(3000))"))
    engine.dispose()
    data = bytearray((tmp_path / "a.sqlite").read_bytes())
    data[5000:] = b"\xff" * (len(data) - 5000)
    (tmp_path / "b.sqlite").write_bytes(bytes(data))
    with pytest.raises(StudioError, match=r"b.sqlite: the database is damaged; restore it from a"):
        _read(tmp_path / "b.sqlite")


def test_a_missing_folder_is_one_line(tmp_path):
    with pytest.raises(StudioError, match=r"a.sqlite: it can't be opened$"):
        _read(tmp_path / "gone/a.sqlite")


@pytest.mark.parametrize(
    ("number", "meaning"),
    [
        (errno.EDQUOT, "the disk quota is used up"),
        (errno.EROFS, r"it can't be written \(read-only\)"),
        (errno.EACCES, "permission denied"),
    ],
)
def test_what_the_disk_refuses_is_one_line_that_names_the_file(number, meaning):
    with pytest.raises(StudioError, match=rf"^/a/b: {meaning}$"), explained(Path("x")):
        raise OSError(number, "raw", "/a/b")


def test_a_full_disk_is_named_for_files_too():
    with (
        pytest.raises(StudioError, match=r"^x: the disk is full$"),
        explained(Path("x")),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        full.write(b"1")


def test_other_errors_stay_what_they_are(engine):
    with pytest.raises(FileNotFoundError), explained(Path("x")):
        Path("/gone/gone").read_bytes()
    with (
        pytest.raises(IntegrityError),
        explained(Path("x")),
        writing(engine).begin() as conn,
    ):
        conn.execute(text("INSERT INTO child VALUES (7, NULL)"))


def test_a_database_in_use_is_copied_whole(tmp_path, engine):
    with writing(engine).begin() as conn:
        conn.execute(text("INSERT INTO parent VALUES (1)"))  # in the WAL file only
    copy_database(tmp_path / "a.sqlite", tmp_path / "copy.sqlite")
    with closing(sqlite3.connect(tmp_path / "copy.sqlite")) as copy:
        assert copy.execute("SELECT id FROM parent").fetchall() == [(1,)]
    assert not list(tmp_path.glob("*.partial"))
