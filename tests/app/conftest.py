"""Fixtures of the studio's tests. `project` is a small one; tests/app/samples.py draws on it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotations import classes
from app.ingest.images import import_images
from app.workspace import Workspace, making, open_workspace
from tests.app import samples


@pytest.fixture(scope="session")
def project_master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `project` copies: four frames of 48x64 pixels, three classes, no stroke."""
    folder = tmp_path_factory.mktemp("master")
    images = samples.write_images(folder / "images")
    with making(folder / "project", "small") as workspace:
        with workspace.write() as conn:
            classes.seed_classes(conn, samples.CLASSES, author="ann")
        import_images(workspace, images)
    return folder / "project"


@pytest.fixture
def project(project_master: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A small project of one's own, open."""
    root = tmp_path / "project"
    shutil.copytree(project_master, root)
    with open_workspace(root) as workspace:
        yield workspace
