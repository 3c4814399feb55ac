"""The routes of the view in 3D."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator

import httpx
import pytest
from starlette.testclient import TestClient
from websockets.sync.client import connect

from app.web.auth import Access
from app.web.server import create_app
from app.workspace import Workspace
from tests.app.web.serving import running


@pytest.fixture
def client(project: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr("app.web.viewing.COMMAND", FAKE)
    app = create_app(project, access=Access(), page=False)
    with TestClient(app, base_url="http://127.0.0.1:7860") as client:
        yield client


FAKE = (sys.executable, "-m", "tests.app.fake_viewer")
LOOK = {"colouring": "prediction", "hidden": [1, 2], "confidence": 0.5, "dark": True}


def ready(client: TestClient, tab: str) -> dict:
    """Ask until the tab's scene is there."""
    until, found = time.monotonic() + 20, {}
    while time.monotonic() < until:
        found = client.post("/api/viewer/open", json={"client": tab, "frame": 1}).json()
        if found["state"] == "ready":
            return found
        time.sleep(0.05)
    raise TimeoutError(found)


def test_a_tab_opens_looks_and_closes(client: TestClient):
    first = client.post("/api/viewer/open", json={"client": "one", "frame": 1, "appearance": LOOK})
    assert first.json()["state"] == "starting"
    assert ready(client, "one")["pieces"] == [3]
    for path, body in (("look", {"frame": 2}), ("appearance", {"appearance": LOOK})):
        answer = client.post(f"/api/viewer/{path}", json={"client": "one", **body})
        assert answer.json()["state"] == "ready"
    assert client.post("/api/viewer/close", json={"client": "one"}).json()["state"] == "closed"


def test_a_click_comes_back_on_the_tab_s_own_line(
    project: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.web.viewing.COMMAND", FAKE)
    app = create_app(project, access=Access(), page=False)
    with (
        running(app) as address,
        httpx.Client(base_url=f"http://{address}") as client,
        connect(f"ws://{address}/api/live?client=one", proxy=None) as one,
        connect(f"ws://{address}/api/live?client=two", proxy=None) as two,
    ):
        client.post("/api/viewer/open", json={"client": "one", "frame": 1})
        heard = []
        while heard[-1:] != ["ready"]:
            heard.append(json.loads(one.recv(timeout=20)).get("state"))
        client.post("/api/viewer/look", json={"client": "one", "frame": 2})
        assert json.loads(one.recv(timeout=20)) == {"kind": "look", "frame": 2, "xy": [1.5, 2.5]}
        app.state.studio.live.tell("two", "mark", {})
        assert json.loads(two.recv(timeout=20))["kind"] == "hello"
        assert json.loads(two.recv(timeout=20)) == {"kind": "mark"}


@pytest.mark.parametrize(
    "body",
    [
        {"client": "one", "appearance": {"colouring": "pink"}},
        {"client": "one", "appearance": {"size": 0}},
        {"client": "one", "appearance": {"reach": 2}},
        {"client": "../etc"},
        {"client": ""},
        {},
    ],
)
def test_a_request_that_makes_no_sense_is_refused(client: TestClient, body: dict):
    assert client.post("/api/viewer/open", json=body).status_code == 400


def test_a_tab_that_is_not_open_is_told_so(client: TestClient):
    answer = client.post("/api/viewer/look", json={"client": "one", "frame": 1})
    assert answer.status_code == 409
    assert "does not look" in answer.json()["error"]


def test_a_page_of_another_project_is_told_so(client: TestClient):
    headers = {"X-Rewis3d-Project": "another"}
    answer = client.post("/api/viewer/open", json={"client": "one"}, headers=headers)
    assert answer.status_code == 412
