"""Which labelled pixels judge a model and train nothing.

A stroke counts as so many pieces as it is long; a fifth of each class's pieces, over all frames,
judges. Strokes are taken in a random order, whole while they fit, and one at most is cut: what
judges lies together, and as little as possible of it beside pixels of the same stroke that train.
Between the two a gap is left unlabelled, or the score would be that of pixels that the model saw.
A class whose labels can't be shared so keeps all of them for training and is not judged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

from annotations.frames import LabelledFrame
from annotations.rasterise import coverage, painted_values
from annotations.types import UNLABELLED, ClassMap, Stroke

SHARE: Final = 0.2
"""Of each class's pieces."""
PIECE: Final = 16.0
"""Pixels of a path that count as one piece; of a brush wider than that, its width."""
GAP: Final = 8
"""Pixels between what judges and what trains."""


@dataclass(frozen=True, slots=True)
class Split:
    """A frame's labels and which of them judge; the other ones train."""

    frame_id: int
    labels: UInt8[np.ndarray, "h w"]
    """Train id, UNLABELLED or IGNORED: as rasterised, but for the gaps, which are UNLABELLED."""
    judge: Bool[np.ndarray, "h w"]
    """True for labelled pixels that judge and must train nothing."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """Which part of a stroke judges: this share of its length, at its end or its start."""

    share: float
    at_end: bool


def split_frames(
    labelled: Sequence[LabelledFrame],
    class_map: ClassMap,
    *,
    seed: int,
    on_frame: Callable[[], None] = lambda: None,
) -> Iterator[Split]:
    """Yield each frame's labels with the pixels that judge, in the given order, one at a time.

    The same strokes and seed give the same split. Every class of `class_map` that has labels has
    some that train; one with a single piece, or none left beside the gap, is not judged. `on_frame`
    is called for every frame that is painted, also for those that are only looked at before the
    first is yielded; what it raises ends the splitting.
    """
    cuts: dict[str, _Cut] = {}
    for class_id in class_map.class_ids:
        of_class = [s for one in labelled for s in one.strokes if s.class_id == class_id]
        cuts |= _choose(of_class, seed)

    def painted(cuts: Mapping[str, _Cut]) -> Iterator[Split]:
        for one in labelled:
            split = _paint(one, cuts, class_map)
            on_frame()
            yield split

    judged = {s.class_id for one in labelled for s in one.strokes if s.uuid in cuts}
    starved = _starved(painted(cuts), judged, class_map)
    kept_whole = {s.uuid for one in labelled for s in one.strokes if s.class_id in starved}
    yield from painted({uuid: cut for uuid, cut in cuts.items() if uuid not in kept_whole})


def _choose(strokes: Sequence[Stroke], seed: int) -> dict[str, _Cut]:
    """Return the strokes of one class that judge, in part or whole.

    The order is that of their digests: strokes that are added or taken away later leave the others
    in theirs, so that what judges one round judges the next one too, but for the last few.
    """
    pieces = [max(1, round(_arc(s.xy)[-1] / max(PIECE, s.width))) for s in strokes]
    total = sum(pieces)
    left = min(max(1, round(SHARE * total)), total - 1)
    cuts = {}
    digests = [_digest(stroke, seed) for stroke in strokes]
    for index in sorted(range(len(strokes)), key=digests.__getitem__):
        taken = min(left, pieces[index])
        if taken > 0:
            at_end = digests[index][-1] % 2 == 0
            cuts[strokes[index].uuid] = _Cut(taken / pieces[index], at_end)
            left -= taken
    return cuts


def _digest(stroke: Stroke, seed: int) -> bytes:
    """Return what is as good as random, and the same again for the same stroke and seed."""
    drawn = f"{seed} {stroke.frame_id} {stroke.class_id} {stroke.width} ".encode()
    path = np.ascontiguousarray(stroke.xy, np.float32)
    return hashlib.sha256(drawn + path.tobytes()).digest()


def _paint(one: LabelledFrame, cuts: Mapping[str, _Cut], class_map: ClassMap) -> Split:
    height, width = one.frame.height, one.frame.width
    values = painted_values(class_map)
    labels = np.full((height, width), UNLABELLED, np.uint8)
    judge = np.zeros((height, width), bool)
    for stroke in one.strokes:
        if stroke.class_id not in values:
            continue
        rows, cols, covered = coverage(stroke.xy, stroke.width, height, width)
        labels[rows, cols][covered] = values[stroke.class_id]
        judge[rows, cols][covered] = stroke.uuid in cuts
        trains_xy = _training_part(stroke, cuts.get(stroke.uuid))
        if trains_xy is not None:
            rows, cols, covered = coverage(trains_xy, stroke.width, height, width)
            judge[rows, cols][covered] = False
    _clear_gaps(labels, judge)
    return Split(one.frame.frame_id, labels, judge)


def _training_part(stroke: Stroke, cut: _Cut | None) -> Float32[np.ndarray, "q 2"] | None:
    """Return the part of a cut stroke's path that trains; None where nothing is cut off."""
    if cut is None or cut.share == 1:
        return None
    arc = _arc(stroke.xy)
    first, last = (0.0, 1 - cut.share) if cut.at_end else (cut.share, 1.0)
    first, last = first * arc[-1], last * arc[-1]
    places = np.concatenate([[first], arc[(arc > first) & (arc < last)], [last]])
    path = [np.interp(places, arc, stroke.xy[:, axis].astype(np.float64)) for axis in (0, 1)]
    return np.stack(path, axis=1).astype(np.float32)


def _arc(xy: Float32[np.ndarray, "p 2"]) -> Float64[np.ndarray, "p"]:
    """Return the way from the path's start to each vertex, in pixels."""
    steps = np.diff(xy.astype(np.float64), axis=0)
    return np.append(0.0, np.linalg.norm(steps, axis=1).cumsum())


def _clear_gaps(labels: UInt8[np.ndarray, "h w"], judge: Bool[np.ndarray, "h w"]) -> None:
    """Leave unlabelled what lies within GAP of judging pixels of its own class, but trains."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * GAP + 1, 2 * GAP + 1))
    for value in np.unique(labels[judge]):
        judging = judge & (labels == value)
        near = cv2.dilate(judging.astype(np.uint8), disc) > 0
        labels[near & (labels == value) & ~judge] = UNLABELLED


def _starved(splits: Iterable[Split], judged: Set[int], class_map: ClassMap) -> set[int]:
    """Return which of the judged class ids have no label left that trains.

    Looks at no more frames than it takes to find one for each class: mostly a few.
    """
    values = painted_values(class_map)
    waiting = set(judged)
    for split in splits:
        training = np.bincount(split.labels[~split.judge], minlength=256) > 0
        waiting -= {class_id for class_id in waiting if training[values[class_id]]}
        if not waiting:
            break
    return waiting
