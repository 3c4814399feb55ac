"""Two rounds side by side: classes by id, IoUs as they were judged, pixels counted by hand."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from starlette.testclient import TestClient

from annotations import classes
from app import bridge, jobs, rounds, runs
from app.web.comparing import ClassPair, compare
from app.workspace import Workspace
from rewis3d.images import read_mask
from rewis3d.job import read_job
from rewis3d.reports import Scores
from tests.app import samples


def train(workspace: Workspace, iou: dict[str, float | None], *, seed: int = 0) -> int:
    """Make a round of the labels of now that says it was judged so."""
    number = jobs.start_round(workspace, seed=seed)
    bridge.write_training_job(workspace, number)
    with workspace.write() as conn:
        claim = runs.claim(conn, rounds.get_round(conn, number).run.run_id, slot="a")
        assert claim is not None
        rounds.record_scores(conn, claim, Scores(0.5, 0.5, iou, 1))
        runs.finish(conn, claim, result={})
    return number


def pairs(workspace: Workspace, one: int, two: int) -> dict[int, ClassPair]:
    with workspace.read() as conn:
        both = rounds.get_round(conn, one), rounds.get_round(conn, two)
    return {pair.class_id: pair for pair in compare(workspace, *both)}


def counted(workspace: Workspace, number: int) -> dict[int, int]:
    """Count a round's held-out pixels by class id, the obvious way."""
    with workspace.read() as conn:
        one = rounds.get_round(conn, number)
    folder = workspace.path(one.folder) / bridge.JOB
    found = dict.fromkeys(one.class_map.class_ids, 0)
    for view in read_job(folder).views:
        if view.labels is None or view.judge is None:
            continue
        labels = read_mask(folder / view.labels, view.height, view.width)
        judge = read_mask(folder / view.judge, view.height, view.width)
        for label, judges in zip(labels.ravel(), judge.ravel(), strict=True):
            if judges:
                found[one.class_map.class_ids[label]] += 1
    return found


@pytest.fixture
def labelled(project: Workspace) -> Workspace:
    samples.label_all(project, frames=2)
    return project


def test_rounds_of_the_same_strokes_are_judged_on_the_same_pixels(labelled: Workspace) -> None:
    one = train(labelled, {"ground": 0.5, "thing": None, "sky": 0.75})
    two = train(labelled, {"ground": 0.75, "thing": 0.25, "sky": 0.75})
    found = pairs(labelled, one, two)
    assert [pair.name for pair in found.values()] == ["ground", "thing", "sky"]
    assert [pair.iou for pair in found.values()] == [(0.5, 0.75), (None, 0.25), (0.75, 0.75)]
    count = counted(labelled, one)
    assert sum(count.values()) > 0
    for class_id, pair in found.items():
        assert (pair.pixels, pair.shared) == ((count[class_id],) * 2, count[class_id])


def test_rounds_of_other_strokes_share_some_pixels(labelled: Workspace) -> None:
    one = train(labelled, {}, seed=0)
    two = train(labelled, {}, seed=5)
    found = pairs(labelled, one, two)
    counts = [counted(labelled, one), counted(labelled, two)]
    assert [pair.pixels for pair in found.values()] == list(
        zip(counts[0].values(), counts[1].values(), strict=True)
    )
    assert all(pair.shared <= min(counts[0][i], counts[1][i]) for i, pair in found.items())
    assert sum(pair.shared for pair in found.values()) < sum(counts[0].values())


def test_classes_are_the_same_where_their_ids_are(labelled: Workspace) -> None:
    one = train(labelled, {"ground": 0.5, "sky": 0.75})
    with labelled.write() as conn:
        classes.rename_class(conn, 0, "road", author="ann")
        classes.delete_class(conn, 2, author="ann")
        added = classes.add_class(conn, "tree", (1, 2, 3), author="ann").class_id
    two = train(labelled, {"road": 0.25, "tree": None})
    found = pairs(labelled, one, two)
    assert list(found) == [0, 1, 2, added]
    assert (found[0].name, found[0].iou) == ("ground", (0.5, 0.25))
    assert (found[2].name, found[2].iou, found[2].pixels[1]) == ("sky", (0.75, None), 0)
    assert (found[added].name, found[added].iou) == ("tree", (None, None))
    assert found[0].shared == found[0].pixels[0]
    assert (found[2].shared, found[added].pixels[0]) == (0, 0)


def test_a_round_whose_job_folder_is_gone_has_no_pixels(labelled: Workspace) -> None:
    one, two = train(labelled, {"ground": 0.5}), train(labelled, {"ground": 0.75})
    shutil.rmtree(labelled.path("rounds/0001/job"))
    pair = pairs(labelled, one, two)[0]
    assert (pair.iou, pair.pixels[0], pair.shared) == ((0.5, 0.75), None, 0)
    assert pair.pixels[1]


def test_a_page_compares_two_rounds(client: TestClient, labelled: Workspace) -> None:
    train(labelled, {"ground": 0.5})
    train(labelled, {"ground": 0.75})
    found: list[dict[str, Any]] = client.get("/api/rounds/2/compare/1").json()["classes"]
    assert (found[0]["class_id"], found[0]["name"], found[0]["iou"]) == (0, "ground", [0.75, 0.5])
    assert found[0]["pixels"][0] == found[0]["shared"] > 0
    for path in ("/api/rounds/2/compare/9", "/api/rounds/9/compare/2"):
        assert client.get(path).status_code == 404
