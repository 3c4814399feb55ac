"""Cameras between the two halves of a reconstruction."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewis3d.reconstruct import solution
from rewis3d.reconstruct.solution import Solution
from rewis3d.scene import SceneFolder
from rewis3d.types import Rewis3dError


def test_nothing_is_known_before_it_is_saved(tmp_path: Path) -> None:
    assert solution.load(tmp_path, SceneFolder(tmp_path / "scene")) is None


def test_the_cameras_are_on_disk_before_the_solution_says_so(tmp_path: Path) -> None:
    folder = SceneFolder(tmp_path / "scene")
    solution.save(Solution((), {}), tmp_path, folder)
    assert folder.has_cameras()
    assert (tmp_path / solution.SOLUTION_FILE).exists()


def test_a_solution_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / solution.SOLUTION_FILE).write_text('{"ranges": {}}')
    with pytest.raises(Rewis3dError, match=r"solution\.json"):
        solution.load(tmp_path, SceneFolder(tmp_path / "scene"))
