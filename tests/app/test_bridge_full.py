"""The job folders of full rounds: which scene they learn with, and what they begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotations import store
from app import bridge, jobs, rounds, runs, scenes
from app.errors import StudioError
from app.workspace import Workspace
from rewis3d.job import read_job
from tests.app.samples import frame_ids, label_all
from tests.app.scenery import make_scene


def full_round(project: Workspace, **settings: str) -> int:
    return jobs.start_round(project, preset="cpu", overrides=settings)


def done(project: Workspace, number: int) -> Path:
    """Say of a round that it is done, and return its folder."""
    with project.write() as conn:
        row = rounds.get_round(conn, number)
        claim = runs.claim(conn, row.run.run_id, slot="a")
        assert claim is not None
        runs.finish(conn, claim, result={})
    return project.path(row.folder)


def test_a_full_round_learns_with_the_scene_that_was_used_when_it_was_started(project):
    label_all(project)
    scene = make_scene(project)
    number = full_round(project)
    make_scene(project)
    folder = bridge.write_training_job(project, number)
    job = read_job(folder)
    assert job.task == "train"
    assert job.scene is not None
    with project.read() as conn:
        expected = project.path(scenes.get_scene(conn, scene).folder)
    assert (folder / job.scene).resolve() == expected.resolve()
    assert job.config["kind"] == "method"


def test_a_scene_without_geometry_makes_it_one_of_2d(project):
    label_all(project)
    make_scene(project, frames=[])
    assert read_job(bridge.write_training_job(project, full_round(project))).scene is None


def test_without_a_scene_one_is_queued_and_its_failure_is_told(project):
    label_all(project)
    number = full_round(project)
    with project.write() as conn:
        run = rounds.get_round(conn, number).run
        awaited = jobs.scene_awaited(conn, run.run_id)
        assert awaited is not None
        assert jobs.waiting(conn) == [awaited.run.run_id]
        claim = runs.claim(conn, awaited.run.run_id, slot="a")
        assert claim is not None
        runs.fail(conn, claim, error="no disk", traceback=None)
        assert jobs.waiting(conn) == [run.run_id]
    with pytest.raises(StudioError, match=r"scene 1, which is failed.*branches=2d"):
        bridge.write_training_job(project, number)


def test_2d_alone_needs_no_scene(project):
    label_all(project)
    number = full_round(project, branches="2d")
    with project.read() as conn:
        assert scenes.list_scenes(conn) == []
        assert jobs.waiting(conn) == [rounds.get_round(conn, number).run.run_id]
    assert read_job(bridge.write_training_job(project, number)).scene is None


def test_it_may_begin_with_the_last_full_round_that_is_done(project):
    label_all(project)
    make_scene(project)
    first = done(project, full_round(project))
    done(project, jobs.start_round(project))  # a quick one leaves nothing to begin with
    full_round(project)  # and one that is not done neither
    folder = bridge.write_training_job(project, full_round(project))
    start = read_job(folder).start
    assert start is not None
    assert (folder / start).resolve() == first.resolve()


def test_a_frame_reserved_since_is_not_looked_at_even_without_strokes(project):
    label_all(project, frames=2)
    make_scene(project)
    number = full_round(project)
    folder = bridge.write_training_job(project, number)
    last = frame_ids(project)[-1]
    with project.write() as conn:
        store.set_reserved(conn, [last])
    bridge.write_training_job(project, number)
    (view,) = [view for view in read_job(folder).views if view.frame_id == last]
    assert view.reserved
