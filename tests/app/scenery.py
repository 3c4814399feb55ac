"""A finished scene in a small project: a wall that the camera passes by, a frame a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from app import runs, scenes
from app.workspace import Workspace
from rewis3d.geometry import pinhole
from rewis3d.scene import GridMap, SceneGeometry, ViewGeometry
from tests.app.samples import HEIGHT, WIDTH, frame_ids

STEP: Final = 4
"""Cells by which the wall moves to the left from frame to frame; a cell is two pixels wide."""
_FOCAL: Final = 32.0
_DEPTH: Final = 10.0


def make_scene(
    workspace: Workspace, *, frames: Sequence[int] | None = None, confidence: float = 0.8
) -> int:
    """Make a scene of all frames, or of some, use it and return its number."""
    ids = frame_ids(workspace) if frames is None else list(frames)
    with workspace.write() as conn:
        row = scenes.create(conn, config={})
        claim = runs.claim(conn, row.run.run_id, slot="scenery")
    assert claim is not None
    folder = scenes.folder(workspace, row)
    folder.root.mkdir(parents=True)
    views = tuple(_view(frame_id, place) for place, frame_id in enumerate(ids))
    folder.write_cameras([SceneGeometry(views, np.array([0.0, -1, 0]), "normalised")])
    size = (HEIGHT // 2, WIDTH // 2)
    for frame_id in ids:
        folder.write_view(
            frame_id, depth=np.full(size, _DEPTH), confidence=np.full(size, confidence)
        )
    with workspace.write() as conn:
        scenes.finish(conn, claim, {"frames": {"total": len(ids), "registered": len(ids)}})
        runs.finish(conn, claim, result={})
    return row.number


def _view(frame_id: int, place: int) -> ViewGeometry:
    T = np.eye(4)
    T[0, 3] = place * STEP * _DEPTH / _FOCAL
    camera = pinhole(_FOCAL, WIDTH // 2, HEIGHT // 2)
    return ViewGeometry(frame_id, HEIGHT, WIDTH, camera, T, GridMap((0.5, 0.5)), "given")
