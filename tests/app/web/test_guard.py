"""Every route of the application, Gradio's own included, behind the gate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.routing import Mount
from starlette.testclient import TestClient, WebSocketDenialResponse

from app.web.auth import Access
from app.web.guard import CLOSED, MAX_BODY, OPEN
from app.web.server import create_app
from app.workspace import Workspace, open_workspace

TOKEN = "a long token"
BASE = "http://studio.example:7860"
LOOPBACK = "http://127.0.0.1:7860"
READING = {"GET", "HEAD"}


def walk(routes: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield (method, path) of every route; a WebSocket's method is "WS"."""
    for route in routes:
        if hasattr(route, "effective_candidates"):  # FastAPI keeps included routers as they are
            yield from walk(route.effective_candidates(), prefix)
        elif isinstance(route, Mount):
            yield from walk(route.routes or (), prefix + route.path)
            yield "GET", f"{prefix}{route.path}/file"
        else:
            path = re.sub(r"\{[^}]*\}", "1", prefix + route.path)
            for method in sorted(getattr(route, "methods", None) or {"WS"}):
                yield method, path


@pytest.fixture(scope="module")
def guarded(project_master: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """The whole application, page included, at a public address."""
    with open_workspace(project_master) as workspace:
        yield create_app(workspace, access=Access("0.0.0.0", TOKEN))


@pytest.fixture(scope="module")
def routes(guarded: FastAPI) -> list[tuple[str, str]]:
    return sorted(set(walk(guarded.routes)))


@pytest.fixture
def stranger(guarded: FastAPI) -> TestClient:
    return TestClient(guarded, base_url=BASE, follow_redirects=False)


@pytest.fixture
def friend(stranger: TestClient) -> TestClient:
    stranger.post("/login", data={"token": TOKEN})
    return stranger


def test_the_walk_finds_our_routes_and_gradio_s(routes: list[tuple[str, str]]):
    assert len(routes) > 80
    assert {
        ("POST", "/api/strokes"),
        ("WS", "/api/live"),
        ("GET", "/static/file"),
        ("GET", "/"),
        ("POST", "/gradio_api/queue/join"),
        ("POST", "/gradio_api/upload"),
        ("GET", "/gradio_api/file=1"),
    } <= set(routes)


def test_no_route_answers_without_a_session(stranger: TestClient, routes: list[tuple[str, str]]):
    for method, path in routes:
        if path in OPEN:
            continue
        if method == "WS":
            assert refused(stranger, path, {}) == 401
            continue
        answer = stranger.request(method, path)
        assert answer.status_code == (404 if path.startswith(CLOSED) else 401), (method, path)
        assert method == "HEAD" or list(answer.json()) == ["error"]


def test_a_made_up_cookie_is_no_session(guarded: FastAPI, routes: list[tuple[str, str]]):
    name = Access("0.0.0.0", TOKEN).cookie
    stranger = TestClient(guarded, base_url=BASE, cookies={name: "9999999999.00.00"})
    assert stranger.get("/api/project").status_code == 401
    assert refused(stranger, "/api/live", {"cookie": f"{name}=9999999999.00.00"}) == 401


def test_a_browser_without_a_session_is_shown_the_form(stranger: TestClient):
    answer = stranger.get("/", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert 'name="token"' in stranger.get("/login").text


def test_no_writing_route_listens_to_a_foreign_page(
    friend: TestClient, routes: list[tuple[str, str]]
):
    for origin in ("http://evil.example", "null", "http://studio.example:3000"):
        for method, path in routes:
            if path.startswith(CLOSED):
                continue
            if method == "WS":
                assert refused(friend, path, {"origin": origin}) == 403
            elif method not in READING:
                answer = friend.request(method, path, headers={"Origin": origin})
                assert answer.status_code == 403, (method, path)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_no_route_is_embedded_elsewhere(
    friend: TestClient, routes: list[tuple[str, str]], site: str
):
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    for method, path in routes:
        if method in READING and not path.startswith(CLOSED):
            assert friend.request(method, path, headers=headers).status_code == 403, path


def test_a_link_from_elsewhere_opens_the_page(friend: TestClient):
    headers = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    assert friend.get("/api/project", headers=headers).status_code == 200
    assert friend.post("/api/undo", headers=headers).status_code == 403
    framed = {**headers, "Sec-Fetch-Dest": "iframe"}
    assert friend.get("/api/project", headers=framed).status_code == 403


def test_a_session_and_the_own_origin_are_let_in(friend: TestClient):
    assert friend.get("/api/project").status_code == 200
    for headers in ({"Origin": BASE}, {"Sec-Fetch-Site": "same-origin"}, {}):
        answer = friend.post("/api/undo", json={"client": "tab"}, headers=headers)
        assert answer.status_code == 409  # nothing to undo: the route itself has answered


@pytest.mark.parametrize("closed", ["proxy=https://example.com/x", "file=/etc/passwd", "upload"])
def test_gradio_hands_out_no_files(friend: TestClient, closed: str):
    assert friend.get(f"/gradio_api/{closed}").status_code == 404
    assert friend.post(f"/gradio_api/{closed}").status_code == 404


@pytest.fixture
def local(project: Workspace) -> Iterator[TestClient]:
    """A client of a studio on a loopback address, without a token."""
    with TestClient(create_app(project, access=Access(), page=False), base_url=LOOPBACK) as client:
        yield client


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example"])
def test_a_name_pointed_here_from_elsewhere_gets_nothing(local: TestClient, host: str):
    headers = {"Host": host, "Origin": f"http://{host}"}
    assert local.get("/api/project", headers={"Host": host}).status_code == 403
    assert local.post("/api/undo", json={"client": "tab"}, headers=headers).status_code == 403
    assert refused(local, "/api/live", {"host": host, "origin": f"http://{host}"}) == 403


def test_a_loopback_studio_needs_no_login(local: TestClient):
    assert local.get("/api/project").status_code == 200
    assert local.get("/login", follow_redirects=False).headers["location"] == "/"
    assert local.post("/login", data={"token": ""}).status_code == 401


def test_liveness_needs_no_login_but_the_right_name(stranger: TestClient, local: TestClient):
    assert stranger.get("/healthz").text == "ok\n"
    assert local.get("/healthz", headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_request_is_refused_before_it_is_read(local: TestClient, chunked: bool):
    body = b" " * (MAX_BODY + 1)
    pieces = (body[start : start + 2**20] for start in range(0, len(body), 2**20))
    answer = local.post("/api/strokes", content=pieces if chunked else body)
    assert answer.status_code == 413
    assert "larger than 8 MB" in answer.json()["error"]


@pytest.mark.parametrize("path", ["/api/nothing", "/api", "/api/strokes/1"])
def test_an_unknown_address_is_said_in_one_line(local: TestClient, path: str):
    for method in ("GET", "POST", "DELETE"):
        answer = local.request(method, path)
        assert answer.status_code in (404, 405)
        assert list(answer.json()) == ["error"]


def test_every_answer_forbids_what_browsers_would_allow(local: TestClient, friend: TestClient):
    answers = [
        local.get("/api/project"),
        local.get("/api/nothing"),
        local.get("/api/project", headers={"Host": "evil.example"}),
        local.get("/healthz"),
        friend.get("/"),
    ]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_the_page_is_gradio_s_and_asks_nobody_else(friend: TestClient):
    page = friend.get("/").text
    loaded = re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"'](https?:)?//", page)
    assert "gradio_config" in page
    assert loaded == []


def refused(client: TestClient, path: str, headers: dict[str, str]) -> int:
    """Return the status with which a WebSocket is refused."""
    with (
        pytest.raises(WebSocketDenialResponse) as caught,
        client.websocket_connect(path, headers=headers),
    ):
        pass
    return caught.value.status_code
