"""How long a reconstruction will take and what it needs, told before it begins.

The figures are processor seconds of one core of a server, measured on clips of 256x192 to 1024x768
(docs/benchmarks.md). Other machines, and other work beside, show while it runs (remaining.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rewis3d.job import View
from rewis3d.reconstruct.cameras.pairs import close_pairs, first_pairs
from rewis3d.reconstruct.chunks.plan import cover, plan, shots
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.mapanything_views import LONGEST

LOOKED_AT: Final = 1600
"""Pixels on the longer side in which features are looked for (cameras/features.py)."""
DETECTING: Final = 0.9e-6
"""Seconds a pixel."""
FEATURES: Final = 0.009
"""Features a pixel, up to MOST of an image."""
MOST: Final = 5500
MATCHING: Final = 14e-6
"""Seconds a pair of frames and feature."""
MAPPING: Final = 0.4e-3
"""Seconds a frame and feature; one thread does nearly all of it."""
SWEEPING: Final = 66e-9
"""Seconds a cell and plane of depth: matching one view."""
CHECKING: Final = 1.1e-6
"""Seconds a cell: holding one view against others."""
BASE: Final = 300e6
"""Bytes of the program itself."""
MAPPED: Final = 1.6e3
"""Bytes a frame and feature of the largest chunk while it is mapped; hardly any are given back."""
SWEPT: Final = 12
"""Bytes a cell and plane while a view is matched, by each thread."""
VOLUMES: Final = 2 << 30
"""Bytes that stereo takes at most for them (stereo/densify.py)."""
KEPT: Final = 230
"""Bytes a feature in the database, with its matches."""
COPIES: Final = 10
"""Bytes a cell on the disk of what a network made: as its pass left it, and as it is joined."""
RAW: Final = 16
"""Bytes a cell on the disk: raw depths while it runs, and what is left of them."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a reconstruction will take."""

    backend: str
    frames: int
    chunks: tuple[tuple[int, int], ...]
    """The first and the last frame of each chunk, by their places. Cuts may move them."""
    seconds: Mapping[str, float]
    """Of each stage, in their order; empty where nobody knows: a network on another machine."""
    memory_bytes: int | None
    """At most at a time; it does not grow with the number of chunks. None where nobody knows."""
    disk_bytes: int
    """While it runs."""

    @property
    def total_seconds(self) -> float | None:
        """Of all stages; None where nobody knows."""
        return sum(self.seconds.values()) if self.seconds else None


def forecast(
    views: Sequence[View], config: ReconstructConfig, *, backend: str, threads: int
) -> Forecast:
    """Return what reconstructing these frames will take; `backend` is the one that will do it.

    Clips are taken for film in which nothing is cut, and depths of given cameras as not known.
    """
    clips = _clips(views)
    if backend in ("mapanything", "depth"):
        return _of_network(views, clips, config, backend)
    given = backend == "given"
    most = len(views) if given else config.chunk
    chunks = [chunk for chunk in plan(clips, most=most, overlap=config.overlap) if chunk]
    largest = max(map(len, chunks), default=0)
    cell = max((_cells(view, config.max_side) for view in views), default=0)
    volume = min(threads * SWEPT * cell * config.planes, VOLUMES)
    mapped = 0.0 if given else MAPPED * _features(views) * largest
    cells = sum(_cells(view, config.max_side) for view in views)
    return Forecast(
        backend,
        len(views),
        tuple((chunk[0], chunk[-1]) for chunk in chunks),
        _stages(views, _pairs(chunks, clips), config, given=given, threads=threads),
        int(BASE + mapped + volume),
        int(RAW * cells + KEPT * _features(views) * len(views)),
    )


def _of_network(
    views: Sequence[View], clips: Sequence[Sequence[int]], config: ReconstructConfig, backend: str
) -> Forecast:
    most = 1 if backend == "depth" else config.batch
    chunks = [
        (chunk[0], chunk[-1])
        for shot in shots(clips, frozenset())
        for chunk in cover(shot, most=most, overlap=config.overlap)
    ]
    side = config.max_side if backend == "depth" else LONGEST
    cells = sum(_cells(view, side) for view in views)
    return Forecast(backend, len(views), tuple(chunks), {}, None, int(COPIES * cells))


def _stages(
    views: Sequence[View],
    pairs: Mapping[str, int],
    config: ReconstructConfig,
    *,
    given: bool,
    threads: int,
) -> dict[str, float]:
    """Return the seconds of each stage; other threads help as the root of their number says."""
    features = _features(views)
    cells = sum(_cells(view, config.max_side) for view in views)
    work = {"features": DETECTING * sum(_pixels(view) for view in views)}
    work |= {stage: MATCHING * features * count for stage, count in pairs.items()}
    work |= {} if given else {"mapping": MAPPING * features * len(views) * threads**0.5}
    work |= {"measuring depth": SWEEPING * config.planes * cells}
    work |= {"checking depth": CHECKING * cells}
    return {stage: seconds / threads**0.5 for stage, seconds in work.items()}


def _pairs(chunks: Sequence[Sequence[int]], clips: Sequence[Sequence[int]]) -> dict[str, int]:
    """Return how many pairs of frames are compared, by stage."""
    if len(chunks) < 2:
        return {"matching": len(first_pairs(clips))}
    near = {pair for clip in clips for pair in close_pairs(clip)}
    inside = [[sorted(set(clip) & set(chunk)) for clip in clips] for chunk in chunks]
    wanted = {pair for parts in inside for pair in first_pairs([part for part in parts if part])}
    return {"matching neighbours": len(near), "matching": len(wanted - near)}


def _clips(views: Sequence[View]) -> list[list[int]]:
    clips: dict[int, list[int]] = {}
    for place, view in enumerate(views):
        clips.setdefault(view.clip, []).append(place)
    return list(clips.values())


def _pixels(view: View) -> float:
    """Return how many pixels features are looked for in."""
    shrink = min(1.0, LOOKED_AT / max(view.width, view.height))
    return view.width * view.height * shrink**2


def _cells(view: View, max_side: int) -> float:
    shrink = min(1.0, max_side / max(view.width, view.height))
    return view.width * view.height * shrink**2


def _features(views: Sequence[View]) -> float:
    """Return how many features a frame has, in the mean."""
    counts = [min(FEATURES * _pixels(view), MOST) for view in views]
    return sum(counts) / max(len(counts), 1)
