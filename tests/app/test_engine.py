"""The job engine: each waiting run is somebody's turn once, and a dead worker's turn is void."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from app import engine
from app.errors import StudioError
from app.workspace import Workspace
from tests import processes


def statuses(workspace: Workspace) -> dict[str, str]:
    with closing(sqlite3.connect(workspace.root / engine.FILE)) as file:
        return dict(file.execute("SELECT workflow_uuid, status FROM workflow_status"))


def change(workspace: Workspace, sql: str) -> None:
    with closing(sqlite3.connect(workspace.root / engine.FILE, isolation_level=None)) as file:
        file.execute(sql)


def test_what_waits_is_worked_on_in_order_and_one_at_a_time(project: Workspace) -> None:
    worked: list[str] = []
    go_on = threading.Event()

    def work(run_id: str) -> None:
        worked.append(run_id)
        assert go_on.wait(30)

    with engine.launched(project, "1.a", work) as launched:
        for _ in range(2):  # a second look sees the same runs waiting
            launched.enqueue(["one", "two"])
        processes.eventually(lambda: worked)
        assert statuses(project) == {"one.0": "PENDING", "two.0": "ENQUEUED"}
        launched.enqueue(["one", "two"])
        go_on.set()
        processes.eventually(lambda: set(statuses(project).values()) == {"SUCCESS"})
    assert worked == ["one", "two"]


def test_a_run_that_waits_again_gets_another_turn(project: Workspace) -> None:
    worked: list[str] = []
    with engine.launched(project, "1.a", worked.append) as launched:
        for turn in range(2):
            launched.enqueue(["one"])
            processes.eventually(lambda turn=turn: len(worked) == turn + 1)
            processes.eventually(lambda: "PENDING" not in statuses(project).values())
    assert statuses(project) == {"one.0": "SUCCESS", "one.1": "SUCCESS"}


def test_a_dead_workers_turn_is_void_and_a_living_ones_is_not(project: Workspace) -> None:
    go_on = threading.Event()
    worked: list[str] = []

    def work(run_id: str) -> None:
        worked.append(run_id)
        assert go_on.wait(30)

    with engine.launched(project, "1.a", lambda _: None) as launched:
        launched.enqueue(["left"])
        processes.eventually(lambda: statuses(project) == {"left.0": "SUCCESS"})
    change(project, "UPDATE workflow_status SET status = 'PENDING', executor_id = '9.dead'")
    with engine.launched(project, "1.b", work) as launched:
        launched.enqueue(["mine"])
        processes.eventually(lambda: worked)
        launched.give_up_dead(lambda: {"1.b"})
        assert statuses(project) == {"left.0": "CANCELLED", "mine.0": "PENDING"}
        go_on.set()
        launched.enqueue(["left"])
        processes.eventually(lambda: statuses(project).get("left.1") == "SUCCESS")
    assert worked == ["mine", "left"]


def test_nobody_asks_who_lives_while_nothing_is_pending(project: Workspace) -> None:
    asked: list[None] = []
    with engine.launched(project, "1.a", lambda _: None) as launched:
        launched.give_up_dead(lambda: {asked.append(None) or "x"})
    assert asked == []


def test_the_file_is_wal_and_holds_no_pickle(project: Workspace) -> None:
    with engine.launched(project, "1.a", lambda _: None) as launched:
        launched.enqueue(["one"])
        processes.eventually(lambda: statuses(project) == {"one.0": "SUCCESS"})
    with closing(sqlite3.connect(project.root / engine.FILE)) as file:
        assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        found = file.execute("SELECT DISTINCT serialization FROM workflow_status").fetchall()
    assert found == [("portable_json",)]


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda data: b"no database" + data[11:], "it is not a database, or it is damaged"),
        (lambda data: data[:100] + bytes(len(data) - 100), "the database is damaged"),
    ],
    ids=["no database", "zeros after the header"],
)
def test_of_a_damaged_file_the_line_says_that_it_may_go(
    project: Workspace, damage: Callable[[bytes], bytes], what: str
) -> None:
    with engine.launched(project, "1.a", lambda _: None):
        pass
    file: Path = project.root / engine.FILE
    file.write_bytes(damage(file.read_bytes()))
    line = f"{file}: {what}; delete this file: nothing is lost, workers make a new one"
    with (
        pytest.raises(StudioError, match=re.escape(line)),
        engine.launched(project, "1.b", lambda _: None),
    ):
        pass
    file.unlink()
    worked: list[str] = []
    with engine.launched(project, "1.c", worked.append) as launched:
        launched.enqueue(["one"])
        processes.eventually(lambda: worked)
