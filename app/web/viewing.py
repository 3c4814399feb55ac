"""The viewer's process as the web process sees it: started when a tab looks, started anew if it
dies, told what changes, and asked where each tab's scene is.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from app.errors import StudioError
from app.events import Event
from app.tether import tethered
from app.viewer.messages import (
    Answer,
    Appearance,
    Changed,
    Clicked,
    Close,
    Look,
    Open,
    Opened,
    Request,
    Show,
    Shown,
    Trouble,
    from_line,
    to_line,
)

COMMAND: Final = (sys.executable, "-P", "-m", "app.viewer")
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0
_HEALTHY_SECONDS: Final = 60.0
"""A process that lived this long died of something new: the pauses start small again."""
_PATIENCE: Final = 3.0
"""From the end of its input to SIGKILL."""
_log = logging.getLogger(__name__)

Tell = Callable[[str, str, dict[str, Any]], None]
"""Sends a notice of a kind to one tab."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where a tab's scene is served, and the key to it."""

    port: int
    key: str
    generation: int
    """Of the process: a page loads its frame again when this has changed."""


@dataclass(eq=False, slots=True)
class _Tab:
    wish: Open
    door: Door | None = None
    shown: Shown | None = None


class Viewing:
    """All tabs that look at the scene in 3D. Safe to use from any thread."""

    def __init__(
        self,
        root: Path,
        tell: Tell,
        *,
        command: Sequence[str] | None = None,
        first_pause: float = _FIRST_PAUSE,
    ) -> None:
        self._command = [*(command or COMMAND), str(root)]
        self._tell = tell
        self._first_pause = first_pause
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._tabs: dict[str, _Tab] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._connections: Counter[str] = Counter()
        self._generation = 0
        self._line = ""
        """Why there is no process at the moment, for people."""

    @property
    def pid(self) -> int | None:
        """The id of the viewer's process; None where none runs."""
        with self._lock:
            return None if self._process is None else self._process.pid

    def open(self, client: str, frame: int | None, appearance: Appearance) -> dict[str, Any]:
        """Show the scene to a tab and return its status; the process is started where needed."""
        with self._lock:
            wish = Open(client, frame, appearance)
            tab = self._tabs.setdefault(client, _Tab(wish))
            tab.wish = wish
            if self._thread is None and not self._stopping.is_set():
                self._thread = threading.Thread(target=self._keep, name="viewer", daemon=True)
                self._thread.start()
            self._send(wish)
            return self.status(client)

    def close(self, client: str) -> None:
        """Forget a tab; the process stays, and idles."""
        with self._lock:
            if self._tabs.pop(client, None) is not None:
                self._send(Close(client))

    def joined(self, client: str) -> None:
        """Note that a tab's frame has connected to its scene."""
        with self._lock:
            self._connections[client] += 1

    def left(self, client: str) -> None:
        """Note that a tab's frame has gone away."""
        with self._lock:
            self._connections[client] -= 1

    def forget(self, client: str) -> None:
        """Close a tab unless it has come back."""
        with self._lock:
            if self._connections[client] <= 0:
                del self._connections[client]
                self.close(client)

    def show(self, client: str, *, frame: int | None = None, piece: int | None = None) -> None:
        """Tell that a tab shows another frame, or wants another piece of the reconstruction."""
        with self._lock:
            tab = self._tabs.get(client)
            if tab is None:
                raise StudioError("this tab does not look at the scene in 3D")
            if frame is not None:
                tab.wish = replace(tab.wish, frame=frame)
            self._send(Show(client, frame, piece))

    def look(self, client: str, appearance: Appearance) -> None:
        """Show a tab its scene differently."""
        with self._lock:
            tab = self._tabs.get(client)
            if tab is None:
                raise StudioError("this tab does not look at the scene in 3D")
            tab.wish = replace(tab.wish, appearance=appearance)
            self._send(Look(client, appearance))

    def changed(self, events: Sequence[Event]) -> None:
        """Pass on what was committed."""
        with self._lock:
            for event in events:
                if event.kind in ("stroke", "class", "prediction", "active", "scene"):
                    frame = event.payload.get("frame")
                    self._send(Changed(event.kind, frame))  # type: ignore[arg-type]

    def door(self, client: str) -> Door | None:
        """Return where a tab's scene is served; None where it is not, or not yet."""
        with self._lock:
            tab = self._tabs.get(client)
            return None if tab is None else tab.door

    def status(self, client: str) -> dict[str, Any]:
        """Return what a page needs to know: `state` is closed, starting, loading or ready."""
        with self._lock:
            tab = self._tabs.get(client)
            if tab is None:
                return {"state": "closed", "line": ""}
            if tab.door is None:
                return {"state": "starting", "line": self._line}
            found = {"generation": tab.door.generation, "line": ""}
            if tab.shown is None:
                return {**found, "state": "loading"}
            shown = asdict(tab.shown)
            del shown["tab"]
            return {**found, **shown, "state": "ready"}

    def stop(self) -> None:
        """End the process."""
        with self._lock:
            self._stopping.set()
            process, thread = self._process, self._thread
            if process is not None and process.stdin is not None:
                with suppress(BrokenPipeError):
                    process.stdin.close()
        if process is not None:
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
        if thread is not None:
            thread.join()

    def _send(self, message: Request) -> None:
        with self._lock:
            if self._process is None or self._process.stdin is None:
                return  # every tab's wish is told to the next one when it starts
            with suppress(BrokenPipeError, ValueError):  # it has just died: `_keep` sees to it
                self._process.stdin.write(to_line(message))

    def _keep(self) -> None:
        """Start the process, listen to it, and start it anew when it dies while tabs look."""
        pause = self._first_pause
        while (process := self._spawn()) is not None:
            since = time.monotonic()
            self._listen(process)
            status = process.wait()
            if not self._mourn(status):
                return
            if time.monotonic() - since > _HEALTHY_SECONDS:
                pause = self._first_pause
            self._stopping.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            # The tie is to this thread, which listens until the process has ended.
            self._process = subprocess.Popen(
                tethered(self._command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,  # Ctrl+C is the studio's
            )
            self._generation += 1
            for tab in self._tabs.values():
                self._send(tab.wish)
            return self._process

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None:
            return
        with process.stdout as answers:
            for line in answers:
                try:
                    self._take(from_line(line))
                except StudioError:
                    _log.exception("the 3D viewer's answer makes no sense")

    def _take(self, answer: Answer | Request) -> None:
        match answer:
            case Clicked(client, frame, xy):
                self._tell(client, "look", {"frame": frame, "xy": xy})
            case Trouble(line):
                with self._lock:
                    self._line = line
            case Opened(client, port, key):
                self._note(client, door=Door(port, key, self._generation))
            case Shown(client):
                self._note(client, shown=answer)

    def _note(self, client: str, **fields: Door | Shown) -> None:
        with self._lock:
            tab = self._tabs.get(client)
            if tab is None:
                return
            before = self.status(client)
            for name, value in fields.items():
                setattr(tab, name, value)
            after = self.status(client)
        if after != before:
            self._tell(client, "viewer", after)

    def _mourn(self, status: int) -> bool:
        """Take note that the process has ended; say whether another one is wanted."""
        with self._lock:
            stdin = None if self._process is None else self._process.stdin
            if stdin is not None:
                with suppress(BrokenPipeError):
                    stdin.close()
            self._process = None
            for tab in self._tabs.values():
                tab.door = tab.shown = None
            clients = [] if self._stopping.is_set() else list(self._tabs)
            if not clients:
                self._thread = None
                return False
            self._line = self._line or f"The 3D view stopped (exit status {status}) and starts anew"
            notices = {client: self.status(client) for client in clients}
            self._line = ""
        _log.warning("the 3D viewer ended (status %d) while %d tabs looked", status, len(clients))
        for client, notice in notices.items():
            self._tell(client, "viewer", notice)
        return True
