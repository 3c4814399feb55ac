"""A small project to test on: frames drawn with numpy, three classes, strokes by class."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from uuid import uuid4

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image

from annotations import store
from annotations.types import ClassMap, LabelClass, Stroke
from app.workspace import Workspace

HEIGHT: Final = 48
WIDTH: Final = 64
FRAMES: Final = 4
CLASSES: Final = ClassMap(
    (
        LabelClass(0, "ground", (128, 64, 128)),
        LabelClass(1, "thing", (64, 0, 128)),
        LabelClass(2, "sky", (128, 128, 128), has_geometry=False),
    )
)


def truth(index: int) -> UInt8[np.ndarray, "48 64"]:
    """Return the class ids of a frame: sky over ground, and a thing that moves to the right."""
    labels = np.full((HEIGHT, WIDTH), 2, np.uint8)
    labels[24:] = 0
    labels[16:36, 8 + 8 * index : 24 + 8 * index] = 1
    return labels


def picture(index: int) -> UInt8[np.ndarray, "48 64 3"]:
    """Return a frame's colours: one for each class, with a little noise."""
    colours = np.array([[90, 80, 70], [200, 40, 40], [150, 190, 230]])
    noise = np.random.default_rng(index).integers(-12, 13, (HEIGHT, WIDTH, 3))
    return (colours[truth(index)] + noise).clip(0, 255).astype(np.uint8)


def write_images(folder: Path, *, frames: int = FRAMES) -> Path:
    """Write the frames as frame0.png, frame1.png ... and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(frames):
        Image.fromarray(picture(index)).save(folder / f"frame{index}.png")
    return folder


def pixels(file: Path) -> UInt8[np.ndarray, "h w 3"]:
    """Return an image file's RGB values."""
    image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    assert image is not None, file
    return np.asarray(image[..., ::-1], np.uint8)


def stroke(
    frame_id: int, class_id: int, *points: tuple[float, float], width: float = 5.0
) -> Stroke:
    """Return a new stroke through points (x, y)."""
    xy = np.array(points, np.float32)
    return Stroke(str(uuid4()), frame_id, class_id, xy, width, "ann")


def draw(workspace: Workspace, *strokes: Stroke) -> int:
    """Append strokes, one gesture each, and return the revision."""
    revision = 0
    with workspace.write() as conn:
        for each in strokes:
            revision = store.append_stroke(conn, each, client="test")
    return revision


def frame_ids(workspace: Workspace) -> list[int]:
    """Return the project's frames in order."""
    with workspace.read() as conn:
        return [frame.frame_id for frame in store.list_frames(conn)]


def label_all(workspace: Workspace, *, frames: int = 1) -> None:
    """Draw two strokes of each class on the first frames."""
    for index, frame_id in enumerate(frame_ids(workspace)[:frames]):
        x = 12 + 8 * index
        draw(
            workspace,
            stroke(frame_id, 2, (4, 5), (60, 5)),
            stroke(frame_id, 2, (4, 11), (60, 11), width=3.0),
            stroke(frame_id, 0, (4, 40), (60, 40)),
            stroke(frame_id, 0, (4, 45), (60, 45), width=3.0),
            stroke(frame_id, 1, (x, 20), (x + 6, 20)),
            stroke(frame_id, 1, (x, 30), (x + 6, 30), width=3.0),
        )
