"""A tiny training job: three frames of coloured halves, two of them with strokes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from rewis3d.job import Job, View, write_job
from rewis3d.presets import resolve, to_json
from rewis3d.types import UNLABELLED, ClassSpec

HEIGHT, WIDTH = 48, 64
CLASSES = (ClassSpec(0, "grass", (0, 200, 0)), ClassSpec(1, "sky", (0, 0, 200)))

ORIGIN = {"round": "1", "preset": "quick", "label_revision": "24"}


def make(
    root: Path, *, frames: int = 3, labelled: tuple[int, ...] = (0, 1), **settings: str
) -> Path:
    """Write a job folder under `root` and return it."""
    folder = root / "rounds" / "0001" / "job"
    for name in ("labels", "judge"):
        (folder / name).mkdir(parents=True)
    (root / "frames").mkdir()
    views = []
    for index in range(frames):
        rng = np.random.default_rng(index)
        image = rng.integers(0, 60, (HEIGHT, WIDTH, 3)).astype(np.uint8)
        image[: HEIGHT // 2, :, 0] += 180  # the sky is blue (BGR)
        image[HEIGHT // 2 :, :, 1] += 180
        cv2.imwrite(str(root / "frames" / f"{index}.png"), image)
        views.append(_view(index, folder, index in labelled))
    overrides = {
        "steps": "30",
        "grown_steps": "40",
        "batch": "64",
        "around_steps": "60",
        "stages": "head",
    } | settings
    config = to_json(resolve("quick", overrides))
    write_job(Job("quick", tuple(views), CLASSES, config, seed=0, options=ORIGIN), folder)
    return folder


def _view(index: int, folder: Path, labelled: bool) -> View:
    image = f"../../../frames/{index}.png"
    if not labelled:
        return View(index, image, HEIGHT, WIDTH)
    labels = np.full((HEIGHT, WIDTH), UNLABELLED, np.uint8)
    labels[4:7, 5:60], labels[40:43, 5:60] = 1, 0
    judge = np.zeros_like(labels)
    judge[4:7, 50:60] = judge[40:43, 50:60] = 255
    cv2.imwrite(str(folder / "labels" / f"{index}.png"), labels)
    cv2.imwrite(str(folder / "judge" / f"{index}.png"), judge)
    return View(index, image, HEIGHT, WIDTH, f"labels/{index}.png", f"judge/{index}.png")


def read_labels(folder: Path, index: int) -> np.ndarray:
    """Return a published label map."""
    path = folder.parent / "predictions" / f"{index}.labels.png"
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
