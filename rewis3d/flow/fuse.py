"""Predictions of a clip's frames, fused along the flow: each frame hears its neighbours.

A pixel's probabilities are added to those of the same place in the frames before and after, as far
as the flow between them can be trusted, and the less the further away they are. What a network
takes for something else in one frame of many is outvoted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import torch
from jaxtyping import Float16, Float32, Int64
from torch import Tensor

from rewis3d.flow.motion import Flow, Motion

MEMORY: Final = 0.9
"""What a neighbour counts beside a frame itself, where the flow is fully trusted."""
DRAWN: Final = 10.0
"""Frames that agree in a class count as much as a stroke."""
REACH: Final = 24
"""Frames after a frame that it hears at least: those further away count less than a tenth."""
_BYTES: Final = 512 << 20
"""What predictions may take in memory."""
_FEWEST: Final = 8
"""So many frames are fused at once, however much they take."""

Probabilities = Float32[Tensor, "k h w"]


@dataclass(frozen=True, slots=True)
class Predicted:
    """A frame of a clip as a network sees it, on the grid of the flow."""

    probabilities: Float32[Tensor, "k h w"]
    since: Motion | None
    """Since the frame before; None for the first one, and after a cut."""
    drawn: Int64[Tensor, "h w"] | None = None
    """Train ids of strokes; k and more where there is none."""

    @property
    def evidence(self) -> Float32[Tensor, "k h w"]:
        """What it has to say: where somebody drew, that class as loud as DRAWN frames."""
        if self.drawn is None:
            return self.probabilities
        classes = len(self.probabilities)
        places = (self.drawn < classes).nonzero(as_tuple=True)
        said = self.probabilities.clone()
        said[:, *places] = 0
        said[self.drawn[places], *places] = DRAWN
        return said


@dataclass(frozen=True, slots=True)
class _Kept:
    """The same at half the size."""

    evidence: Float16[Tensor, "k h w"]
    since: Motion | None


def fuse(frames: Iterable[Predicted], *, memory: float = MEMORY) -> Iterator[Probabilities]:
    """Yield the probabilities of a clip's frames fused, in order.

    What is in memory is bounded: frames come when they are needed.
    """
    source = iter(frames)
    window: list[_Kept] = []
    past: Probabilities | None = None
    while True:
        window += [_halved(each) for each in islice(source, 0 if window else 1)]
        if not window:
            return
        most = _most(window[0])
        window += [_halved(each) for each in islice(source, most - len(window))]
        ready = len(window) - REACH if len(window) == most else len(window)
        sums = _sums(window, past, ready=ready, memory=memory)
        past = sums.past
        for total in sums.both:
            yield total / total.sum(0)
        del window[:ready]


@dataclass(frozen=True, slots=True)
class _Sums:
    both: Sequence[Probabilities]
    """Of each frame that is ready: all that it hears."""
    past: Probabilities
    """Of the last one of them: what it hears of the frames before, and itself."""


def _most(frame: _Kept) -> int:
    """Return how many frames are in memory at a time."""
    return REACH + max(_FEWEST, _BYTES // (4 * frame.evidence.numel()) - REACH)


def _halved(frame: Predicted) -> _Kept:
    return _Kept(frame.evidence.half(), frame.since)


def _sums(
    window: Sequence[_Kept], past: Probabilities | None, *, ready: int, memory: float
) -> _Sums:
    """Add up what the first frames of a window hear from both sides."""
    both: list[Probabilities] = []
    for frame in window[:ready]:
        past = _with(past, frame, frame.since and frame.since.back, memory)
        both.append(past)
    if past is None:
        raise ValueError("no frame is ready")
    future: Probabilities | None = None
    for index in reversed(range(len(window))):
        since = window[index + 1].since if index + 1 < len(window) else None
        future = _with(future, window[index], since and since.there, memory)
        if index < ready:
            both[index] = both[index] + future - window[index].evidence
    return _Sums(both, past)


def _with(
    there: Probabilities | None, frame: _Kept, flow: Flow | None, memory: float
) -> Probabilities:
    """Return what a frame says, with what it hears from its neighbour on one side."""
    own = frame.evidence.float()
    if there is None or flow is None:
        return own
    heard = memory * torch.from_numpy(flow.trust).to(own.device)
    return torch.addcmul(own, flow.pull(there), heard)
