from __future__ import annotations

import cv2
import numpy as np
import pytest
from starlette.testclient import TestClient

from annotations import store
from app import scenes
from app.web.api.ghosts import depth_picture
from app.workspace import Workspace
from tests.app.samples import draw, frame_ids, stroke
from tests.app.scenery import STEP, make_scene


def picture(client: TestClient, frame_id: int, kind: str) -> np.ndarray:
    answer = client.get(f"/api/frames/{frame_id}/{kind}.png")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    image = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return np.asarray(image)


def settled(client: TestClient) -> dict:
    for _ in range(100):
        found = client.get("/api/ghosts").json()
        if not found["stale"]:
            return found
    raise AssertionError("stale for 30 seconds")


def post_stroke(client: TestClient, frame_id: int, class_id: int, uuid: str) -> None:
    body = {"uuid": uuid, "frame": frame_id, "class": class_id, "width": 5, "client": "tab"}
    body["xy"] = [[30, 21], [50, 21]]
    assert client.post("/api/strokes", json=body).status_code == 200


def test_a_stroke_is_a_ghost_in_the_next_answer(client: TestClient, project: Workspace):
    make_scene(project)
    first, second, *_ = frame_ids(project)
    assert (picture(client, second, "ghosts") == 255).all()
    post_stroke(client, first, 1, "stroke-1")
    image = picture(client, second, "ghosts")
    assert image.shape == (24, 32)
    assert set(np.unique(image)) == {1, 255}
    columns = np.nonzero(image == 1)[1]
    assert (columns.min(), columns.max()) == (14 - STEP, 25 - STEP)
    client.post("/api/undo", json={"client": "tab"})
    assert (picture(client, second, "ghosts") == 255).all()


def test_the_overview_tells_gains_and_conflicts(client: TestClient, project: Workspace):
    assert settled(client) == {"scene": None, "stale": False, "gained": {}, "conflicts": []}
    number = make_scene(project)
    first, second, third, fourth = frame_ids(project)
    draw(project, stroke(first, 1, (30, 21), (50, 21), width=9.0))
    draw(project, stroke(second, 0, (34, 5), (34, 40), width=9.0))
    found = settled(client)
    assert found["scene"] == number
    assert found["gained"].keys() == {str(frame) for frame in (first, second, third, fourth)}
    (conflict,) = found["conflicts"]
    assert conflict["classes"] == [1, 0]
    assert conflict["frames"] == [first, second]
    assert conflict["cells"] > 10
    (x, y), (other_x, _) = conflict["xy"]
    assert (round(x - other_x), round(y)) == (2 * STEP, 21)
    assert settled(client)["conflicts"][0]["id"] == conflict["id"]


def test_pictures_are_asked_for_each_time_and_sent_when_they_changed(
    client: TestClient, project: Workspace
):
    make_scene(project)
    first, second, *_ = frame_ids(project)
    for kind in ("ghosts", "depth", "reconstruction"):
        path = f"/api/frames/{second}/{kind}.png"
        answer = client.get(path)
        assert answer.headers["cache-control"] == "private, no-cache"
        known = {"If-None-Match": answer.headers["etag"]}
        again = client.get(path, headers=known)
        assert (again.status_code, again.content) == (304, b"")
    post_stroke(client, first, 1, "stroke-1")
    known = {"If-None-Match": client.get(f"/api/frames/{first}/ghosts.png").headers["etag"]}
    assert client.get(f"/api/frames/{second}/ghosts.png", headers=known).status_code == 200


@pytest.mark.parametrize("kind", ["ghosts", "depth", "reconstruction"])
def test_frames_without_a_view_are_404_in_one_line(
    client: TestClient, project: Workspace, kind: str
):
    ids = frame_ids(project)
    for frame_id in (ids[0], 99, 10**30):
        answer = client.get(f"/api/frames/{frame_id}/{kind}.png")
        assert answer.status_code == 404
        assert answer.json() == {"error": f"frame {frame_id} has no place in a reconstruction"}
    make_scene(project, frames=ids[:2])
    assert client.get(f"/api/frames/{ids[1]}/{kind}.png").status_code == 200
    assert client.get(f"/api/frames/{ids[2]}/{kind}.png").status_code == 404
    assert client.get(f"/api/frames/x/{kind}.png").status_code == 400


def test_a_scene_whose_files_are_gone_is_409_in_one_line(client: TestClient, project: Workspace):
    number = make_scene(project)
    frame_id = frame_ids(project)[0]
    for file in (project.root / f"scenes/{number:04d}/views").iterdir():
        file.unlink()
    for path in (f"/api/frames/{frame_id}/ghosts.png", f"/api/frames/{frame_id}/depth.png"):
        answer = client.get(path)
        assert answer.status_code == 409
        assert answer.json()["error"].startswith(f"scene {number} can't be read: ")
    assert client.get("/api/ghosts").status_code == 409


def test_another_scene_gives_other_pictures(client: TestClient, project: Workspace):
    first = make_scene(project, confidence=0.2)
    frame_id = frame_ids(project)[0]
    faint = picture(client, frame_id, "reconstruction")
    make_scene(project, confidence=1.0)
    sure = picture(client, frame_id, "reconstruction")
    assert faint.shape == sure.shape == (24, 32, 4)
    assert (faint[..., 3] == 255).all()
    assert (faint[0, 0] != sure[0, 0]).any()
    with project.write() as conn:
        scenes.activate(conn, first)
    assert np.array_equal(picture(client, frame_id, "reconstruction"), faint)


def test_depth_is_warm_where_it_is_near_and_clear_where_there_is_none():
    depth = np.geomspace(2, 200, 600).reshape(20, 30).astype(np.float16)
    depth[3] = 0
    image = depth_picture(depth)
    assert (image[3] == 0).all()
    assert (np.delete(image, 3, axis=0)[..., 3] == 255).all()
    blue, _, red, _ = image[0, 0].astype(int)
    assert red > blue + 100
    blue, _, red, _ = image[-1, -1].astype(int)
    assert blue > red + 60
    assert (depth_picture(np.zeros((4, 5), np.float16)) == 0).all()
    flat = depth_picture(np.full((4, 5), 7, np.float16))
    assert (flat == flat[0, 0]).all()
    # one wrong depth does not take the colours from all others
    depth[0, 0] = 1e-3
    assert np.abs(depth_picture(depth)[5:].astype(int) - image[5:]).max() < 12


def test_reserving_a_frame_takes_its_ghosts_out_of_the_others(
    client: TestClient, project: Workspace
):
    make_scene(project)
    first, second, *_ = frame_ids(project)
    post_stroke(client, first, 1, "stroke-1")
    assert (picture(client, second, "ghosts") == 1).any()
    client.patch(f"/api/frames/{first}", json={"reserved": True})
    assert (picture(client, second, "ghosts") == 255).all()
    with project.read() as conn:
        assert store.get_frame(conn, first).reserved
