from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any, cast

import anyio
import pytest
from sqlalchemy import delete
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from app import events, jobs
from app.schema import events as event_rows
from app.web import live, presence
from app.web.auth import Access
from app.web.live import backlog
from app.web.server import create_app
from app.workspace import Workspace, open_workspace
from tests.app import samples
from tests.app.web.serving import running


@pytest.fixture
def address(project: Workspace) -> Iterator[str]:
    """The address of a real server on the small project."""
    with running(create_app(project, access=Access(), page=False)) as address:
        yield address


def tab(address: str, query: str = "") -> Connection:
    return connect(f"ws://{address}/api/live{query}", proxy=None)


def heard(socket: Connection, timeout: float = 5) -> dict[str, Any]:
    return json.loads(socket.recv(timeout=timeout))


def tell(project: Workspace, number: int = 1) -> int:
    with project.write() as conn:
        return [events.append(conn, "frames", round=index) for index in range(number)][-1]


def test_a_tab_is_greeted_with_the_last_event_s_number(address: str, project: Workspace):
    seq = tell(project)
    with tab(address) as socket:
        assert heard(socket) == {"kind": "hello", "seq": seq}


def test_every_tab_hears_every_event_in_order(address: str, project: Workspace):
    tabs = [tab(address) for _ in range(9)]
    for socket in tabs:
        heard(socket)
    last = tell(project, 3)
    for socket in tabs:
        assert [heard(socket)["seq"] for _ in range(3)] == [last - 2, last - 1, last]
        socket.close()


def test_what_another_process_writes_shows_within_half_a_second(address: str, project: Workspace):
    with tab(address) as socket, open_workspace(project.root) as other:
        heard(socket)
        started = time.perf_counter()
        seq = tell(other)
        assert heard(socket) == {"seq": seq, "kind": "frames", "round": 0}
        assert time.perf_counter() - started < live.WATCH_SECONDS + 0.3


def test_a_stroke_is_told_to_the_other_tabs_at_once(
    address: str, project: Workspace, monkeypatch: pytest.MonkeyPatch
):
    import httpx

    with tab(address) as socket, httpx.Client(base_url=f"http://{address}") as client:
        heard(socket)
        monkeypatch.setattr(live, "WATCH_SECONDS", 60.0)  # only a wake can be this fast
        time.sleep(0.5)  # the watcher is in its long wait
        new = {"uuid": "stroke-0001", "class": 0, "width": 3, "xy": [[1, 1]], "client": "one"}
        frame = samples.frame_ids(project)[0]
        answer = client.post("/api/strokes", json={**new, "frame": frame}).json()
        told = heard(socket, timeout=5)
    assert told["kind"] == "stroke"
    assert told["client"] == "one"
    assert told["revision"] == answer["revision"]


def test_a_tab_that_comes_back_hears_what_it_missed_and_nothing_twice(
    address: str, project: Workspace
):
    seq = tell(project, 5)
    with tab(address, f"?since={seq - 3}") as socket:
        assert heard(socket)["kind"] == "hello"
        assert [heard(socket)["seq"] for _ in range(3)] == [seq - 2, seq - 1, seq]
        assert tell(project) == heard(socket)["seq"]


def test_a_tab_that_missed_too_much_is_told_to_load_anew(address: str, project: Workspace):
    seq = tell(project)
    with tab(address, f"?since={seq + 7}") as socket:  # of another project, or before a restore
        assert heard(socket) == {"kind": "hello", "seq": seq}
        assert heard(socket) == {"kind": "reload", "seq": seq}
        assert heard_after(project, socket)


def heard_after(project: Workspace, socket: Connection) -> bool:
    return tell(project) == heard(socket)["seq"]


def test_the_backlog_reaches_as_far_as_the_log(project: Workspace):
    last = tell(project, 10)
    with project.write() as conn:
        conn.execute(delete(event_rows).where(event_rows.c.seq <= last - 5))
        assert backlog(conn, None) == (last, [])
        assert backlog(conn, last) == (last, [])
        missed = backlog(conn, last - 5)[1]
        assert missed is not None
        assert [event.seq for event in missed] == list(range(last - 4, last + 1))
        assert backlog(conn, last - 6) == (last, None)


def test_a_long_backlog_is_not_sent(project: Workspace, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live, "CATCH_UP", 3)
    last = tell(project, 10)
    with project.read() as conn:
        assert backlog(conn, last - 4) == (last, None)
        assert backlog(conn, last - 3)[1] is not None


def test_a_tab_that_falls_behind_is_told_to_come_back(
    address: str, project: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(live, "_BUFFERED", 0)  # no tab is fast enough
    with tab(address) as socket:
        heard(socket)
        tell(project)
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(timeout=5)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1013


def test_no_more_is_kept_for_a_tab_than_fits(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live, "_BUFFERED", 3)

    async def waiting() -> list[Any]:
        slow = live._Tab(asyncio.get_running_loop())
        for _ in range(3):
            live._put(slow, [events.Event(seq, "frames", {}, 0.0) for seq in range(5)])
        return [slow.queue.get_nowait() for _ in range(slow.queue.qsize())]

    kept = asyncio.run(waiting())
    assert [event and event.seq for event in kept] == [0, 1, 2, None]


def test_the_hub_forgets_tabs_that_are_gone(project: Workspace):
    app = create_app(project, access=Access(), page=False)
    tabs = app.state.studio.live._tabs
    with running(app) as address:
        with tab(address) as socket:
            heard(socket)
            assert len(tabs) == 1
        until = time.monotonic() + 5
        while tabs and time.monotonic() < until:
            time.sleep(0.01)
        assert len(tabs) == 0


def test_the_server_stops_within_five_seconds_with_tabs_open(project: Workspace):
    with running(create_app(project, access=Access(), page=False)) as address:
        socket = tab(address)
        heard(socket)
        started = time.perf_counter()
    assert time.perf_counter() - started < 5
    with pytest.raises(ConnectionClosed):
        socket.recv(timeout=1)


def test_an_unreadable_database_stops_no_notices_for_good(
    address: str, project: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: Any
):
    from app.errors import StudioError

    def broken(*_: Any) -> int:
        raise StudioError("the disk is gone")

    with tab(address) as socket:
        heard(socket)
        with monkeypatch.context() as patch:
            patch.setattr(events, "latest", broken)
            time.sleep(0.7)
        assert caplog.text.count("the event log can't be read") == 1
        assert tell(project) == heard(socket)["seq"]


def test_lock_files_that_can_not_be_read_stop_no_notices(
    address: str, project: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: Any
):
    def refused(*_: Any) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(presence, "LOOK_SECONDS", 0.0)
    with tab(address) as socket:
        heard(socket)
        with monkeypatch.context() as patch:
            patch.setattr(jobs, "worker_alive", refused)
            time.sleep(0.7)
            assert tell(project) == heard(socket)["seq"]
        assert caplog.text.count("the workers' locks can't be read") == 1
        monkeypatch.setattr(jobs, "worker_alive", lambda _: True)
        told = heard(socket)
        assert (told["kind"], told["alive"]) == ("worker", True)


class LeavingSocket:
    """The socket of a page that goes when it is told to."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()

    async def accept(self) -> None:
        return

    async def send_text(self, text: str) -> None:
        assert json.loads(text)["kind"] == "hello"

    async def receive_text(self) -> str:
        await self.gone.wait()
        raise WebSocketDisconnect


@pytest.mark.parametrize("turns", range(6))
def test_a_request_given_up_while_its_page_leaves_ends_quietly(project: Workspace, turns: int):
    """The cancellation must come out as the scope's own, at whichever turn of the loop it comes."""

    async def given_up() -> bool:
        socket, scope = LeavingSocket(), anyio.CancelScope()

        async def served() -> bool:
            with scope:
                await live.Live(project).serve(cast(WebSocket, socket), None)
            return True

        request = asyncio.create_task(served())
        await asyncio.sleep(0.1)
        socket.gone.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        scope.cancel()
        return await request

    assert asyncio.run(given_up())
