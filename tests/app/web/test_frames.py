from __future__ import annotations

import io

import pytest
from PIL import Image
from sqlalchemy import update
from starlette.testclient import TestClient

from annotations.schema import frames
from app import events
from app.workspace import Workspace
from tests.app import samples


@pytest.fixture
def frame(project: Workspace) -> int:
    return samples.frame_ids(project)[0]


def test_a_frame_has_its_image_and_a_smaller_one(client: TestClient, frame: int):
    image = client.get(f"/api/frames/{frame}/image")
    assert image.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(image.content)).size == (samples.WIDTH, samples.HEIGHT)
    thumbnail = client.get(f"/api/frames/{frame}/thumbnail")
    assert Image.open(io.BytesIO(thumbnail.content)).size[0] <= samples.WIDTH


def test_an_image_is_kept_for_ever_under_the_project_s_own_version(client: TestClient, frame: int):
    version = client.get("/api/project").json()["version"]
    own = client.get(f"/api/frames/{frame}/image?v={version}").headers["cache-control"]
    assert "immutable" in own
    for address in (f"/api/frames/{frame}/image", f"/api/frames/{frame}/image?v=other"):
        assert client.get(address).headers["cache-control"] == "private, no-cache"


def test_an_image_that_the_browser_has_is_not_sent_again(client: TestClient, frame: int):
    first = client.get(f"/api/frames/{frame}/image")
    again = client.get(
        f"/api/frames/{frame}/image", headers={"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_unknown_and_missing_images_are_not_found(
    client: TestClient, project: Workspace, frame: int
):
    assert client.get("/api/frames/4711/image").status_code == 404
    with project.read() as conn:
        file = conn.execute(frames.select().where(frames.c.id == frame)).one().file
    project.path(file).unlink()
    answer = client.get(f"/api/frames/{frame}/image")
    assert answer.status_code == 404
    assert file in answer.json()["error"]


def test_no_file_outside_the_project_is_served(client: TestClient, project: Workspace, frame: int):
    with project.write() as conn:
        conn.execute(update(frames).where(frames.c.id == frame).values(file="../../secret.png"))
    answer = client.get(f"/api/frames/{frame}/image")
    assert answer.status_code == 409
    assert "not a path inside" in answer.json()["error"]


@pytest.mark.parametrize("identity", ["..%2f..%2fetc%2fpasswd", "abc", "1.5"])
def test_what_is_no_frame_number_is_refused(client: TestClient, identity: str):
    assert client.get(f"/api/frames/{identity}/image").status_code in (400, 404)


def test_a_frame_is_reserved_and_given_back(client: TestClient, project: Workspace, frame: int):
    for reserved in (True, False):
        client.patch(f"/api/frames/{frame}", json={"reserved": reserved}).raise_for_status()
        assert client.get("/api/project").json()["frames"][0]["reserved"] is reserved
    with project.read() as conn:
        assert events.after(conn, 0)[-1].kind == "frames"


def test_an_unknown_frame_can_t_be_reserved(client: TestClient):
    assert client.patch("/api/frames/4711", json={"reserved": True}).status_code == 404
    assert client.patch("/api/frames/1", json={}).status_code == 400
