"""Labels of drawn frames, carried along the flow to the frames before and after them.

What geometry can't carry goes this way too: what moves, and the sky. Each frame hears the nearest
drawn frame on either side. A pixel is followed back to where it was there, and has the label of
that place: strokes keep their shape, and what was hidden in between is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from rewis3d.carry import Carried
from rewis3d.flow.motion import Flow, Motion
from rewis3d.prefetch import side_by_side
from rewis3d.types import IGNORED

REACH: Final = 15
"""Frames over which labels are carried."""
LEAST: Final = 0.3
"""Trust in the whole way below which a label is lost."""

Labels = UInt8[np.ndarray, "h w"]


@dataclass(frozen=True, slots=True)
class _Way:
    """Where the pixels of a frame were in a drawn one."""

    source: int
    age: int
    xy: Float32[np.ndarray, "h w 2"]
    """In pixels of the grid; the centre of pixel i is at i."""
    trust: Float32[np.ndarray, "h w"]
    """0 to 1: in all steps of the way."""

    def stepped(self, flow: Flow) -> _Way:
        """Return the way from one frame further away; `flow` leads from there to here."""
        xy = torch.from_numpy(self.xy).permute(2, 0, 1)
        pulled = flow.pull(xy, beyond="border").permute(1, 2, 0).contiguous().numpy()
        trust = flow.pull(torch.from_numpy(self.trust)[None])[0].numpy()
        return _Way(self.source, self.age + 1, pulled, trust * flow.trust)


def carry_along(
    frames: Sequence[int],
    labels: Mapping[int, Labels],
    motion: Callable[[int], Motion | None],
    *,
    reach: int = REACH,
) -> Iterator[tuple[int, Carried]]:
    """Yield what drawn frames say about others of a clip: (frame id, what is carried there).

    `frames` are the clip's frame ids in order, `labels` those of drawn frames on the grid of the
    flow, `motion(i)` that from frame i - 1 to frame i (None: a cut). Cells are the grid's; a
    carried label's confidence is the trust in its way. First come all that are carried forward,
    then all that are carried back; two threads may ask for motions at once.
    """

    order = range(len(frames))
    ways = (
        _one_way(order, frames, labels, lambda i: _back(motion(i)), reach),
        _one_way(reversed(order), frames, labels, lambda i: _there(motion(i + 1)), reach),
    )
    for carried in side_by_side(list, ways):
        yield from carried


def _back(motion: Motion | None) -> Flow | None:
    return motion and motion.back


def _there(motion: Motion | None) -> Flow | None:
    return motion and motion.there


def _one_way(
    order: Iterable[int],
    frames: Sequence[int],
    labels: Mapping[int, Labels],
    flow: Callable[[int], Flow | None],
    reach: int,
) -> Iterator[tuple[int, Carried]]:
    """Follow pixels back along one direction; `flow(i)` leads from frame i to the one before."""
    way: _Way | None = None
    for index in order:
        if way is not None:
            step = flow(index)
            way = None if step is None or way.age == reach else way.stepped(step)
        if way is not None:
            yield frames[index], _found(way, labels[way.source])
        if frames[index] in labels:
            way = _here(frames[index], labels[frames[index]].shape)


def _here(frame_id: int, size: tuple[int, ...]) -> _Way:
    y, x = np.indices(size, np.float32)
    return _Way(frame_id, 0, np.stack([x, y], axis=2), np.ones(size, np.float32))


def _found(way: _Way, labels: Labels) -> Carried:
    """Return the labels at the places where pixels were."""
    height, width = labels.shape
    column, row = np.moveaxis(np.rint(way.xy).astype(np.int32), 2, 0)
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    cells = np.flatnonzero(inside & (way.trust > LEAST))
    sources = (row * width + column).reshape(-1)[cells]
    found = labels.reshape(-1)[sources]
    chosen = found < IGNORED
    cells = cells[chosen]
    return Carried(
        way.source,
        cells.astype(np.int32),
        found[chosen],
        way.trust.reshape(-1)[cells],
        sources[chosen].astype(np.int32),
    )
