"""Pages hear of the first worker that comes and the last one that goes, and of nothing else."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack

import pytest
from sqlalchemy import delete
from websockets.sync.client import connect

from app import events, slots
from app.schema import events as event_rows
from app.web import presence
from app.web.auth import Access
from app.web.presence import Presence
from app.web.server import create_app
from app.workspace import Workspace
from tests.app.web.serving import running


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look is one."""
    monkeypatch.setattr(presence, "LOOK_SECONDS", 0.0)


def told(project: Workspace) -> list[bool]:
    with project.read() as conn:
        return [one.payload["alive"] for one in events.after(conn, 0) if one.kind == "worker"]


def test_the_first_that_comes_and_the_last_that_goes_are_told(
    project: Workspace, at_once: None
) -> None:
    watch = Presence(project)
    watch.look()
    assert told(project) == []
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(slots.hold(project))
        watch.look()
        watch.look()
        second.enter_context(slots.hold(project))
        watch.look()
        first.close()
        watch.look()
        assert told(project) == [True]
    watch.look()
    assert told(project) == [True, False]


def test_who_works_on_one_run_of_its_own_is_no_worker(project: Workspace, at_once: None) -> None:
    watch = Presence(project)
    with slots.hold(project, once=True):
        watch.look()
    assert told(project) == []


def test_a_change_while_no_studio_was_there_is_told_by_the_next_one(
    project: Workspace, at_once: None
) -> None:
    with slots.hold(project):
        Presence(project).look()
        Presence(project).look()  # a studio that starts anew has nothing to tell
        assert told(project) == [True]
    Presence(project).look()
    assert told(project) == [True, False]
    with project.write() as conn:
        conn.execute(delete(event_rows))
    Presence(project).look()
    assert told(project) == []


def test_it_looks_once_a_second(project: Workspace) -> None:
    watch = Presence(project)
    watch.look()
    with slots.hold(project):
        watch.look()
    assert told(project) == []


def test_a_tab_hears_of_a_worker_within_seconds(project: Workspace) -> None:
    with running(create_app(project, access=Access(), page=False)) as address:
        with connect(f"ws://{address}/api/live", proxy=None) as tab:
            tab.recv(timeout=5)
            started = time.monotonic()
            with slots.hold(project):
                heard = [json.loads(tab.recv(timeout=5))]
            heard.append(json.loads(tab.recv(timeout=5)))
        assert [(one["kind"], one["alive"]) for one in heard] == [
            ("worker", True),
            ("worker", False),
        ]
        assert time.monotonic() - started < 5
