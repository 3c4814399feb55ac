"""Strokes carried through a scene, on the grid of the flow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from rewis3d.array_cache import ArrayCache
from rewis3d.carry import Carried, carry, lift_frame
from rewis3d.clip import Clip
from rewis3d.features import Frames
from rewis3d.job import View
from rewis3d.scene import Scene, SceneView
from rewis3d.scene_labels import on_flow_grid, scene_labels
from rewis3d.types import UNLABELLED
from tests.rewis3d.stage import Quad, ground, pose, truth_of, view_of, wall

SIZE = (96, 128)
QUADS: list[Quad] = [wall(40.0, 1), ground(0), wall(10.0, 2, x=-4.0, width=2.0)]
UP = np.array([0.0, -1.0, 0.0])


def views(image: int, count: int = 3) -> list[SceneView]:
    """Return views of a camera that moves to the right; images are `image` times their grids."""
    return [
        view_of(QUADS, pose(0.4 * i), size=SIZE, focal=110.0, frame_id=i, image=image)
        for i in range(count)
    ]


def clip_of(seen: list[SceneView], folder: Path) -> Clip:
    own = [
        View(one.frame_id, "none.png", one.geometry.image_height, one.geometry.image_width)
        for one in seen
    ]
    frames = Frames(folder, ArrayCache(folder / "features"), torch.device("cpu"))
    return Clip(own, frames, ArrayCache(folder / "flow"))


def enlarged(labels: np.ndarray, by: int) -> np.ndarray:
    return np.kron(labels, np.ones((by, by), np.uint8)).astype(np.uint8)


def as_map(carried: Carried, size: tuple[int, int]) -> np.ndarray:
    labels = np.full(size, UNLABELLED, np.uint8)
    labels.reshape(-1)[carried.cells] = carried.labels
    return labels


@pytest.mark.parametrize("image", [1, 2])
def test_dense_labels_land_on_what_they_name(tmp_path: Path, image: int) -> None:
    seen = views(image)
    mask = enlarged(truth_of(QUADS, seen[0]), image)
    found = scene_labels(
        clip_of(seen, tmp_path),
        [Scene(0, tuple(seen), UP, "metric")],
        lambda view: mask if view.frame_id == 0 else None,
        without=[],
    )
    assert sorted(found) == [1, 2]  # who was drawn on hears nothing
    for frame_id, (one,) in found.items():
        truth = enlarged(truth_of(QUADS, seen[frame_id]), image)
        labels = as_map(one, truth.shape)
        there = labels != UNLABELLED
        assert there.mean() > 0.3
        assert (labels == truth)[there].mean() > 0.97
        # each comes from a cell of the drawn frame that has its label, in its own pixels
        assert (mask.reshape(-1)[one.source_cells] == one.labels).mean() > 0.97


def test_classes_without_geometry_and_frames_far_away_get_nothing(tmp_path: Path) -> None:
    seen = views(1)
    mask = truth_of(QUADS, seen[0])
    found = scene_labels(
        clip_of(seen, tmp_path),
        [Scene(0, tuple(seen), UP, "metric")],
        lambda view: mask if view.frame_id == 0 else None,
        without=[0],
        reach=1,
    )
    assert sorted(found) == [1]
    assert 0 not in found[1][0].labels


def test_on_the_same_grid_nothing_changes() -> None:
    one, other = views(1, 2)
    carried = carry(lift_frame(truth_of(QUADS, one), 0, one), other)
    same = on_flow_grid(carried, one, other)
    order = np.argsort(carried.cells)
    for name in ("cells", "labels", "confidence", "source_cells"):
        np.testing.assert_array_equal(getattr(same, name), getattr(carried, name)[order])


def test_a_coarser_flow_takes_what_its_centres_show() -> None:
    """Frames of 1280 pixels have a flow at half their size, and a scene at their own."""
    size = (12, 1280)
    quads = [wall(10.0, 1, x=-80.0, width=80.0), wall(10.0, 2, x=0.0, width=80.0)]
    one, other = (view_of(quads, pose(), size=size, focal=100.0, frame_id=i) for i in (0, 1))
    carried = carry(lift_frame(truth_of(quads, one), 0, one), other)
    found = as_map(on_flow_grid(carried, one, other), (6, 640))
    assert (found[:, :320] == 1).mean() > 0.95
    assert (found[:, 320:] == 2).mean() > 0.95
