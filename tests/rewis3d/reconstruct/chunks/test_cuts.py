"""Where a film shows something else, told from its images."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from rewis3d.job import View
from rewis3d.reconstruct.chunks.cuts import find_cuts
from tests.rewis3d.reconstruct.cameras.room import film, pose, room, store
from tests.rewis3d.reconstruct.test_mapanything import finish

WALK = [pose(x=0.2 * at, yaw=2 * at) for at in range(4)]


def cuts(views: list[View], folder: Path) -> set[int]:
    return finish(find_cuts(range(len(views)), views, folder))


@pytest.fixture
def walk(tmp_path: Path) -> list[View]:
    return film(tmp_path, WALK)


def test_a_walk_has_none(walk: list[View], tmp_path: Path) -> None:
    assert cuts(walk, tmp_path) == set()


def test_another_place_begins_a_shot(walk: list[View], tmp_path: Path) -> None:
    views = walk + film(tmp_path, WALK, boards=room(50), first=5)
    assert cuts(views, tmp_path) == {4}


def test_black_frames_and_a_hand_before_the_lens_begin_none(
    walk: list[View], tmp_path: Path
) -> None:
    black = store(tmp_path, [np.zeros((192, 256), np.uint8)] * 2, first=20)
    hand = cv2.resize(np.random.default_rng(0).integers(0, 255, (48, 64), np.uint8), (256, 192))
    views = [*walk[:2], *black, *store(tmp_path, [hand], first=30), *walk[2:]]
    assert cuts(views, tmp_path) == set()


def test_frames_that_show_nothing_are_no_shots(tmp_path: Path) -> None:
    views = store(tmp_path, [np.full((192, 256), 9, np.uint8)] * 4)
    assert cuts(views, tmp_path) == set()
