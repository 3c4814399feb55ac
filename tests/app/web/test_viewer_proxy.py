from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.connection import Connection
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

from app.viewer.messages import KEY_HEADER
from app.web.auth import Access
from app.web.server import create_app
from app.web.viewing import Door
from app.workspace import Workspace
from tests.app.web.serving import running

VISER = Subprotocol("viser-v0")
LARGE = 15_000_000
"""Bytes: a million points with their colours."""


class FakeScene:
    """A server that echoes, and sends a large message when asked."""

    def __init__(self) -> None:
        self.keys: list[str | None] = []
        self.ended = threading.Event()
        self._server = serve(
            self._talk,
            "127.0.0.1",
            0,
            subprotocols=[VISER],
            compression=None,
        )
        self.port = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def _talk(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.keys.append(socket.request.headers.get(KEY_HEADER))
        for message in socket:
            if message == b"leave":
                break
            socket.send(bytes(LARGE) if message == b"large" else message)
        self.ended.set()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()


@pytest.fixture
def scene() -> Iterator[FakeScene]:
    scene = FakeScene()
    yield scene
    scene.stop()


@pytest.fixture
def address(project: Workspace, scene: FakeScene, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A real studio with one open tab, called one."""
    app = create_app(project, access=Access(), page=False)
    doors = {"one": Door(scene.port, "the key", 1), "dead": Door(1, "the key", 1)}
    monkeypatch.setattr("app.web.viewing.Viewing.door", lambda _, client: doors.get(client))
    with running(app) as address:
        yield address


def tab(address: str, path: str = "/viewer/one/", **headers: str) -> Connection:
    return connect(
        f"ws://{address}{path}",
        subprotocols=[VISER],
        additional_headers=headers,
        max_size=None,
        proxy=None,
    )


@pytest.mark.parametrize("path", ["/viewer/one", "/viewer/one/"])
def test_messages_pass_both_ways_with_the_subprotocol_and_the_key(
    address: str, scene: FakeScene, path: str
):
    with tab(address, path) as socket:
        assert socket.subprotocol == "viser-v0"
        socket.send(b"there")
        assert socket.recv(timeout=10) == b"there"
        socket.send("and text")
        assert socket.recv(timeout=10) == "and text"
    assert scene.keys == ["the key"]


def test_a_million_points_pass_in_one_message(address: str):
    with tab(address) as socket:
        socket.send(b"large")
        assert len(socket.recv(timeout=30)) == LARGE


def test_the_studio_answers_while_points_pass(address: str):
    with tab(address) as socket, httpx.Client(base_url=f"http://{address}") as client:
        for _ in range(5):
            socket.send(b"large")
        time.sleep(0.3)  # nobody reads: what does not fit waits at the viewer
        assert client.get("/healthz", timeout=5).status_code == 200
        for _ in range(5):
            assert len(socket.recv(timeout=30)) == LARGE


def test_when_the_tab_goes_the_scene_is_left(address: str, scene: FakeScene):
    tab(address).close()
    assert scene.ended.wait(10)


def test_when_the_scene_goes_the_tab_is_told(address: str):
    with tab(address) as socket:
        socket.send(b"leave")
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=10)


@pytest.mark.parametrize("name", ["two", "dead"])
def test_a_tab_without_a_scene_is_refused(address: str, name: str):
    with pytest.raises(InvalidStatus) as refused:
        tab(address, f"/viewer/{name}/")
    assert refused.value.response.status_code == 403


def test_a_page_from_elsewhere_sees_nothing(address: str, scene: FakeScene):
    with pytest.raises(InvalidStatus) as refused:
        tab(address, Origin="http://evil.example")
    assert refused.value.response.status_code == 403
    with tab(address, Origin=f"http://{address}") as socket:
        socket.send(b"there")
        assert socket.recv(timeout=10) == b"there"
    assert len(scene.keys) == 1


def test_without_a_session_nothing_is_seen(project: Workspace, scene: FakeScene):
    app = create_app(project, access=Access("127.0.0.1", "a long token"), page=False)
    with running(app) as address:
        with pytest.raises(InvalidStatus) as refused:
            tab(address)
        assert refused.value.response.status_code == 401
        assert httpx.get(f"http://{address}/viewer/one/").status_code == 401
    assert scene.keys == []


def test_the_page_is_viser_s_without_its_panel(address: str):
    for path in ("/viewer/one", "/viewer/one/"):
        answer = httpx.get(f"http://{address}{path}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        assert "data-floating-window" in answer.text.partition("</head>")[0][-400:]
        tag = {"If-None-Match": answer.headers["etag"]}
        assert httpx.get(f"http://{address}{path}", headers=tag).status_code == 304


def test_before_the_scene_is_there_a_line_says_so(address: str):
    answer = httpx.get(f"http://{address}/viewer/two/")
    assert answer.status_code == 503
    assert "starting" in json.loads(answer.text)["error"]
