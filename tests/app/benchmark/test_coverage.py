"""Where a scene's depth carries labels."""

from __future__ import annotations

from app import scenes
from app.benchmark.coverage import Coverage
from app.workspace import Workspace
from tests.app.samples import HEIGHT, WIDTH, frame_ids
from tests.app.scenery import make_scene


def coverage_of(project: Workspace, number: int) -> Coverage:
    with project.read() as conn:
        return Coverage(scenes.folder(project, scenes.get_scene(conn, number)).root)


def test_a_frame_is_covered_where_its_depth_is_sure(project: Workspace) -> None:
    first, second, *_ = frame_ids(project)
    number = make_scene(project, frames=[first])
    coverage = coverage_of(project, number)
    found = coverage.of(first)
    assert found is not None
    assert found.shape == (HEIGHT, WIDTH)
    assert found.all()
    assert coverage.of(second) is None  # it has no geometry


def test_an_unsure_depth_covers_nothing(project: Workspace) -> None:
    number = make_scene(project, confidence=0.01)
    found = coverage_of(project, number).of(frame_ids(project)[0])
    assert found is not None
    assert not found.any()
