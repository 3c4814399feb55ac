"""Notices to open pages: one WebSocket per tab, one thread that watches the log and the workers.

A page that lost its connection comes back with the number of the last event it saw
(`/api/live?since=N`) and gets what it missed, or `reload` where the log does not reach back so far.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import orjson
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from app import events
from app.errors import StudioError
from app.schema import events as event_rows
from app.web.presence import Presence
from app.web.racing import until_first
from app.workspace import Workspace

WATCH_SECONDS: Final = 0.2
"""How often the log is looked at: what other processes write shows within this time."""
CATCH_UP: Final = 2_000
"""A page that missed more events than this loads its state anew instead."""
_BUFFERED: Final = 4_096
"""Events that wait for one slow tab; then it is told to come back."""
_TRY_AGAIN_LATER: Final = 1013
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something said to one tab, and kept nowhere."""

    kind: str
    payload: dict[str, Any]


@dataclass(eq=False, slots=True)
class _Tab:
    """One connection: events wait in `queue`; None tells it that it fell behind."""

    loop: asyncio.AbstractEventLoop
    client: str | None = None
    """The page's own name, for what is said to it alone."""
    queue: asyncio.Queue[events.Event | Notice | None] = field(default_factory=asyncio.Queue)


class Live:
    """The hub: hands every new event to every open tab. Safe to use from any thread."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._tabs: set[_Tab] = set()
        self._listeners: list[Callable[[Sequence[events.Event]], None]] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start to watch the log; call `stop` to end it."""
        with self._workspace.read() as conn:
            seen = events.latest(conn)
        presence = Presence(self._workspace)
        self._thread = threading.Thread(
            target=self._watch, args=(seen, presence), name="live", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop to watch."""
        self._stopped.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        """Look at the log now: this process has just committed an event."""
        self._wake.set()

    def listen(self, listener: Callable[[Sequence[events.Event]], None]) -> None:
        """Have new events handed to a function of this process as well, on the hub's thread."""
        self._listeners.append(listener)

    def tell(self, client: str, kind: str, payload: dict[str, Any]) -> None:
        """Say something to the tab of this name alone; nobody hears it where it is away."""
        with self._lock:
            tabs = [tab for tab in self._tabs if tab.client == client]
        for tab in tabs:
            tab.loop.call_soon_threadsafe(_put, tab, [Notice(kind, payload)])

    async def serve(self, socket: WebSocket, since: int | None, client: str | None = None) -> None:
        """Talk to one tab until it goes away."""
        await socket.accept()
        tab = _Tab(asyncio.get_running_loop(), client)
        with self._lock:
            self._tabs.add(tab)
        try:
            await until_first(partial(self._send, socket, tab, since), partial(_until_gone, socket))
        finally:
            with self._lock:
                self._tabs.discard(tab)

    async def _send(self, socket: WebSocket, tab: _Tab, since: int | None) -> None:
        """Say what is new until the tab is gone, or too far behind."""
        with suppress(WebSocketDisconnect):
            # The tab is in the hub by now: what is committed after this look waits in its queue.
            seq, missed = await run_in_threadpool(self._backlog, since)
            await _say(socket, {"kind": "hello", "seq": seq})
            if missed is None:
                await _say(socket, {"kind": "reload", "seq": seq})
            for event in missed or ():
                await _say(socket, _message(event))
            while (event := await tab.queue.get()) is not None:
                if isinstance(event, Notice):
                    await _say(socket, {**event.payload, "kind": event.kind})
                elif event.seq > seq:
                    await _say(socket, _message(event))
            await socket.close(_TRY_AGAIN_LATER, "fell behind")

    def _backlog(self, since: int | None) -> tuple[int, list[events.Event] | None]:
        with self._workspace.read() as conn:
            return backlog(conn, since)

    def _watch(self, seen: int, presence: Presence) -> None:
        workers, log = _Trouble("the workers' locks"), _Trouble("the event log")
        while not self._stopped.is_set():
            self._wake.wait(WATCH_SECONDS)
            self._wake.clear()
            with workers.survived():
                presence.look()
            with log.survived():
                found = self._new(seen)
                if found:
                    seen = found[-1].seq
                    self._hand_out(found)

    def _new(self, seen: int) -> list[events.Event]:
        with self._workspace.read() as conn:
            return events.after(conn, seen) if events.latest(conn) > seen else []

    def _hand_out(self, found: list[events.Event]) -> None:
        with self._lock:
            tabs = list(self._tabs)
        for tab in tabs:
            tab.loop.call_soon_threadsafe(_put, tab, found)
        for listener in self._listeners:
            listener(found)


class _Trouble:
    """What keeps the watcher from a source, logged once until the source can be read again."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._failing = False

    @contextmanager
    def survived(self) -> Iterator[None]:
        """Run the block; the next turn tries again what the disk or the database refuses."""
        try:
            yield
        except (StudioError, SQLAlchemyError, OSError):
            if not self._failing:  # once, not five times a second
                _log.exception("%s can't be read; trying again", self._source)
            self._failing = True
        else:
            self._failing = False


def backlog(conn: Connection, since: int | None) -> tuple[int, list[events.Event] | None]:
    """Return the newest event's number and what a page that saw `since` missed.

    None in place of the events where they are no longer all there, or too many.
    """
    newest = events.latest(conn)
    if since is None or since == newest:
        return newest, []
    oldest = conn.execute(select(func.min(event_rows.c.seq))).scalar() or 0
    if since > newest or since < oldest - 1 or newest - since > CATCH_UP:
        return newest, None
    return newest, events.after(conn, since)


def _put(tab: _Tab, found: Sequence[events.Event | Notice]) -> None:
    for event in found:
        waiting = tab.queue.qsize()
        if waiting <= _BUFFERED:
            tab.queue.put_nowait(event if waiting < _BUFFERED else None)


def _message(event: events.Event) -> dict[str, Any]:
    return {**event.payload, "seq": event.seq, "kind": event.kind}


async def _say(socket: WebSocket, message: dict[str, Any]) -> None:
    await socket.send_text(orjson.dumps(message).decode())


async def _until_gone(socket: WebSocket) -> None:
    try:
        while True:
            await socket.receive_text()  # pages have nothing to say here
    except WebSocketDisconnect:
        return
