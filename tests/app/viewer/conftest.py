"""Fixtures of the viewer's tests: the small project with a scene of exact depth."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotations import store
from app.viewer.cloud import Cloud, make_cloud
from app.workspace import Workspace
from rewis3d.scene import Scene
from tests.app.viewer import worlds


@pytest.fixture
def scene(project: Workspace, tmp_path: Path) -> Scene:
    """The road as the project's four frames see it, on grids of 32 x 24."""
    with project.read() as conn:
        frames = store.list_frames(conn)
    return worlds.make_scene(tmp_path / "scene", frames, width=32, height=24)


@pytest.fixture
def cloud(scene: Scene) -> Cloud:
    """All its points, without images."""
    return make_cloud(scene, lambda _: None, most=10**6)
