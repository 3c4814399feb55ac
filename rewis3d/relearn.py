"""The second stage of a quick round: a head that learns from frames nobody drew on, too.

Two things are known of the frames around those with strokes. Labels that the flow carries there
are nearly always right, and few. What the first head says of them, fused over time, is right where
it is sure, and all over the frame (pseudo-labels). A head that learns both beside the strokes is
better on frames without strokes (docs/decisions/0012-stages-of-a-quick-round.md).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32, Int64, UInt8
from torch import Tensor

from rewis3d.carried_labels import carried_labels
from rewis3d.clip import Clip
from rewis3d.config import QuickConfig
from rewis3d.features import hypercolumns
from rewis3d.fit import Pixels, Portion, probability
from rewis3d.grown_labels import AGREED
from rewis3d.job import View
from rewis3d.models.segmenter import Segmenter
from rewis3d.prefetch import side_by_side
from rewis3d.readoff import Drawn, fused_on_own_grid
from rewis3d.reports import Progress

FOLLOWING: Final = "following what moves"
SURE: Final = 0.6
"""Fused probability from which on a prediction is a pseudo-label."""
MOST_CARRIED: Final = 600
"""Carried labels of a frame that are read, and ..."""
MOST_PSEUDO: Final = 500
"""... pseudo-labels."""
SHARE_CARRIED: Final = 0.2
"""Of a step's pixels."""
SHARE_PSEUDO: Final = 0.4


@dataclass(frozen=True, slots=True)
class Learner:
    """A network that has learnt the strokes, and what it may know of them."""

    network: Segmenter
    """`ready` and on its device."""
    pixels: Pixels
    """What its head has learnt."""
    drawn: Drawn


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Pixels of a frame that nobody labelled, with labels."""

    rc: Int64[np.ndarray, "n 2"]
    labels: UInt8[np.ndarray, "n"]


def followed(clips: Sequence[Clip]) -> Iterator[Progress]:
    """Find out how the frames of clips move: what is learnt from them follows that."""
    done, total = 0, sum(len(clip.views) for clip in clips)
    for clip in clips:
        for _ in side_by_side(clip.motion, range(len(clip.views))):
            done += 1
            yield Progress(FOLLOWING, done, total)


def portions(
    learner: Learner, clips: Sequence[Clip], config: QuickConfig, *, seed: int, stage: str
) -> Generator[Progress, None, list[Portion]]:
    """Return what a second head learns: the strokes, and what is found in the clips."""
    found = _Table(learner)
    done, total = 0, sum(len(clip.views) for clip in clips)
    for clip in clips:
        for chosen, columns in _read(learner, clip, config, seed):
            found.add(chosen, columns)
            done += 1
            yield Progress(stage, done, total)
    known = found.pixels()
    added = [
        Portion(pixels, share)
        for pixels, share in zip(known, (SHARE_CARRIED, SHARE_PSEUDO), strict=True)
        if len(pixels.labels)
    ]
    return [Portion(learner.pixels, 1.0 - sum(portion.share for portion in added)), *added]


_Read = tuple[Sequence[_Chosen], Float32[Tensor, "n f"]]
"""The carried labels and the pseudo-labels of a frame, and what the head sees of their pixels."""


def _read(learner: Learner, clip: Clip, config: QuickConfig, seed: int) -> Iterator[_Read]:
    """Choose what is learnt of a clip's frames, and read it, frame by frame."""
    carried = _carried(learner, clip, seed) if config.does("carried") else repeat(_NOTHING)
    pseudo = (
        _pseudo(learner, clip, seed, memory=config.memory)
        if config.does("pseudo")
        else repeat(_NOTHING)
    )

    def read(each: tuple[View, _Chosen, _Chosen]) -> _Read:
        view, *chosen = each
        rc = np.concatenate([one.rc for one in chosen])
        if not len(rc):
            return chosen, learner.pixels.table[:0]
        rgb, maps = clip.frames.read(learner.network, view)
        return chosen, hypercolumns(maps, rgb, torch.from_numpy(rc).to(rgb.device))

    return side_by_side(read, zip(clip.views, carried, pseudo, strict=False))


class _Table:
    """What the head sees of the chosen pixels: carried ones and pseudo-labels."""

    def __init__(self, learner: Learner) -> None:
        self._learner = learner
        self._columns: list[Float32[Tensor, "n f"]] = [learner.pixels.table[:0]]
        self._labels: list[UInt8[np.ndarray, "n"]] = []
        self._kinds: list[Int64[np.ndarray, "n"]] = []

    def add(self, chosen: Sequence[_Chosen], columns: Float32[Tensor, "n f"]) -> None:
        """Take what was read of a frame."""
        self._columns.append(columns)
        self._labels += [one.labels for one in chosen]
        self._kinds += [np.full(len(one.labels), kind) for kind, one in enumerate(chosen)]

    def pixels(self) -> tuple[Pixels, Pixels]:
        """Return carried labels to which the network gives a chance by itself, and pseudo-labels.

        What was read is let go.
        """
        table = torch.cat(self._columns)
        self._columns.clear()
        labels = torch.from_numpy(np.concatenate([np.zeros(0, np.uint8), *self._labels]))
        kinds = torch.from_numpy(np.concatenate([np.zeros(0, np.int64), *self._kinds]))
        everything = Pixels(
            table,
            torch.arange(len(table), device=table.device),
            labels.to(table.device, torch.int64),
        )
        carried, pseudo = (everything.where((kinds == kind).to(table.device)) for kind in (0, 1))
        chance = probability(self._learner.network.head, carried)
        return carried.where(chance >= AGREED), pseudo


_NOTHING: Final = _Chosen(np.zeros((0, 2), np.int64), np.zeros(0, np.uint8))


def _carried(learner: Learner, clip: Clip, seed: int) -> Iterator[_Chosen]:
    """Choose among what the clip's strokes say about its other frames, frame by frame."""
    labels = carried_labels(clip, learner.drawn)
    for view in clip.views:
        ghosts = labels.of(view.frame_id)
        if ghosts is None:
            yield _NOTHING
            continue
        rng = np.random.default_rng([seed, view.frame_id, 0])
        cells = np.flatnonzero(ghosts.labels < learner.network.classifier.out_features)
        cells = rng.choice(cells, min(MOST_CARRIED, len(cells)), replace=False)
        yield _chosen(cells, ghosts.labels, view)


def _pseudo(learner: Learner, clip: Clip, seed: int, *, memory: float) -> Iterator[_Chosen]:
    """Choose among what is sure of the network's predictions, fused over time, frame by frame."""
    fused = fused_on_own_grid(learner.network, clip, memory=memory, drawn=learner.drawn)
    for view, probabilities in zip(clip.views, fused, strict=True):
        rng = np.random.default_rng([seed, view.frame_id, 1])
        best, labels = (part.cpu().numpy() for part in probabilities.max(0))
        labels = labels.astype(np.uint8)
        yield _chosen(sure(best, labels, rng), labels, view)


def _chosen(cells: Int64[np.ndarray, "n"], labels: UInt8[np.ndarray, "r c"], view: View) -> _Chosen:
    """Return the pixels at the centres of cells of a grid over a frame, with the cells' labels."""
    centres = np.stack(np.unravel_index(cells, labels.shape), axis=1) + 0.5
    rc = (centres * [view.height, view.width] / labels.shape).astype(np.int64)
    return _Chosen(rc, labels.reshape(-1)[cells])


def sure(
    confidence: Float32[np.ndarray, "r c"],
    labels: UInt8[np.ndarray, "r c"],
    rng: np.random.Generator,
) -> Int64[np.ndarray, "n"]:
    """Choose cells that are SURE, MOST_PSEUDO at most; classes by the square root of their size."""
    cells = np.flatnonzero(confidence > SURE)
    own = labels.reshape(-1)[cells]
    weights = 1 / np.sqrt(np.maximum(np.bincount(own), 1))[own]
    most = min(MOST_PSEUDO, len(cells))
    if most == 0:
        return cells
    return rng.choice(cells, most, replace=False, p=weights / weights.sum())
