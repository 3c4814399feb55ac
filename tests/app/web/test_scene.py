from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from app import runs, scenes
from app.schema import RunState
from app.workspace import Workspace
from tests.app import samples
from tests.app.fake_scene import STILL

REPORT: dict[str, Any] = {
    "backend": "colmap",
    "frames": {"total": 4, "registered": 3},
    "pieces": 1,
    "coverage": 0.5,
    "reprojection_error_px": 0.6,
    "seconds": 10.0,
    "per_frame": [{"frame": "frame3", "frame_id": 4, "backend": None, "reason": STILL}],
}


def start(client: TestClient, **body: Any) -> dict[str, Any]:
    answer = client.post("/api/scene", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def listed(client: TestClient) -> dict[str, Any]:
    return client.get("/api/scene").json()


def finish(workspace: Workspace, run_id: str) -> None:
    with workspace.write() as conn:
        claim = runs.claim(conn, run_id, slot="1.dead")
        assert claim is not None
        scenes.finish(conn, claim, REPORT)
        runs.finish(conn, claim, result={})


def test_there_is_no_scene_at_first(client: TestClient):
    found = listed(client)
    assert (found["active"], found["scenes"]) == (None, [])
    assert 0 < found["estimate_seconds"] < samples.FRAMES  # small ones
    assert [backend["name"] for backend in found["backends"]] == ["colmap", "mapanything", "depth"]
    assert found["backends"][0]["ready"]


def test_a_scene_is_queued_as_it_was_asked_for(client: TestClient):
    started = start(client, backend="colmap", settings={"focal": "55.5"})
    assert started["scene"] == 1
    (scene,) = listed(client)["scenes"]
    assert (scene["number"], scene["state"], scene["backend"]) == (1, "queued", "colmap")
    assert (scene["run"], scene["report"], scene["error"]) == (started["run"], None, None)
    assert scene["config"]["focal"] == 55.5


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"backend": "magic"}, "'magic'"),
        ({"backend": "given"}, "on the command line: rewis3d reconstruct PROJECT --given"),
        ({"settings": {"planes": "many"}}, "planes"),
        ({"settings": {"weights": "/etc"}}, "weights can be set on the command line only"),
        ({"settings": {"depth_weights": "/etc"}}, "depth_weights can be set on the command"),
        ({"given": "/etc"}, "given"),
    ],
)
def test_a_scene_that_makes_no_sense_is_refused(
    client: TestClient, body: dict[str, Any], named: str
):
    answer = client.post("/api/scene", json=body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]
    assert listed(client)["scenes"] == []


def test_one_scene_is_made_at_a_time(client: TestClient):
    start(client)
    answer = client.post("/api/scene", json={})
    assert answer.status_code == 409
    assert answer.json()["error"] == "scene 1 is queued: wait for it, or cancel it first"


def test_a_waiting_scene_is_cancelled_and_resumed(client: TestClient):
    start(client)
    assert client.post("/api/scene/1/cancel").json()["scene"]["state"] == "cancelled"
    assert client.post("/api/scene/1/cancel").status_code == 409
    assert client.post("/api/scene/1/resume").json()["scene"]["state"] == "queued"
    assert client.post("/api/scene/1/resume").status_code == 409


def test_a_finished_scene_is_shown_with_its_report_and_used(client: TestClient, project: Workspace):
    finish(project, start(client)["run"])
    found = listed(client)
    assert (found["active"], found["scenes"][0]["report"]) == (1, REPORT)
    assert found["estimate_seconds"] == REPORT["seconds"]
    finish(project, start(client)["run"])
    assert listed(client)["active"] == 2
    answer = client.post("/api/scene/1/activate")
    assert answer.json()["scene"]["number"] == 1
    assert listed(client)["active"] == 1


def test_what_is_not_done_can_not_be_used(client: TestClient):
    start(client)
    answer = client.post("/api/scene/1/activate")
    assert answer.status_code == 409
    assert answer.json()["error"] == "scene 1 can't be activated: it is queued"


@pytest.mark.parametrize("act", ["cancel", "resume", "activate"])
def test_an_unknown_scene_is_404(client: TestClient, act: str):
    answer = client.post(f"/api/scene/7/{act}")
    assert (answer.status_code, answer.json()["error"]) == (404, "there is no scene 7")


def test_a_scene_whose_worker_died_is_named_interrupted(client: TestClient, project: Workspace):
    run_id = start(client)["run"]
    with project.write() as conn:
        assert runs.claim(conn, run_id, slot="1.dead") is not None
    assert listed(client)["scenes"][0]["state"] == RunState.INTERRUPTED
