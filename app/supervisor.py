"""Keeps one worker process alive beside the web server, and ends it with the studio."""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from typing import Final

from app.tether import tethered

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0
_HEALTHY_SECONDS: Final = 60.0
"""A worker that lived this long died of something new: the pauses start small again."""
_log = logging.getLogger(__name__)


class Supervisor:
    """Starts a command, starts it again when it dies, stops it on request."""

    def __init__(self, command: list[str], *, first_pause: float = _FIRST_PAUSE) -> None:
        self._command = command
        self._first_pause = first_pause
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep_alive, name="supervisor", daemon=True)

    @property
    def pid(self) -> int | None:
        """The process id of the running worker; None between two."""
        with self._lock:
            alive = self._process is not None and self._process.poll() is None
            return self._process.pid if self._process is not None and alive else None

    def start(self) -> None:
        """Start the command and watch over it."""
        self._thread.start()

    def stop(self, patience: float = 4.0) -> None:
        """End the command: asked first, killed after `patience` seconds."""
        with self._lock:  # no new one starts from here on
            self._stopping.set()
            process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                process.kill()
        if self._thread.is_alive():
            self._thread.join()

    def _keep_alive(self) -> None:
        pause = self._first_pause
        while (process := self._spawn()) is not None:
            since = time.monotonic()
            status = process.wait()
            if self._stopping.is_set():
                return
            if time.monotonic() - since > _HEALTHY_SECONDS:
                pause = self._first_pause
            _log.warning("the worker ended (status %d); next one in %.0f s", status, pause)
            self._stopping.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            # A session of its own: Ctrl-C in the terminal is for the studio, which then asks it.
            self._process = subprocess.Popen(
                tethered(self._command), stdin=subprocess.DEVNULL, start_new_session=True
            )
            return self._process
