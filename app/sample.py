"""The sample: a short drive along a street that is drawn here, with its exact labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import cv2
import numpy as np

from annotations.classes import seed_classes
from annotations.labelset import PRESETS
from app.ingest.images import import_images
from app.street import town
from app.workspace import DATABASE, making

PROJECT: Final = "sample"
"""The sample project's folder in the user's data folder."""
FRAMES: Final = 24
SEED: Final = 1
"""Of the street that a new user sees."""
AUTHOR: Final = "sample"
_QUALITY: Final = [cv2.IMWRITE_JPEG_QUALITY, 93]

OnProgress = Callable[[str, int, int | None], None]
"""Told the stage, and how many of how many frames are through."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Where a sample lies. An image and its labels have the same file stem."""

    images: Path
    """Folder of JPEGs."""
    labels: Path
    """Folder of PNGs, uint8: class ids of the preset camvid-11 for every pixel."""


def make_sample(
    folder: Path, *, seed: int = SEED, frames: int = FRAMES, on_progress: OnProgress | None = None
) -> Sample:
    """Draw a clip of 480x360 pixels into a folder; a seed is a street."""
    sample = Sample(folder / "images", folder / "labels")
    for part in (sample.images, sample.labels):
        part.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    drive = town.frames(town.build(rng), frames, rng)
    for index, (image, labels) in enumerate(drive):
        jpeg = cv2.imencode(".jpg", image[..., ::-1], _QUALITY)[1]
        (sample.images / f"street_{index:03d}.jpg").write_bytes(jpeg.tobytes())
        png = cv2.imencode(".png", labels)[1]
        (sample.labels / f"street_{index:03d}.png").write_bytes(png.tobytes())
        if on_progress is not None:
            on_progress("drawing the sample", index + 1, frames)
    return sample


def sample_project(data_home: Path, *, on_progress: OnProgress | None = None) -> Path:
    """Return the sample project's folder in the user's data folder; made where it is missing.

    It holds the frames and the classes, no labels: drawing them is what the sample is for.
    """
    root = data_home / PROJECT
    if (root / DATABASE).exists():
        return root
    with TemporaryDirectory() as aside, making(root, "Sample street") as workspace:
        sample = make_sample(Path(aside), on_progress=on_progress)
        with workspace.write() as conn:
            seed_classes(conn, PRESETS["camvid-11"], author=AUTHOR)
        import_images(workspace, sample.images)
    return root
