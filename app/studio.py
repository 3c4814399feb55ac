"""The studio: the web server, a worker beside it, and a browser where one is wanted."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import secrets
import signal
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

from app.errors import StudioError
from app.settings import Settings
from app.slots import STUDIO_LOCK
from app.supervisor import Supervisor
from app.workspace import open_workspace

if TYPE_CHECKING:
    from app.web.auth import Access
    from app.workspace import Workspace

_SHUTDOWN_SECONDS: Final = 2
"""How long open connections may take to end; the worker has its own time after that."""
_LOCK_PATIENCE: Final = 0.5
"""A worker that looks whether a studio runs holds the lock for a moment."""
_BIND_PROBLEMS: Final = {
    errno.EADDRINUSE: "is in use; choose another one with --port (0 takes a free one)",
    errno.EACCES: "needs the rights of root; choose one above 1023 with --port",
    errno.EADDRNOTAVAIL: "can't be bound: this machine does not have that address",
}


def serve(root: Path, *, settings: Settings, worker: bool = True, browser: bool = False) -> None:
    """Open the studio on a project folder and stay until SIGINT or SIGTERM.

    StudioError where the project is open already, the port is taken, or the token too short.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    with ExitStack() as stack:
        stopped = stack.enter_context(stop_signals())
        workspace = stack.enter_context(open_workspace(root))
        lock = stack.enter_context(only_studio(workspace.root))
        sock = stack.enter_context(bound(settings.host, settings.port))
        access = access_for(settings)
        url = address(settings.host, sock.getsockname()[1])
        os.pwrite(lock, url.encode(), 0)
        if worker:
            supervisor = Supervisor([*_WORKER, str(workspace.root)])
            supervisor.start()
            stack.callback(supervisor.stop)
        _run(workspace, access, sock, stopped, lambda: _welcome(url, settings, access, browser))


_WORKER: Final = (sys.executable, "-P", "-m", "app", "worker")


def access_for(settings: Settings) -> Access:
    """Return who may come in; a public address without a token gets a new one."""
    from app.web.auth import Access, is_loopback

    token = settings.token or None
    if token is None and not is_loopback(settings.host):
        token = secrets.token_urlsafe(24)
    return Access(settings.host, token)


def _run(
    workspace: Workspace,
    access: Access,
    sock: socket.socket,
    stopped: threading.Event,
    on_started: Callable[[], None],
) -> None:
    import uvicorn

    from app.web.server import create_app

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            on_started()

    config = uvicorn.Config(
        create_app(workspace, access=access),
        log_config=None,
        access_log=False,
        server_header=False,
        ws_max_size=2**16,
        ws_per_message_deflate=False,  # deflating a million points takes a second of everybody's
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    server = Server(config)
    if not stopped.is_set():  # a signal may have come while Gradio was being imported
        server.run(sockets=[sock])


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """Have SIGINT and SIGTERM set an event rather than end the process before it has tidied up.

    uvicorn catches both while it serves, and sends them again when it is done.
    """
    stopped = threading.Event()

    def note(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def only_studio(root: Path) -> Iterator[int]:
    """Hold the project's studio lock and yield its file; StudioError names who holds it."""
    file = root / "locks" / STUDIO_LOCK
    file.parent.mkdir(exist_ok=True)
    fd = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _locked(fd):
            where = os.pread(fd, 200, 0).decode(errors="replace")
            raise StudioError(f"{root} is already open in a studio{where and f' at {where}'}")
        os.ftruncate(fd, 0)
        yield fd
    finally:
        os.close(fd)  # lets go of the lock


def _locked(fd: int) -> bool:
    until = time.monotonic() + _LOCK_PATIENCE
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.02)
        else:
            return True


@contextmanager
def bound(host: str, port: int) -> Iterator[socket.socket]:
    """Listen on an address; port 0 takes a free one. StudioError says why it can't."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise StudioError(f"can't listen on {host!r}: it is no address of this machine") from error
    with socket.socket(family, kind, protocol) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(place)
            sock.listen(2048)  # from now on browsers wait, and nobody else gets the port
        except OSError as error:
            problem = _BIND_PROBLEMS.get(error.errno or 0, str(error))
            raise StudioError(f"port {port} of {host} {problem}") from error
        yield sock


def address(host: str, port: int) -> str:
    """Return the URL under which this machine reaches a server bound to `host`."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _welcome(url: str, settings: Settings, access: Access, browser: bool) -> None:
    lines = [f"Rewis3d Studio: {url}"]
    if access.token is not None and not settings.token:
        lines.append(f"Token to log in with: {access.token}")
        lines.append("(made for this start; set REWIS3D_TOKEN to choose your own)")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    if browser:  # in a thread: some browsers answer only when they are closed
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
