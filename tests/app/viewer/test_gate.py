from __future__ import annotations

from collections.abc import Iterator

import pytest
import websockets.asyncio.server
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from app.viewer import gate
from app.viewer.messages import KEY_HEADER


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[gate.PrivateServer]:
    serve = websockets.asyncio.server.serve
    gate.install("the key")
    server = gate.PrivateServer()
    monkeypatch.setattr(websockets.asyncio.server, "serve", serve)
    yield server
    server.stop()


def scene_of(server: gate.PrivateServer, headers: dict[str, str] | None) -> bytes:
    import viser

    protocol = [f"viser-v{viser.__version__}"]
    address = f"ws://127.0.0.1:{server.get_port()}/"
    with connect(address, subprotocols=protocol, additional_headers=headers, proxy=None) as socket:  # type: ignore[arg-type]
        message = socket.recv(timeout=10)
    assert isinstance(message, bytes)
    return message


def test_who_knows_the_key_is_let_in(server: gate.PrivateServer):
    assert len(scene_of(server, {KEY_HEADER: "the key"})) > 50


@pytest.mark.parametrize("headers", [None, {KEY_HEADER: "a key"}, {KEY_HEADER: ""}])
def test_nobody_else_is(server: gate.PrivateServer, headers: dict[str, str] | None):
    with pytest.raises(InvalidStatus) as refused:
        scene_of(server, headers)
    assert refused.value.response.status_code == 403


def test_the_server_listens_on_this_machine_alone(server: gate.PrivateServer):
    assert server.get_host() == "127.0.0.1"
    assert server.get_port() > 0


def test_the_scene_is_not_published(server: gate.PrivateServer):
    assert server.request_share_url() is None
