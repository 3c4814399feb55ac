"""What the strokes of a clip say about its other frames."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch

from rewis3d.array_cache import ArrayCache
from rewis3d.carried_labels import CarriedLabels, alike, carried_labels
from rewis3d.carry import Carried
from rewis3d.clip import Clip
from rewis3d.features import Frames
from rewis3d.job import View
from rewis3d.propagate import Ghosts
from rewis3d.types import UNLABELLED
from tests.rewis3d.flow.test_motion import texture

SIZE = (60, 80)
STEP = 2
COUNT = 5


def clip(folder: Path) -> Clip:
    """Return frames of a texture that moves to the left by STEP pixels each."""
    image = texture(0, (60, 120))
    views = []
    for index in range(COUNT):
        frame = image[:, STEP * index : STEP * index + SIZE[1]]
        cv2.imwrite(str(folder / f"{index}.png"), frame[:, :, ::-1])
        views.append(
            View(index, f"{index}.png", *SIZE, labels="drawn" if index in (0, 4) else None)
        )
    frames = Frames(folder, ArrayCache(folder / "features"), torch.device("cpu"))
    return Clip(views, frames, ArrayCache(folder / "flow"))


def test_strokes_are_found_again_where_they_went(tmp_path: Path) -> None:
    first, last = (np.full(SIZE, UNLABELLED, np.uint8) for _ in range(2))
    first[20:23, 30:60], last[40:43, 20:50] = 1, 2
    told = {0: first, 4: last}
    found = carried_labels(clip(tmp_path), lambda view: told.get(view.frame_id))
    assert found.frame_ids == [1, 2, 3]  # who was drawn on hears nothing
    assert found.of(0) is None
    for index in found.frame_ids:
        ghosts = of(found, index)
        wanted = np.full(SIZE, UNLABELLED, np.uint8)
        wanted[20:23, 30 - STEP * index : 60 - STEP * index] = 1
        back = STEP * (4 - index)
        wanted[40:43, 20 + back : 50 + back] = 2
        said = ghosts.labels != UNLABELLED
        assert (ghosts.labels == wanted)[said].mean() > 0.95
        assert (ghosts.labels == wanted)[wanted != UNLABELLED].mean() > 0.8
        assert set(np.unique(ghosts.sources)) <= {-1, 0, 4}
        assert (ghosts.confidence[said] > 0.3).all()
    assert (of(found, 1).sources[of(found, 1).labels == 1] == 0).all()


def of(found: CarriedLabels, frame_id: int) -> Ghosts:
    ghosts = found.of(frame_id)
    assert ghosts is not None
    return ghosts


def test_two_frames_that_disagree_say_nothing(tmp_path: Path) -> None:
    told = {}
    for index, label in ((0, 1), (4, 2)):
        told[index] = np.full(SIZE, UNLABELLED, np.uint8)
        told[index][20:30, 30 - STEP * index : 60 - STEP * index] = label
    found = carried_labels(clip(tmp_path), lambda view: told.get(view.frame_id))
    assert (of(found, 2).labels == UNLABELLED).mean() > 0.98


def test_a_clip_without_strokes_has_nothing_to_say(tmp_path: Path) -> None:
    assert carried_labels(clip(tmp_path), lambda _: None).frame_ids == []


def test_labels_on_another_colour_are_lost() -> None:
    image = np.full((2, 3, 3), 90, np.uint8)
    source = image.copy()
    image[0, 1] = (90, 90, 160)
    image[0, 2] = (93, 90, 88)
    cells = np.arange(3, dtype=np.int32)
    trust = np.ones(3, np.float32)
    kept = alike(Carried(7, cells, np.array([1, 2, 3], np.uint8), trust, cells), image, source)
    assert kept.labels.tolist() == [1, 3]
    assert kept.cells.tolist() == kept.source_cells.tolist() == [0, 2]
    none = np.zeros(0, np.int32)
    empty = Carried(7, none, none.astype(np.uint8), none.astype(np.float32), none)
    assert alike(empty, image, source).equals(empty)
