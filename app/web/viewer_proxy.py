"""The viewer behind the studio's login: its page, and its WebSocket passed on both ways.

Each tab has its own address, and behind it a viser server of its own: what is clicked there is
that tab's. The page is one file of viser's; it opens its WebSocket where it was loaded from.
"""

from __future__ import annotations

import asyncio
from functools import cache, partial
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, WebSocket
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.websockets import WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from app.viewer.messages import KEY_HEADER
from app.web.context import refusal
from app.web.racing import until_first
from app.web.viewing import Door, Viewing

router = APIRouter()
FORGET_SECONDS: Final = 60.0
"""After its last connection a tab may come back, as it does when it is reloaded."""
_TRY_AGAIN_LATER: Final = 1013
_BAD_GATEWAY: Final = 1014
_WAITING: Final = 2
"""Messages from the viewer that wait for a slow tab; after that the viewer waits."""
_STYLE: Final = (
    b"<style>[data-floating-window],.mantine-Paper-root,.mantine-Notification-root"
    b"{visibility:hidden!important;pointer-events:none!important}</style></head>"
)
"""Hides viser's own panel and notes: what there is to set and say is beside the frame."""


@router.get("/viewer/{tab}")
@router.get("/viewer/{tab}/")
def page(tab: str, request: Request) -> Response:
    """Give viser's page, once the tab's scene is served."""
    if _viewing(request).door(tab) is None:
        raise refusal(503, "the 3D view is starting")
    content, tag = _page()
    headers = {"Cache-Control": "private, no-cache", "ETag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type="text/html")


@router.websocket("/viewer/{tab}")
@router.websocket("/viewer/{tab}/")
async def socket(tab: str, socket: WebSocket) -> None:
    """Pass messages on between a tab and its scene until one of them goes away."""
    viewing = _viewing(socket)
    door = viewing.door(tab)
    if door is None:
        await socket.close(_TRY_AGAIN_LATER, "the 3D view is starting")
        return
    viewing.joined(tab)
    try:
        await _pass_on(socket, door)
    finally:
        viewing.left(tab)
        asyncio.get_running_loop().call_later(FORGET_SECONDS, viewing.forget, tab)


async def _pass_on(socket: WebSocket, door: Door) -> None:
    protocols = [Subprotocol(name) for name in socket.scope.get("subprotocols", ())]
    try:
        scene = await connect(
            f"ws://127.0.0.1:{door.port}/",
            subprotocols=protocols or None,
            additional_headers={KEY_HEADER: door.key},
            compression=None,
            max_size=None,  # a million points are 15 MB
            max_queue=_WAITING,
            ping_interval=None,  # an encode of that size may keep viser busy for seconds
            proxy=None,
        )
    except (OSError, InvalidHandshake):  # it has just died; the page hears of the next one
        await socket.close(_BAD_GATEWAY, "the 3D view is away")
        return
    async with scene:
        await socket.accept(scene.subprotocol)
        await until_first(partial(_to_scene, socket, scene), partial(_to_tab, socket, scene))


async def _to_scene(socket: WebSocket, scene: ClientConnection) -> None:
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            content = message.get("bytes")
            await scene.send(message["text"] if content is None else content)
    except ConnectionClosed:
        return


async def _to_tab(socket: WebSocket, scene: ClientConnection) -> None:
    try:
        async for message in scene:
            if isinstance(message, bytes):
                await socket.send_bytes(message)
            else:
                await socket.send_text(message)
        await socket.close()
    except (ConnectionClosed, WebSocketDisconnect, RuntimeError):
        return  # one of the two is gone; starlette says the latter where it is ours


@cache
def _page() -> tuple[bytes, str]:
    """Return viser's page without its panel, and its tag; viser itself is not imported here."""
    spec = find_spec("viser")
    if spec is None or not spec.submodule_search_locations:
        raise refusal(503, "viser is not installed: pip install -r requirements/runtime.txt")
    file = Path(spec.submodule_search_locations[0]) / "client" / "build" / "index.html"
    content = file.read_bytes().replace(b"</head>", _STYLE, 1)
    return content, f'"{sha256(content).hexdigest()[:24]}"'


def _viewing(connection: HTTPConnection) -> Viewing:
    return connection.app.state.viewing
