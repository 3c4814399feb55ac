from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import insert, update
from starlette.testclient import TestClient

from app import rounds, runs
from app.schema import RunState, predictions
from app.schema import runs as run_rows
from app.workspace import Workspace
from rewis3d.reports import Point
from tests.app import samples


@pytest.fixture
def labelled(project: Workspace) -> Workspace:
    samples.label_all(project)
    return project


def start(client: TestClient, **body: Any) -> dict[str, Any]:
    answer = client.post("/api/rounds", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def end(workspace: Workspace, run_id: str, state: RunState) -> None:
    with workspace.write() as conn:
        conn.execute(update(run_rows).where(run_rows.c.id == run_id).values(state=state.value))


def test_there_are_no_rounds_at_first(client: TestClient):
    assert client.get("/api/rounds").json() == {"active": None, "rounds": []}


def test_a_round_is_queued_on_the_labels_of_now(client: TestClient, labelled: Workspace):
    frame = samples.frame_ids(labelled)[2]
    started = start(client, preset="quick", frame=frame, settings={"steps": "7"})
    assert started["round"] == 1
    listed = client.get("/api/rounds").json()["rounds"][0]
    assert (listed["number"], listed["state"], listed["preset"]) == (1, "queued", "quick")
    assert listed["run"] == started["run"]
    assert (listed["strokes_behind"], listed["predicted"], listed["scores"]) == (0, 0, None)
    assert [label["name"] for label in listed["classes"]] == ["ground", "thing", "sky"]
    assert listed["classes"][2]["colour"] == "#808080"
    with labelled.read() as conn:
        found = rounds.get_round(conn, 1)
    assert found.config["steps"] == 7
    assert listed["config"] == found.config
    assert found.run.request["current_frame"] == frame
    samples.draw(labelled, samples.stroke(frame, 0, (1, 1)))
    assert client.get("/api/rounds").json()["rounds"][0]["strokes_behind"] == 1


def test_a_full_round_is_queued_with_a_scene_that_it_waits_for(
    client: TestClient, labelled: Workspace
):
    settings = {"minutes": "2.5"}
    start(client, preset="cpu", settings=settings, use_if_better=True)
    listed = client.get("/api/rounds").json()["rounds"][0]
    assert (listed["preset"], listed["state"], listed["attempt"]) == ("cpu", "queued", 0)
    assert (listed["scene"], listed["waits_for_scene"]) == (1, 1)
    assert listed["use_if_better"] is True
    assert listed["config"]["minutes"] == 2.5
    client.post("/api/scene/1/cancel").raise_for_status()
    listed = client.get("/api/rounds").json()["rounds"][0]
    assert (listed["scene"], listed["waits_for_scene"]) == (1, None)
    start(client)
    listed = client.get("/api/rounds").json()["rounds"][0]
    assert (listed["scene"], listed["waits_for_scene"], listed["use_if_better"]) == (
        None,
        None,
        False,
    )


def test_the_newest_round_comes_first(client: TestClient, labelled: Workspace):
    start(client)
    start(client)
    assert [each["number"] for each in client.get("/api/rounds").json()["rounds"]] == [2, 1]


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"preset": "gigantic"}, 400, "gigantic"),
        ({"settings": {"stepz": "7"}}, 400, "stepz"),
        ({"settings": {"steps": "many"}}, 400, "steps"),
        ({"settings": {"steps": 7}}, 400, "settings.steps"),
        ({"frame": 4711}, 400, "4711"),
        ({"presets": "quick"}, 400, "presets"),
        ({"preset": "cpu", "settings": {"minutes": "-1"}}, 400, "minutes"),
        ({"preset": "paper", "settings": {"weights": "x"}}, 400, "on the command line only"),
    ],
)
def test_a_round_that_makes_no_sense_is_refused(
    client: TestClient, labelled: Workspace, body: dict[str, Any], status: int, named: str
):
    answer = client.post("/api/rounds", json=body)
    assert answer.status_code == status
    assert named in answer.json()["error"]
    assert client.get("/api/rounds").json()["rounds"] == []


def test_without_labels_there_is_nothing_to_train(client: TestClient):
    answer = client.post("/api/rounds", json={})
    assert answer.status_code == 409
    assert "draw strokes" in answer.json()["error"]


def test_a_waiting_round_is_cancelled_and_resumed(client: TestClient, labelled: Workspace):
    start(client)
    assert client.post("/api/rounds/1/cancel").json()["round"]["state"] == "cancelled"
    again = client.post("/api/rounds/1/cancel")
    assert (again.status_code, "cancelled already" in again.json()["error"]) == (409, True)
    assert client.post("/api/rounds/1/resume").json()["round"]["state"] == "queued"
    assert client.post("/api/rounds/1/resume").status_code == 409


def test_only_a_finished_round_is_activated(client: TestClient, labelled: Workspace):
    run_id = start(client)["run"]
    refused = client.post("/api/rounds/1/activate")
    assert (refused.status_code, "queued" in refused.json()["error"]) == (409, True)
    end(labelled, run_id, RunState.DONE)
    client.post("/api/rounds/1/activate").raise_for_status()
    assert client.get("/api/rounds").json()["active"] == 1


@pytest.mark.parametrize("action", ["cancel", "resume", "activate"])
def test_an_unknown_round_is_not_found(client: TestClient, action: str):
    assert client.post(f"/api/rounds/9/{action}").status_code == 404
    assert client.get("/api/rounds/9/points").status_code == 404


def test_the_curves_are_given_by_series(client: TestClient, labelled: Workspace):
    run_id = start(client)["run"]
    with labelled.write() as conn:
        claim = runs.claim(conn, run_id, slot="test")
        assert claim is not None
        runs.add_points(conn, claim, [Point("loss", 1, 2.5), Point("loss", 2, 1.5)])
    assert client.get("/api/rounds/1/points").json() == {"series": {"loss": [[1, 2.5], [2, 1.5]]}}


def test_a_round_whose_worker_is_dead_is_not_shown_as_running(
    client: TestClient, labelled: Workspace
):
    run_id = start(client)["run"]
    with labelled.write() as conn:
        runs.claim(conn, run_id, slot="dead.worker")
    listed = client.get("/api/rounds").json()["rounds"][0]
    assert listed["state"] == "interrupted"
    assert listed["error"]


def test_a_prediction_is_two_grey_pictures(client: TestClient, labelled: Workspace):
    start(client)
    frame = samples.frame_ids(labelled)[0]
    ids = samples.truth(0)
    files = {"labels_file": "rounds/0001/l.png", "confidence_file": "rounds/0001/c.png"}
    labelled.path("rounds/0001").mkdir(parents=True)
    Image.fromarray(ids).save(labelled.path(files["labels_file"]))
    Image.fromarray(ids * 50).save(labelled.path(files["confidence_file"]))
    with labelled.write() as conn:
        row = {"round": 1, "frame_id": frame, "published_at": 0.0}
        conn.execute(insert(predictions).values(**row, **files))
    labels = client.get(f"/api/rounds/1/frames/{frame}/labels.png")
    assert labels.headers["content-type"] == "image/png"
    assert labels.headers["cache-control"] == "private, no-cache"
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(labels.content))), ids)
    confidence = client.get(f"/api/rounds/1/frames/{frame}/confidence.png")
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(confidence.content))), ids * 50)
    etag = {"If-None-Match": labels.headers["etag"]}
    assert client.get(f"/api/rounds/1/frames/{frame}/labels.png", headers=etag).status_code == 304
    for path in (
        f"/api/rounds/1/frames/{frame + 1}/labels.png",
        "/api/rounds/2/frames/1/labels.png",
    ):
        assert client.get(path).status_code == 404
