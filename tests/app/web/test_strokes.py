from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from annotations import store
from app import events
from app.workspace import Workspace
from tests.app import samples


@pytest.fixture
def frame(project: Workspace) -> int:
    return samples.frame_ids(project)[0]


def stroke(frame: int, **changes: Any) -> dict[str, Any]:
    new = {"frame": frame, "class": 1, "width": 5, "xy": [[4, 5], [60.5, 5.25]], "client": "tab"}
    return {"uuid": str(uuid4()), **new, **changes}


def on_frame(client: TestClient, frame: int) -> list[dict[str, Any]]:
    return client.get(f"/api/frames/{frame}/strokes").json()["strokes"]


def test_a_stroke_is_given_back_as_it_was_sent(client: TestClient, frame: int):
    sent = stroke(frame)
    answer = client.post("/api/strokes", json=sent)
    assert answer.status_code == 200
    assert client.get(f"/api/frames/{frame}/strokes").json() == {
        "revision": answer.json()["revision"],
        "strokes": [{key: sent[key] for key in ("uuid", "class", "width", "xy")}],
    }


@pytest.mark.parametrize("brush", ["eraser", "ignore"])
def test_brushes_without_a_class_go_by_their_name(client: TestClient, frame: int, brush: str):
    client.post("/api/strokes", json=stroke(frame, **{"class": brush})).raise_for_status()
    assert on_frame(client, frame)[0]["class"] == brush


def test_a_stroke_is_in_the_database_when_it_is_acknowledged(
    client: TestClient, project: Workspace, frame: int
):
    sent = stroke(frame)
    client.post("/api/strokes", json=sent).raise_for_status()
    with project.read() as conn:
        assert [kept.uuid for kept in store.strokes_at(conn, frame)] == [sent["uuid"]]


def test_a_stroke_sent_twice_is_one_stroke_and_one_event(
    client: TestClient, project: Workspace, frame: int
):
    sent = stroke(frame)
    first = client.post("/api/strokes", json=sent).json()
    client.post("/api/strokes", json=stroke(frame))
    assert client.post("/api/strokes", json=sent).json() == first
    assert len(on_frame(client, frame)) == 2
    with project.read() as conn:
        assert [event.kind for event in events.after(conn, 0)][-2:] == ["stroke", "stroke"]


def test_a_uuid_is_never_another_stroke(client: TestClient, frame: int):
    sent = stroke(frame)
    client.post("/api/strokes", json=sent)
    answer = client.post("/api/strokes", json={**sent, "width": 7})
    assert answer.status_code == 400
    assert sent["uuid"] in answer.json()["error"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"xy": []}, "xy"),
        ({"xy": [[1, 2, 3]]}, "xy"),
        ({"xy": [[1, "a"]]}, "xy"),
        ({"xy": [[1, 1e9]]}, "xy"),
        ({"xy": [[0, 0]] * 20_001}, "xy"),
        ({"width": 0}, "width"),
        ({"width": -3}, "width"),
        ({"class": "pencil"}, "class"),
        ({"class": True}, "class"),
        ({"class": 99}, "class 99"),
        ({"class": -1}, "class"),
        ({"uuid": "../../etc"}, "uuid"),
        ({"uuid": ""}, "uuid"),
        ({"client": "x" * 65}, "client"),
        ({"frame": "1"}, "frame"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_wrong_stroke_is_refused_by_one_line_that_names_what(
    client: TestClient, frame: int, changes: dict[str, Any], named: str
):
    answer = client.post("/api/strokes", json={**stroke(frame), **changes})
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]
    assert named in answer.json()["error"]
    assert "\n" not in answer.json()["error"]
    assert on_frame(client, frame) == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_know_are_refused(client: TestClient, frame: int, number: str):
    body = f'{{"uuid": "{uuid4()}", "frame": {frame}, "class": 1, "width": 5, "client": "t", '
    body += f'"xy": [[1, {number}]]}}'
    headers = {"Content-Type": "application/json"}
    assert client.post("/api/strokes", content=body, headers=headers).status_code == 400


def test_what_is_no_json_is_named_so(client: TestClient):
    headers = {"Content-Type": "application/json"}
    answer = client.post("/api/strokes", content=b"{", headers=headers)
    assert answer.status_code == 400
    assert "not JSON" in answer.json()["error"]


def test_an_unknown_frame_is_not_found(client: TestClient):
    assert client.post("/api/strokes", json=stroke(4711)).status_code == 404
    assert client.get("/api/frames/4711/strokes").status_code == 404


def test_strokes_are_taken_away_in_one_step(client: TestClient, project: Workspace, frame: int):
    second = samples.frame_ids(project)[1]
    sent = [stroke(frame), stroke(frame), stroke(second)]
    for each in sent:
        client.post("/api/strokes", json=each)
    removal = {"uuids": [sent[0]["uuid"], sent[2]["uuid"]], "client": "tab"}
    client.post("/api/strokes/remove", json=removal).raise_for_status()
    assert [each["uuid"] for each in on_frame(client, frame)] == [sent[1]["uuid"]]
    assert on_frame(client, second) == []
    undone = client.post("/api/undo", json={"client": "tab"}).json()
    assert undone["frames"] == [frame, second]
    assert len(on_frame(client, frame)) == 2


def test_an_unknown_stroke_takes_none_away(client: TestClient, frame: int):
    sent = stroke(frame)
    client.post("/api/strokes", json=sent)
    removal = {"uuids": [sent["uuid"], "unknown-stroke"], "client": "tab"}
    assert client.post("/api/strokes/remove", json=removal).status_code == 400
    assert len(on_frame(client, frame)) == 1


def test_undo_and_redo_say_where_and_what_is_left(client: TestClient, frame: int):
    drawn = client.post("/api/strokes", json=stroke(frame)).json()["revision"]
    undone = client.post("/api/undo", json={"client": "tab"}).json()
    answer = {"frames": [frame], "can_undo": False, "can_redo": True}
    assert undone == {"revision": drawn + 1, **answer}
    assert on_frame(client, frame) == []
    redone = client.post("/api/redo", json={"client": "tab"}).json()
    answer = {"frames": [frame], "can_undo": True, "can_redo": False}
    assert redone == {"revision": drawn + 2, **answer}
    assert len(on_frame(client, frame)) == 1


@pytest.mark.parametrize("direction", ["undo", "redo"])
def test_nothing_to_undo_or_redo_is_said(client: TestClient, direction: str):
    answer = client.post(f"/api/{direction}", json={"client": "tab"})
    assert answer.status_code == 409
    assert answer.json() == {"error": f"nothing to {direction}"}


def test_a_step_sent_twice_is_done_once(client: TestClient, project: Workspace, frame: int):
    for _ in range(3):
        client.post("/api/strokes", json=stroke(frame)).raise_for_status()
    undo = {"client": "tab", "uuid": str(uuid4())}
    first = client.post("/api/undo", json=undo).json()
    with project.read() as conn:
        told = events.latest(conn)
    again = client.post("/api/undo", json={**undo, "client": "the tab that took it over"}).json()
    assert (again["revision"], again["frames"]) == (first["revision"], [frame])
    assert len(on_frame(client, frame)) == 2
    with project.read() as conn:
        assert events.latest(conn) == told
    redo = {"client": "tab", "uuid": str(uuid4())}
    for _ in range(2):
        assert client.post("/api/redo", json=redo).json()["can_redo"] is False
    assert len(on_frame(client, frame)) == 3
    client.post("/api/undo", json={"client": "tab", "uuid": str(uuid4())}).raise_for_status()
    assert len(on_frame(client, frame)) == 2


def test_a_step_that_names_its_stroke_takes_no_other_one(client: TestClient, frame: int):
    meant, later = stroke(frame), stroke(frame)
    client.post("/api/strokes", json=meant)
    client.post("/api/strokes", json=later)
    step = {"client": "tab", "uuid": str(uuid4()), "stroke": meant["uuid"]}
    answer = client.post("/api/undo", json=step)
    assert answer.status_code == 409
    assert "not the last one" in answer.json()["error"]
    assert len(on_frame(client, frame)) == 2
    step["stroke"] = later["uuid"]
    assert client.post("/api/undo", json=step).status_code == 200
    assert [kept["uuid"] for kept in on_frame(client, frame)] == [meant["uuid"]]


def test_every_change_is_announced_with_who_made_it(
    client: TestClient, project: Workspace, frame: int
):
    with project.read() as conn:
        before = events.latest(conn)
    sent = stroke(frame)
    client.post("/api/strokes", json=sent)
    client.post("/api/strokes/remove", json={"uuids": [sent["uuid"]], "client": "other"})
    client.post("/api/undo", json={"client": "tab"})
    with project.read() as conn:
        told = [(event.kind, event.payload) for event in events.after(conn, before)]
        revision = store.current_revision(conn)
    assert told == [
        ("stroke", {"frame": frame, "revision": revision - 2, "client": "tab"}),
        ("stroke", {"frame": frame, "revision": revision - 1, "client": "other"}),
        ("stroke", {"frame": frame, "revision": revision, "client": "tab"}),
    ]


def test_a_page_of_another_project_draws_nothing_here(client: TestClient, frame: int):
    version = client.get("/api/project").json()["version"]
    stranger, own = {"X-Rewis3d-Project": "1"}, {"X-Rewis3d-Project": version}
    answer = client.post("/api/strokes", json=stroke(frame), headers=stranger)
    assert answer.status_code == 412
    assert "another project" in answer.json()["error"]
    assert on_frame(client, frame) == []
    assert client.post("/api/strokes", json=stroke(frame), headers=own).status_code == 200
    assert len(on_frame(client, frame)) == 1
