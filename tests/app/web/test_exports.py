from __future__ import annotations

import io
import json
import threading
import time
import zipfile
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from app import labels, runs
from app.errors import StudioError
from app.schema import RunKind, RunState
from app.workspace import Workspace
from tests.app import samples


@pytest.fixture
def labelled(project: Workspace) -> Workspace:
    samples.label_all(project)
    return project


def export(client: TestClient, what: str, form: str) -> dict[str, Any]:
    answer = client.post("/api/exports", json={"what": what, "format": form})
    assert answer.status_code == 200, answer.text
    return ended(client, answer.json()["run"])


def ended(client: TestClient, run_id: str) -> dict[str, Any]:
    for _ in range(500):
        listed = {run["run"]: run for run in client.get("/api/exports").json()["exports"]}
        if listed[run_id]["state"] not in ("queued", "running"):
            return listed[run_id]
        time.sleep(0.01)
    raise TimeoutError(run_id)


def unzipped(client: TestClient, run_id: str) -> zipfile.ZipFile:
    answer = client.get(f"/api/exports/{run_id}/download")
    answer.raise_for_status()
    return zipfile.ZipFile(io.BytesIO(answer.content))


def test_labels_are_downloaded_as_class_ids(client: TestClient, labelled: Workspace):
    done = export(client, "labels", "png")
    assert (done["state"], done["what"], done["format"]) == ("done", "labels", "png")
    with unzipped(client, done["run"]) as archive:
        mask = np.asarray(Image.open(archive.open("frame0.png")))
    assert mask[5, 30] == 2
    assert mask[40, 30] == 0
    assert mask[24, 40] == 255


def test_strokes_are_downloaded_as_json(client: TestClient, labelled: Workspace):
    done = export(client, "strokes", "json")
    with unzipped(client, done["run"]) as archive:
        content = json.loads(archive.read("strokes.json"))
    assert len(content["frames"][0]["strokes"]) == 6
    answer = client.get(f"/api/exports/{done['run']}/download")
    assert "small-strokes-json.zip" in answer.headers["content-disposition"]
    assert done["bytes"] == len(answer.content)


def test_an_export_of_nothing_says_so(client: TestClient):
    failed = export(client, "strokes", "json")
    assert (failed["state"], failed["error"]) == ("failed", "there are no strokes to export")
    answer = client.get(f"/api/exports/{failed['run']}/download")
    assert (answer.status_code, "failed" in answer.json()["error"]) == (409, True)


def test_a_worker_takes_no_export_that_the_studio_writes(
    client: TestClient, labelled: Workspace, monkeypatch: pytest.MonkeyPatch
):
    from app import jobs

    go, at_work = threading.Event(), threading.Event()
    fill = labels.fill_export

    def slow(*args: Any, **named: Any) -> dict[str, Any]:
        at_work.set()
        go.wait(10)
        return fill(*args, **named)

    monkeypatch.setattr(labels, "fill_export", slow)
    run_id = client.post("/api/exports", json={"what": "labels", "format": "png"}).json()["run"]
    at_work.wait(10)
    with labelled.read() as conn:
        assert jobs.waiting(conn) == []
    assert jobs.name_interrupted(labelled) == []
    second = client.post("/api/exports", json={"what": "labels", "format": "png"})
    assert (second.status_code, "already" in second.json()["error"]) == (409, True)
    go.set()
    assert ended(client, run_id)["state"] == "done"
    assert export(client, "labels", "png")["state"] == "done"


def test_a_model_waits_for_a_worker(client: TestClient, labelled: Workspace):
    refused = client.post("/api/exports", json={"what": "model", "format": "onnx"})
    assert (refused.status_code, "train one first" in refused.json()["error"]) == (409, True)
    client.post("/api/rounds", json={}).raise_for_status()
    body = {"what": "model", "format": "onnx", "round": 1}
    run_id = client.post("/api/exports", json=body).json()["run"]
    with labelled.read() as conn:
        run = runs.get(conn, run_id)
    assert (run.kind, run.state) == (RunKind.EXPORT, RunState.QUEUED)
    assert run.request == {"what": "model", "format": "onnx", "round": 1}


def test_what_a_worker_exported_is_zipped_when_it_is_asked_for(
    client: TestClient, labelled: Workspace
):
    with labelled.write() as conn:
        request = {"what": "model", "format": "onnx", "round": 1}
        run_id = runs.create(conn, RunKind.EXPORT, request=request)
        claim = runs.claim(conn, run_id, slot="test")
        assert claim is not None
        runs.finish(conn, claim, result={})
    missing = client.get(f"/api/exports/{run_id}/download")
    assert (missing.status_code, run_id in missing.json()["error"]) == (404, True)
    folder = labelled.path(f"exports/{run_id}")
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"weights")
    for _ in range(2):
        with unzipped(client, run_id) as archive:
            assert archive.read("model.onnx") == b"weights"


@pytest.mark.parametrize(
    "body",
    [
        {"what": "everything", "format": "png"},
        {"what": "labels", "format": "bmp"},
        {"what": "labels"},
        {"what": "model", "format": "onnx", "round": "1"},
    ],
)
def test_what_can_t_be_exported_is_refused(client: TestClient, body: dict[str, Any]):
    assert client.post("/api/exports", json=body).status_code == 400
    assert client.get("/api/exports").json() == {"exports": []}


@pytest.mark.parametrize("identity", ["unknown", "..", "..%2f..%2fproject.sqlite"])
def test_only_exports_are_downloaded(client: TestClient, labelled: Workspace, identity: str):
    assert client.get(f"/api/exports/{identity}/download").status_code == 404


def test_the_desk_is_free_again_after_any_trouble(
    client: TestClient, labelled: Workspace, monkeypatch: pytest.MonkeyPatch
):
    from app import slots

    def full(_: Workspace, *, once: bool) -> None:
        raise StudioError("64 workers are at work")

    with monkeypatch.context() as patch:
        patch.setattr(slots, "hold", full)
        answer = client.post("/api/exports", json={"what": "labels", "format": "png"})
    assert (answer.status_code, "64 workers" in answer.json()["error"]) == (409, True)
    assert export(client, "labels", "png")["state"] == "done"
