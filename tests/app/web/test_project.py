from __future__ import annotations

from sqlalchemy import event, insert
from starlette.testclient import TestClient

from annotations import store
from annotations.frames import NewFrame
from app import events, rounds
from app.schema import predictions
from app.schema import project as project_row
from app.web.context import AUTHOR
from app.workspace import Workspace
from tests.app import samples


def test_the_overview_holds_what_a_page_opens_with(client: TestClient, project: Workspace):
    frame_ids = samples.frame_ids(project)
    samples.label_all(project)
    found = client.get("/api/project").json()
    with project.read() as conn:
        assert found["revision"] == store.current_revision(conn)
        assert found["seq"] == events.latest(conn)
    assert found["name"] == "small"
    assert found["classes"][0] == {
        "id": 0,
        "name": "ground",
        "colour": "#804080",
        "has_geometry": True,
    }
    assert [frame["id"] for frame in found["frames"]] == frame_ids
    assert found["frames"][0] == {
        "id": frame_ids[0],
        "clip": "images",
        "index": 0,
        "name": "frame0",
        "width": samples.WIDTH,
        "height": samples.HEIGHT,
        "timestamp": None,
        "strokes": 6,
        "reserved": False,
        "predicted": None,
    }
    assert (found["active_round"], found["worker"], found["deleted_classes"]) == (None, False, [])
    assert (found["can_undo"], found["can_redo"]) == (False, False)  # drawn by another author


def test_undo_is_offered_for_what_was_drawn_here(client: TestClient, project: Workspace):
    frame = samples.frame_ids(project)[0]
    drawn = {"uuid": "stroke-0001", "frame": frame, "class": 0, "width": 3, "xy": [[1, 1]]}
    client.post("/api/strokes", json={**drawn, "client": "tab"}).raise_for_status()
    assert client.get("/api/project").json()["can_undo"]
    client.post("/api/undo", json={"client": "tab"})
    found = client.get("/api/project").json()
    assert (found["can_undo"], found["can_redo"]) == (False, True)
    assert AUTHOR == "annotator"  # the history of older projects is under this name


def test_a_frame_keeps_the_last_prediction_until_the_shown_round_has_its_own(
    client: TestClient, project: Workspace
):
    frame_ids = samples.frame_ids(project)
    samples.label_all(project)
    with project.write() as conn:
        for _ in range(3):
            rounds.create(conn, preset="quick", config={}, seed=0)
        for number, frames in {1: frame_ids, 2: frame_ids[:2], 3: frame_ids}.items():
            for frame_id in frames:
                publish(conn, number, frame_id)
        show(conn, 2)
    shown = [frame["predicted"] for frame in client.get("/api/project").json()["frames"]]
    assert shown == [2, 2, 1, 1]


def publish(conn, number: int, frame_id: int) -> None:
    row = {"labels_file": "a.png", "confidence_file": "b.png", "published_at": 0.0}
    conn.execute(insert(predictions).values(round=number, frame_id=frame_id, **row))


def show(conn, number: int) -> None:
    conn.execute(project_row.update().values(active_round=number))


def test_two_thousand_frames_open_with_as_many_queries_as_three(
    client: TestClient, project: Workspace
):
    client.get("/api/project")  # what is looked up once
    few = queries_to_open(client, project)
    many = [
        NewFrame(f"many{index}", f"frames/many/{index}.jpg", "t.jpg", 48, 64, index / 30, "0" * 64)
        for index in range(2000 - samples.FRAMES)
    ]
    with project.write() as conn:
        store.add_frames(conn, "many", "images", many)
    assert queries_to_open(client, project) == few
    assert len(client.get("/api/project").json()["frames"]) == 2000


def queries_to_open(client: TestClient, project: Workspace) -> int:
    with project.read() as conn:
        engine = conn.engine
    asked: list[str] = []

    def count(_conn, _cursor, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT") and "FROM events" not in statement:  # of live notices
            asked.append(statement)

    event.listen(engine, "before_cursor_execute", count)
    client.get("/api/project").raise_for_status()
    event.remove(engine, "before_cursor_execute", count)
    assert asked
    return len(asked)
