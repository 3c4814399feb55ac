"""The real studio in a thread, on a port that it keeps over restarts."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn

from app.web.auth import Access
from app.web.server import create_app
from app.workspace import Workspace, open_workspace


class RunningStudio:
    """A server on a project folder. `stop` and `start` are a server that goes and comes back."""

    def __init__(self, root: Path, port: int = 0) -> None:
        self.workspace: Workspace = open_workspace(root)
        self.token: str | None = None
        """The password from the next start on; None lets everybody in."""
        self._port = port
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://127.0.0.1:{self._port}/"

    def start(self) -> None:
        """Serve; returns when the server answers."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        self._server = None
        # Playwright keeps an event loop in this thread, so the application is made in the other.
        self._thread = threading.Thread(target=self._serve, args=(listener,))
        self._thread.start()
        while self._server is None or not self._server.started:
            assert self._thread.is_alive(), "the server did not start"
            time.sleep(0.01)

    def _serve(self, listener: socket.socket) -> None:
        app = create_app(self.workspace, access=Access(token=self.token))
        config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._server.run(sockets=[listener])

    def stop(self) -> None:
        """Go away; the project stays open."""
        assert self._server is not None
        assert self._thread is not None
        self._server.should_exit = True
        self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.stop()
        self.workspace.close()
