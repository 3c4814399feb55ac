"""A reconstruction from its job folder to its report, on a small rendered street."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.street.view import render
from rewis3d.job import Job, View, write_job
from rewis3d.reconstruct import report
from rewis3d.reconstruct.config import resolve, to_json
from rewis3d.reconstruct.run import run
from rewis3d.reports import Done, Progress
from rewis3d.scene import SceneFolder
from rewis3d.types import Rewis3dError

HEIGHT, WIDTH, FRAMES = 150, 200, 6


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("street")
    cameras, K = [], np.eye(3)
    clip = render(3, frames=FRAMES, width=WIDTH, height=HEIGHT, motion="lateral")
    for place, view in enumerate(clip):
        cv2.imwrite(str(folder / f"s_{place}.png"), view.image[..., ::-1])
        pose = view.T_world_camera @ np.diag([1.0, -1, -1, 1])
        cameras.append({"file_path": f"s_{place}.png", "transform_matrix": pose.tolist()})
        K = view.K
    lens = {"w": WIDTH, "h": HEIGHT, "fl_x": K[0, 0], "cx": K[0, 2], "cy": K[1, 2]}
    (folder / "transforms.json").write_text(json.dumps({**lens, "frames": cameras}))
    return folder


def job_folder(
    root: Path, street: Path, *, backend: str, frames: int = FRAMES, given: bool = False
) -> Path:
    views = tuple(
        View(i + 1, str(street / f"s_{i}.png"), HEIGHT, WIDTH, name=f"s_{i}") for i in range(frames)
    )
    config = to_json(resolve(backend, {"planes": "48"}))
    folder = root / "job"
    folder.mkdir()
    options = {"given": str(street)} if given else {}
    write_job(Job("reconstruct", views, (), config, 0, options=options), folder)
    return folder


def test_the_embedded_backend_ends_with_its_report(street: Path, tmp_path: Path) -> None:
    reports = list(run(job_folder(tmp_path, street, backend="colmap")))
    stages = {said.stage for said in reports if isinstance(said, Progress)}
    assert len(stages) >= 3
    told = report.read(SceneFolder(tmp_path))
    assert isinstance(reports[-1], Done)
    assert reports[-1].result == report.to_json(told)
    assert (told.backend, told.registered, told.pieces) == ("colmap", FRAMES, 1)
    assert told.coverage > 0.4
    assert {row.backend for row in told.per_frame} == {"colmap"}
    scene = SceneFolder(tmp_path).scenes()[0]
    assert len(scene.views) == FRAMES


def test_given_cameras_go_before_other_backends(street: Path, tmp_path: Path) -> None:
    *_, done = run(job_folder(tmp_path, street, backend="auto", given=True))
    assert isinstance(done, Done)
    assert done.result["backend"] == "given"
    assert done.result["frames"] == {"total": FRAMES, "registered": FRAMES}


def test_one_frame_stays_2d_and_that_is_no_error(street: Path, tmp_path: Path) -> None:
    *_, done = run(job_folder(tmp_path, street, backend="auto", frames=1))
    assert isinstance(done, Done)
    assert done.result["frames"] == {"total": 1, "registered": 0}
    assert done.result["per_frame"][0]["reason"]


def test_a_backend_that_is_asked_for_and_missing_is_named(
    street: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rewis3d.reconstruct.mapanything_model.find_spec", lambda _: None)
    with pytest.raises(Rewis3dError, match="MapAnything is not installed"):
        list(run(job_folder(tmp_path, street, backend="mapanything")))
