"""The door of the viewer's servers: viser has none, so everybody on the machine could look in.

A request, for the page or the WebSocket, must bring the key that the web process was told. Browsers
can't send the header, so no page from elsewhere gets in either.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import viser
import websockets.asyncio.server
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from app.viewer.messages import KEY_HEADER

_Process = Callable[[ServerConnection, Request], Response | None]


def install(key: str) -> None:
    """Have every viser server that is made from now on ask for the key.

    viser 1.1 takes no check of its own; it makes its server by this function of `websockets`.
    """
    serve = websockets.asyncio.server.serve

    def guarded(*args: Any, process_request: _Process, **options: Any) -> Any:
        return serve(*args, process_request=asking_for(key, process_request), **options)

    websockets.asyncio.server.serve = guarded  # type: ignore[misc, assignment]


def asking_for(key: str, process: _Process) -> _Process:
    """Return a check of requests that refuses those without the key and passes the others on."""

    def check(connection: ServerConnection, request: Request) -> Response | None:
        given = request.headers.get_all(KEY_HEADER)
        if len(given) != 1 or not hmac.compare_digest(given[0].encode(), key.encode()):
            return connection.respond(HTTPStatus.FORBIDDEN, "look through the studio\n")
        return process(connection, request)

    return check


class PrivateServer(viser.ViserServer):
    """A viser server on a free port of this machine that nothing shares with the outside."""

    def __init__(self) -> None:
        super().__init__(host="127.0.0.1", port=0, verbose=False)

    def request_share_url(self, verbose: bool = True) -> str | None:  # noqa: ARG002
        """Refuse: viser would publish the scene through a server of its makers."""
        return None
