"""What a second head learns: strokes, carried labels, and what the first one is sure of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from rewis3d import relearn
from rewis3d.array_cache import ArrayCache
from rewis3d.checkpoint import build
from rewis3d.clip import Clip
from rewis3d.config import QuickConfig
from rewis3d.features import Frames
from rewis3d.fit import Pixels, Portion
from rewis3d.job import View
from rewis3d.models.network import ready
from rewis3d.models.segmenter import HYPERCOLUMN, Head, Segmenter
from rewis3d.models.weights import lite0
from rewis3d.relearn import MOST_PSEUDO, Learner, portions, sure
from rewis3d.types import UNLABELLED
from tests.rewis3d.flow.test_motion import texture

SIZE = (48, 64)
RED = 0
"""Of a hypercolumn: its first feature."""


def red_or_not() -> Segmenter:
    """Return a network that says 1 where a pixel is redder than the middle, else 0."""
    head = Head(hidden=2, classes=2)
    with torch.no_grad():
        for part in head.parameters():
            part.zero_()
        head.hidden.weight[0, RED], head.hidden.weight[1, RED] = 80.0, -80.0
        head.classify.weight[1, 0] = head.classify.weight[0, 1] = 1.0
    return ready(build(QuickConfig(), head, lite0()))


def clip(folder: Path) -> Clip:
    """Return three frames of a moving texture; the first one is drawn on."""
    image = texture(0, (60, 120))
    for index in range(3):
        frame = image[: SIZE[0], 2 * index : 2 * index + SIZE[1]]
        cv2.imwrite(str(folder / f"{index}.png"), frame[:, :, ::-1])
    views = [View(i, f"{i}.png", *SIZE, labels="drawn" if i == 0 else None) for i in range(3)]
    frames = Frames(folder, ArrayCache(folder / "features"), torch.device("cpu"))
    return Clip(views, frames, ArrayCache(folder / "flow"))


def learner(drawn: Callable[[View], np.ndarray | None]) -> Learner:
    pixels = Pixels(torch.zeros(4, HYPERCOLUMN), torch.arange(4), torch.arange(4) % 2)
    return Learner(red_or_not(), pixels, drawn)


def stroke(view: View) -> np.ndarray | None:
    """Draw what is red in a part of the first frame as class 1, all else in it as class 0."""
    if view.labels is None:
        return None
    labels = np.full(SIZE, UNLABELLED, np.uint8)
    redder = texture(0, (60, 120))[: SIZE[0], : SIZE[1], 0] > 128
    labels[20:30, 20:50] = redder[20:30, 20:50]
    return labels


def found(folder: Path, stages: str, drawn: Callable = stroke) -> list[Portion]:
    config = QuickConfig(stages=stages)
    making = portions(learner(drawn), [clip(folder)], config, seed=0, stage="looking")
    said = []
    while True:
        try:
            said.append(next(making))
        except StopIteration as end:
            assert [(one.stage, one.done, one.total) for one in said] == [
                ("looking", done, 3) for done in (1, 2, 3)
            ]
            return end.value


def right(portion: Portion) -> float:
    """Return the share of a portion's labels that are what the pixels show."""
    columns = portion.pixels.table[portion.pixels.rows]
    return float(((columns[:, RED] > 0.008) == portion.pixels.labels.bool()).float().mean())


def test_carried_labels_are_learnt_where_the_network_gives_them_a_chance(tmp_path: Path) -> None:
    strokes, carried = found(tmp_path, "head,carried")
    assert (strokes.share, carried.share) == pytest.approx((0.8, 0.2))
    assert torch.equal(strokes.pixels.labels, torch.arange(4) % 2)
    assert len(carried.pixels.labels) > 300
    assert right(carried) > 0.97

    def swapped(view: View) -> np.ndarray | None:
        labels = stroke(view)
        return labels if labels is None else np.where(labels < 2, 1 - labels, labels)

    _, doubtful = found(tmp_path, "head,carried", swapped)  # near the middle anything may be
    assert len(doubtful.pixels.labels) < 0.1 * len(carried.pixels.labels)


def test_pseudo_labels_come_from_every_frame(tmp_path: Path) -> None:
    strokes, pseudo = found(tmp_path, "head,pseudo")
    assert strokes.share + pseudo.share == pytest.approx(1)
    cells = (SIZE[0] * 3 // 8) * (SIZE[1] * 3 // 8)  # of the network's logits
    assert 0.8 * cells < len(pseudo.pixels.labels) / 3 <= min(cells, MOST_PSEUDO)
    assert right(pseudo) > 0.9


def test_both_together_leave_a_share_to_the_strokes(tmp_path: Path) -> None:
    shares = [portion.share for portion in found(tmp_path, "head,carried,pseudo")]
    assert shares == pytest.approx([0.4, 0.2, 0.4])


def test_without_strokes_nothing_is_carried(tmp_path: Path) -> None:
    assert len(found(tmp_path, "head,carried", lambda _: None)) == 1


def test_what_is_sure_is_chosen_and_rare_classes_are_not_forgotten() -> None:
    confidence = np.full((100, 100), 0.9, np.float32)
    confidence[50:] = relearn.SURE
    labels = np.zeros((100, 100), np.uint8)
    labels[0, :50] = 1
    chosen = sure(confidence, labels, np.random.default_rng(0))
    assert len(chosen) == len(np.unique(chosen)) == MOST_PSEUDO
    assert (chosen < 5000).all()
    # 1 % of the sure pixels by number, about 9 % by the square root of it
    assert 25 <= (labels.reshape(-1)[chosen] == 1).sum() <= 50
    assert len(sure(np.zeros((4, 4), np.float32), labels[:4, :4], np.random.default_rng(0))) == 0
