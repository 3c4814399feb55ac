from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from annotations import classes
from app import events
from app.workspace import Workspace
from tests.app import samples


def names(answer: dict[str, Any]) -> list[str]:
    return [label["name"] for label in answer["classes"]]


def test_a_class_is_added_at_the_end(client: TestClient):
    answer = client.post("/api/classes", json={"name": " car ", "colour": "#0A0b0c"}).json()
    assert answer["classes"][-1] == {
        "id": 3,
        "name": "car",
        "colour": "#0a0b0c",
        "has_geometry": True,
    }


def test_a_change_touches_only_what_is_given(client: TestClient):
    client.patch("/api/classes/1", json={"colour": "#010203"}).raise_for_status()
    client.patch("/api/classes/1", json={"name": "<b>thing</b>", "has_geometry": False})
    assert client.get("/api/project").json()["classes"][1] == {
        "id": 1,
        "name": "<b>thing</b>",
        "colour": "#010203",
        "has_geometry": False,
    }


def test_a_change_is_made_whole_or_not_at_all(client: TestClient):
    wrong = client.patch("/api/classes/1", json={"colour": "#010203", "name": "sky"})
    assert wrong.status_code == 400
    assert "'sky'" in wrong.json()["error"]
    assert client.get("/api/project").json()["classes"][1]["colour"] == "#400080"


def test_a_merged_class_gives_its_strokes_away_and_comes_back(
    client: TestClient, project: Workspace
):
    frame = samples.frame_ids(project)[0]
    samples.draw(project, samples.stroke(frame, 1, (4, 4)))
    merged = client.post("/api/classes/1/merge", json={"into": 0}).json()
    assert names(merged) == ["ground", "sky"]
    assert merged["deleted_classes"][0]["merged_into"] == 0
    strokes = client.get(f"/api/frames/{frame}/strokes").json()["strokes"]
    assert strokes[0]["class"] == 0
    assert names(client.post("/api/classes/1/restore").json()) == ["ground", "thing", "sky"]


def test_a_deleted_class_is_listed_and_comes_back(client: TestClient):
    gone = client.delete("/api/classes/2").json()
    assert names(gone) == ["ground", "thing"]
    assert gone["deleted_classes"] == [
        {"id": 2, "name": "sky", "colour": "#808080", "has_geometry": False, "merged_into": None}
    ]
    assert client.get("/api/project").json()["deleted_classes"] == gone["deleted_classes"]
    assert names(client.post("/api/classes/2/restore").json()) == ["ground", "thing", "sky"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "", {"name": "car", "colour": "red"}, 400),
        ("POST", "", {"name": "", "colour": "#000000"}, 400),
        ("POST", "", {"name": "  ", "colour": "#000000"}, 400),
        ("POST", "", {"name": "sky", "colour": "#000000"}, 400),
        ("POST", "", {"name": "x" * 101, "colour": "#000000"}, 400),
        ("PATCH", "/1", {}, 400),
        ("PATCH", "/9", {"name": "car"}, 404),
        ("DELETE", "/9", None, 404),
        ("POST", "/9/restore", None, 404),
        ("POST", "/1/restore", None, 400),
        ("POST", "/1/merge", {"into": 1}, 400),
        ("POST", "/1/merge", {"into": 9}, 400),
    ],
)
def test_what_makes_no_sense_changes_nothing(
    client: TestClient, project: Workspace, method: str, path: str, body: Any, status: int
):
    with project.read() as conn:
        before = events.latest(conn)
    answer = client.request(method, f"/api/classes{path}", json=body)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    with project.read() as conn:
        assert events.latest(conn) == before
        assert classes.classes_at(conn) == samples.CLASSES


def test_a_change_is_announced(client: TestClient, project: Workspace):
    revision = client.patch("/api/classes/0", json={"name": "road"}).json()["revision"]
    with project.read() as conn:
        last = events.after(conn, events.latest(conn) - 1)[0]
    assert (last.kind, last.payload) == ("class", {"revision": revision})
