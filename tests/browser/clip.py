"""A small project to draw on: six frames of 320 x 240 made with numpy, four classes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from annotations import classes, store
from annotations.types import ClassMap, LabelClass, Stroke
from app.ingest.images import import_images
from app.workspace import Workspace, making

HEIGHT: Final = 240
WIDTH: Final = 320
FRAMES: Final = 6
EVIL: Final = "<img src=x onerror=alert(1)> {{value}} ${value}"
CLASSES: Final = ClassMap(
    (
        LabelClass(0, "sky", (70, 130, 180), has_geometry=False),
        LabelClass(1, "ground", (128, 64, 128)),
        LabelClass(2, "thing", (220, 20, 60)),
        LabelClass(3, EVIL, (250, 170, 30)),
    )
)


def picture(index: int) -> UInt8[np.ndarray, "240 320 3"]:
    """Return a frame: sky over ground, and a red thing that moves to the right."""
    image = np.empty((HEIGHT, WIDTH, 3), np.int32)
    image[:120] = (150, 190, 230)
    image[120:] = (90, 80, 70)
    image[80:170, 30 + 35 * index : 90 + 35 * index] = (200, 40, 40)
    noise = np.random.default_rng(index).integers(-14, 15, image.shape)
    return (image + noise).clip(0, 255).astype(np.uint8)


def make_project(folder: Path) -> Path:
    """Make the project below `folder` and return its root."""
    images = folder / "images"
    images.mkdir(parents=True)
    for index in range(FRAMES):
        Image.fromarray(picture(index)).save(images / f"frame{index}.png")
    with making(folder / "project", "a small clip") as workspace:
        with workspace.write() as conn:
            classes.seed_classes(conn, CLASSES, author="annotator")
        import_images(workspace, images)
    return folder / "project"


def frame_ids(workspace: Workspace) -> list[int]:
    """Return the project's frames in order."""
    with workspace.read() as conn:
        return [frame.frame_id for frame in store.list_frames(conn)]


def strokes_on(workspace: Workspace, index: int = 0) -> list[Stroke]:
    """Return the living strokes of the frame at a place of the clip, in painting order."""
    with workspace.read() as conn:
        frame = store.list_frames(conn)[index]
        return store.strokes_at(conn, frame.frame_id)
