from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from annotations.schema import frames
from app import jobs, reconstruction, scenes
from app.scenes import SceneRow
from app.workspace import Workspace
from rewis3d.job import read_job
from rewis3d.types import Rewis3dError
from tests.app.fake_scene import fake_scene
from tests.app.samples import HEIGHT, WIDTH, frame_ids


def _row(workspace: Workspace, number: int) -> SceneRow:
    with workspace.read() as conn:
        return scenes.get_scene(conn, number)


def test_the_job_holds_every_frame_and_what_its_file_knows(project: Workspace):
    first = frame_ids(project)[0]
    with project.write() as conn:
        conn.execute(update(frames).where(frames.c.id == first).values(focal=55.5))
    number = jobs.start_reconstruct(project, backend="colmap", overrides={"planes": "16"})
    folder = reconstruction.write_reconstruct_job(project, number)
    assert folder == project.root / "scenes/0001/job"
    job = read_job(folder)
    assert (job.task, job.output, job.config["planes"]) == ("reconstruct", "..", 16)
    assert job.options == {"run": _row(project, number).run.run_id}
    assert [view.name for view in job.views] == [f"frame{index}" for index in range(4)]
    assert [view.focal for view in job.views] == [55.5, None, None, None]
    for view in job.views:
        assert (view.height, view.width, view.clip, view.labels) == (HEIGHT, WIDTH, 1, None)
        assert (folder / view.image).is_file()


def test_a_job_that_is_there_is_gone_on_with(project: Workspace):
    number = jobs.start_reconstruct(project)
    folder = reconstruction.write_reconstruct_job(project, number)
    (folder / "matches.db").touch()
    assert reconstruction.write_reconstruct_job(project, number) == folder
    assert (folder / "matches.db").exists()


def test_what_a_scene_of_another_database_left_makes_way(project: Workspace):
    number = fake_scene(project).number
    folder = reconstruction.write_reconstruct_job(project, number)
    (folder.parent / "cameras.json").write_text("of the other one")
    job = (folder / "job.json").read_text()
    (folder / "job.json").write_text(job.replace(_row(project, number).run.run_id, "another"))
    reconstruction.write_reconstruct_job(project, number)
    assert [path.name for path in folder.parent.iterdir()] == ["job"]
    (left,) = project.root.glob("scenes/0001.left-*")
    assert (left / "cameras.json").read_text() == "of the other one"


def test_given_cameras_are_named_in_the_job(project: Workspace, tmp_path: Path):
    place = tmp_path / "transforms.json"
    place.touch()
    number = jobs.start_reconstruct(project, given=place)
    job = read_job(reconstruction.write_reconstruct_job(project, number))
    assert job.options["given"] == str(place)


def test_a_scene_without_a_report_names_the_file(project: Workspace):
    number = fake_scene(project).number
    with pytest.raises(Rewis3dError, match=r"scenes/0001/report.json: can't be read"):
        reconstruction.read_report(project, number)
