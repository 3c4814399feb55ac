"""Which parts of a mapped model can be believed: wrong geometry must not pass for a scene."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from rewis3d.reconstruct.cameras.epipolar import Placed, agreeing
from rewis3d.reconstruct.cameras.groups import groups_of
from rewis3d.reconstruct.cameras.matching import Match
from rewis3d.reconstruct.cameras.model import Model, angles, part
from rewis3d.reconstruct.cameras.parallax import SOLID
from rewis3d.reconstruct.cameras.trajectory import breaks

OBSERVATIONS: Final = 20
"""Well seen points below which a view's pose is anybody's guess."""
ANGLE: Final = 1.0
"""Degrees between its rays from which a point is well seen."""
ERROR: Final = 1 / 120
"""Of the longer side, as a share: reprojection error up to which a point is well seen."""
AGREEMENT: Final = 0.5
"""Share of a pair's matches that have to fit its cameras."""
LINKS: Final = 15
"""Agreeing matches from which two views hold on to each other."""
SMALLEST: Final = 3
"""Views of a piece: two that are left over from more have nothing that could contradict them."""
FOCALS: Final = (0.4, 5.0)
"""Focal lengths in longer sides beyond which the calibration has run away."""


@dataclass(frozen=True, slots=True)
class Link:
    """A pair of views with its matches and its parallax (parallax.py)."""

    match: Match
    parallax: float


@dataclass(frozen=True, slots=True)
class Validated:
    """What is left of a model."""

    pieces: list[Model] = field(default_factory=list)
    reasons: dict[int, str] = field(default_factory=dict)
    """By place, for the views that are in no piece."""


def validate(
    model: Model, links: Sequence[Link], *, videos: Sequence[Sequence[int]], whole: int
) -> Validated:
    """Take a model apart where it can't be true.

    `videos` are the places of clips in order, `whole` the number of views that might have been
    in the model.
    """
    reasons: dict[int, str] = {}
    kept = _drop_weak(model, reasons)
    agreed = [link for link in links if _agrees(kept, link.match)]
    ends = _apart(((link.match.a, link.match.b) for link in agreed), kept, videos)
    pieces = []
    for group in groups_of(kept.places, ends):
        piece = part(kept, group)
        why = _refusal(piece, agreed, whole=whole)
        if why is None:
            piece = _drop_weak(piece, reasons)
            why = _refusal(piece, agreed, whole=whole) if piece.places else None
        reasons |= dict.fromkeys(piece.places, why) if why else {}
        if piece.places and why is None:
            pieces.append(piece)
    return Validated(pieces, reasons)


def _drop_weak(model: Model, reasons: dict[int, str]) -> Model:
    """Drop the views that see too few points well, until all that are left see enough."""
    while model.places:
        counts = _well_seen(model)
        weak = {place: n for place, n in counts.items() if n < OBSERVATIONS}
        for place, n in weak.items():
            reasons[place] = f"its place is uncertain: {n} points that other frames see well too"
        if not weak:
            break
        model = part(model, [place for place in model.places if place not in weak])
    return model


def _well_seen(model: Model) -> dict[int, int]:
    wide = angles(model) >= ANGLE
    counts = {}
    for place in model.places:
        camera = model.cameras[place]
        limit = ERROR * max(camera.width, camera.height)
        good = model.errors(place) < limit  # NaN, of what lies behind it, is none
        counts[place] = int((good & wide[model.point[model.place == place]]).sum())
    return counts


def _agrees(model: Model, match: Match) -> bool:
    if match.a not in model.poses or match.b not in model.poses:
        return False
    a, b = (Placed(model.cameras[at], model.poses[at]) for at in (match.a, match.b))
    fitting = agreeing(match, a, b)
    return bool(fitting.sum() >= LINKS and fitting.mean() >= AGREEMENT)


def _apart(
    ends: Iterable[tuple[int, int]], model: Model, videos: Sequence[Sequence[int]]
) -> list[tuple[int, int]]:
    """Leave out the links that reach over a break of a video's trajectory."""
    segment: dict[int, tuple[int, int]] = {}
    for number, video in enumerate(videos):
        found = [at for at, place in enumerate(video) if place in set(model.places)]
        if len(found) < 2:
            continue
        cuts = breaks(found, np.array([model.poses[video[at]] for at in found]))
        parts = np.searchsorted(cuts, np.arange(len(found)), side="right")
        segment |= {video[at]: (number, int(n)) for at, n in zip(found, parts, strict=True)}
    return [(a, b) for a, b in ends if _same_stretch(segment.get(a), segment.get(b))]


def _same_stretch(a: tuple[int, int] | None, b: tuple[int, int] | None) -> bool:
    return a is None or b is None or a[0] != b[0] or a == b


def _refusal(piece: Model, links: Sequence[Link], *, whole: int) -> str | None:
    if len(piece.places) < min(SMALLEST, whole):
        found = "1 frame" if len(piece.places) == 1 else f"{len(piece.places)} frames"
        return f"nothing confirms its place: {found} of {whole} with a geometry of their own"
    return still(links, piece.places) or _runaway(piece)


def still(links: Sequence[Link], places: Iterable[int]) -> str | None:
    """Say why the camera's motion among views gives no depth; None where it does."""
    inside = set(places)
    moved = [link.parallax for link in links if link.match.a in inside and link.match.b in inside]
    # The third largest: a pair of mismatches is no motion.
    best = sorted(moved, reverse=True)[: max(min(3, len(moved) // 3), 1)]
    if best and best[-1] >= SOLID:
        return None
    shift = f"{best[-1]:.1f}" if best else "0"
    return (
        "the camera does not move enough for depth: beyond what turning it explains, its frames"
        f" differ by {shift} pixels (at 480 across; {SOLID:.0f} are needed)"
    )


def _runaway(piece: Model) -> str | None:
    for place in piece.places:
        camera = piece.cameras[place]
        sides = float(camera.K[0, 0]) / max(camera.width, camera.height)
        if not FOCALS[0] <= sides <= FOCALS[1]:
            return (
                f"its focal length can't be told (it came out as {sides:.1f} times the image's"
                " longer side): give it with --focal"
            )
    return None
