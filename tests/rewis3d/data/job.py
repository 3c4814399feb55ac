"""A job with a scene: three frames of the small street and one without geometry."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from rewis3d.job import Job, View
from rewis3d.material import ImageAugment, Sampling
from rewis3d.method import MethodConfig, Run
from rewis3d.scene import SceneFolder, SceneGeometry
from rewis3d.types import UNLABELLED, ClassSpec
from tests.rewis3d.sampling.street import FRAMES, SIZE, UP, street

SCALE = 2
HEIGHT, WIDTH = SCALE * SIZE[0], SCALE * SIZE[1]
LONE = 4
"""A frame that no scene has."""
LABELLED = (3, 4, 8)
CLASSES = (ClassSpec(0, "ground", (0, 200, 0)), ClassSpec(1, "wall", (0, 0, 200)))
CONFIG = MethodConfig(
    run=Run(frames="all"),
    sampling=Sampling(points=150),
    image=ImageAugment(crop_height=16, crop_width=20, cutout_size=4),
)


@dataclass(frozen=True)
class Made:
    job: Job
    folder: Path
    scene: SceneFolder
    images: dict[int, np.ndarray]
    labels: dict[int, np.ndarray]
    judges: dict[int, np.ndarray]


def make(root: Path) -> Made:
    """Write images, label maps, judging pixels and a scene."""
    scene = street(image=SCALE)
    folder = SceneFolder(root / "scene")
    folder.write_cameras([SceneGeometry(tuple(v.geometry for v in scene.views), UP, "metric")])
    for view in scene.views:
        folder.write_view(view.frame_id, depth=view.depth, confidence=view.confidence)
    rng = np.random.default_rng(0)
    images, labels, judges, views = {}, {}, {}, []
    for frame in (8, *FRAMES[:2], LONE):  # the open one comes first
        images[frame] = rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
        cv2.imwrite(str(root / f"{frame}.png"), images[frame][..., ::-1])
        if frame not in LABELLED:
            views.append(View(frame, f"{frame}.png", HEIGHT, WIDTH))
            continue
        kinds = np.array([0, 1, UNLABELLED], np.uint8)
        labels[frame] = rng.choice(kinds, (HEIGHT, WIDTH))
        judges[frame] = (rng.random((HEIGHT, WIDTH)) < 0.3) & (labels[frame] != UNLABELLED)
        cv2.imwrite(str(root / f"{frame}.labels.png"), labels[frame])
        cv2.imwrite(str(root / f"{frame}.judge.png"), judges[frame].astype(np.uint8) * 255)
        views.append(
            View(
                frame,
                f"{frame}.png",
                HEIGHT,
                WIDTH,
                f"{frame}.labels.png",
                f"{frame}.judge.png",
            )
        )
    job = Job("train", tuple(views), CLASSES, {}, seed=5)
    return Made(job, root, folder, images, labels, judges)
