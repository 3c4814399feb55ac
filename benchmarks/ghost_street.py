"""A synthetic street for benchmarks/ghosts.py: a project with exact depth and scribbles."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from uuid import uuid4

import cv2
import numpy as np

from annotations import classes, labelset, store
from annotations.simulate import frame_rng, simulate, spread
from app import runs, scenes
from app.ingest.images import import_images
from app.workspace import Workspace, making, open_workspace
from rewis3d.geometry import pinhole, pixel_centres
from rewis3d.scene import GridMap, SceneGeometry, ViewGeometry

HEIGHT: Final = 320
WIDTH: Final = 480
_FOCAL: Final = 400.0
_STEP: Final = 0.5
"""Metres from frame to frame, straight on."""
_ROAD, _PAVEMENT, _BUILDING, _TREE, _SKY = 3, 4, 1, 5, 0
"""Class ids of camvid-11."""


def make_project(root: Path, *, frames: int, labelled: int) -> None:
    """Make a project of a drive with a finished scene, scribbles on `labelled` of its frames."""
    images = root.with_name("images")
    images.mkdir()
    for index in range(frames):
        picture = np.full((HEIGHT, WIDTH, 3), index % 256, np.uint8)
        cv2.imwrite(str(images / f"{index:04d}.png"), picture)
    with making(root, "street") as workspace:
        with workspace.write() as conn:
            classes.seed_classes(conn, labelset.PRESETS["camvid-11"], author="benchmark")
        import_images(workspace, images)
    with open_workspace(root) as workspace:
        with workspace.read() as conn:
            ids = [frame.frame_id for frame in store.list_frames(conn)]
        _make_scene(workspace, ids)
        for place in spread(frames, labelled):
            _scribble(workspace, ids[place], place)


def _make_scene(workspace: Workspace, ids: list[int]) -> None:
    with workspace.write() as conn:
        row = scenes.create(conn, config={})
        claim = runs.claim(conn, row.run.run_id, slot="benchmark")
    assert claim is not None
    folder = scenes.folder(workspace, row)
    folder.root.mkdir(parents=True)
    views = tuple(_view(frame_id, place) for place, frame_id in enumerate(ids))
    folder.write_cameras([SceneGeometry(views, np.array([0.0, -1, 0]), "metric")])
    for place, frame_id in enumerate(ids):
        depth = _look(place)[0]
        folder.write_view(frame_id, depth=depth, confidence=np.full(depth.shape, 0.8))
    with workspace.write() as conn:
        count = {"total": len(ids), "registered": len(ids)}
        scenes.finish(conn, claim, {"frames": count})
        runs.finish(conn, claim, result={})


def _view(frame_id: int, place: int) -> ViewGeometry:
    T = np.eye(4)
    T[2, 3] = place * _STEP
    camera = pinhole(_FOCAL, WIDTH, HEIGHT)
    return ViewGeometry(frame_id, HEIGHT, WIDTH, camera, T, GridMap((1.0, 1.0)), "given")


def _look(place: int) -> tuple[np.ndarray, np.ndarray]:
    """Return depth and class ids of a frame: road, pavements, houses and trunks before them."""
    rays = pinhole(_FOCAL, WIDTH, HEIGHT).rays(pixel_centres(HEIGHT, WIDTH).reshape(-1, 2))
    across, down = rays[:, 0], rays[:, 1]
    with np.errstate(divide="ignore"):
        ground = np.where(down > 0, 1.5 / down, np.inf)
        houses = np.where(across != 0, 9.0 / np.abs(across), np.inf)
    houses[houses * down < -8] = np.inf  # higher than they are
    depth = np.minimum(ground, houses)
    labels = np.where(ground < houses, _ROAD, _BUILDING)
    labels[(labels == _ROAD) & (np.abs(ground * across) > 5)] = _PAVEMENT
    for along in range(0, 300, 8):
        z = along - place * _STEP
        for side in (-6.0, 6.0):
            trunk = (np.abs(across * z - side) < 0.2) & (z > 1) & (depth > z)
            depth[trunk], labels[trunk] = z, _TREE
    labels[~np.isfinite(depth)] = _SKY
    depth = np.where(depth < 200, depth, 0)
    return depth.reshape(HEIGHT, WIDTH), labels.astype(np.uint8).reshape(HEIGHT, WIDTH)


def _scribble(workspace: Workspace, frame_id: int, place: int) -> None:
    ids = labelset.PRESETS["camvid-11"].class_ids
    found = simulate(_look(place)[1], ids, width=3.0, rng=frame_rng(0, place))
    strokes = [one.on(frame_id, author="benchmark", uuid=uuid4()) for one in found]
    with workspace.write() as conn:
        store.append_strokes(conn, strokes, client="benchmark", gesture=str(uuid4()))
