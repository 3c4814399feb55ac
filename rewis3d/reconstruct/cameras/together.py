"""Frames solved at once, from their matches to scenes with the reasons of those left out."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from rewis3d.job import View
from rewis3d.reconstruct.cameras.features import Lens
from rewis3d.reconstruct.cameras.mapped import lone, mapped
from rewis3d.reconstruct.cameras.mapping import Setting
from rewis3d.reconstruct.cameras.matching import Match, feature_counts
from rewis3d.reconstruct.cameras.model import Model
from rewis3d.reconstruct.cameras.parallax import parallaxes
from rewis3d.reconstruct.cameras.scale import ranges_in, scene_of
from rewis3d.reconstruct.cameras.validate import Link
from rewis3d.reconstruct.cameras.video import clips_of, is_video
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.solution import Solution
from rewis3d.reports import Progress


@dataclass(frozen=True, slots=True)
class Solved:
    """Scenes, and the models that they were made of, in the same order."""

    solution: Solution
    models: tuple[Model, ...]


def solve_together(
    views: Sequence[View],
    lenses: Sequence[Lens],
    matches: Sequence[Match],
    *,
    database: Path,
    config: ReconstructConfig,
) -> Generator[Progress, None, Solved]:
    """Find where the frames were taken from, and leave out what can't be believed."""
    videos = [clip for clip in clips_of(views) if is_video(clip, matches, lenses)]
    known = all(lens.radial is not None for lens in lenses)
    setting = Setting(tuple(lenses), config.seed, given=config.focal > 0, held=known)
    links = [
        Link(pair, moved)
        for pair, moved in zip(matches, parallaxes(matches, lenses).tolist(), strict=True)
    ]
    found = yield from mapped(links, len(views), database, setting=setting, videos=videos)
    reasons = lone(links, len(views), feature_counts(database)) | found.reasons
    models = tuple(sorted(found.pieces, key=lambda piece: piece.places))
    known = Solution(
        scenes=(),
        ranges={},
        reasons={views[place].frame_id: why for place, why in sorted(reasons.items())},
        cuts=tuple(views[place].frame_id for place in _cuts(models, videos)),
        notes=tuple(dict.fromkeys(_focal_note(model, views, config) for model in models)),
    )
    return Solved(with_models(known, models, views, max_side=config.max_side), models)


def with_models(
    found: Solution, models: Sequence[Model], views: Sequence[View], *, max_side: int
) -> Solution:
    """Return a solution with the scenes, ranges and errors of these models."""
    ranges: dict[int, tuple[float, float]] = {}
    for model in models:
        ranges |= ranges_in(model, views)
    errors = [model.errors(place) for model in models for place in model.places]
    return replace(
        found,
        scenes=tuple(scene_of(model, views, max_side=max_side) for model in models),
        ranges=ranges,
        reprojection_error_px=float(np.nanmean(np.concatenate(errors))) if errors else None,
    )


def _cuts(pieces: Sequence[Model], videos: Sequence[Sequence[int]]) -> list[int]:
    """Return the places in videos at which another piece begins."""
    piece_of = {place: number for number, piece in enumerate(pieces) for place in piece.places}
    cuts = []
    for video in videos:
        placed = [place for place in video if place in piece_of]
        cuts += [b for a, b in pairwise(placed) if piece_of[a] != piece_of[b]]
    return cuts


def _focal_note(piece: Model, views: Sequence[View], config: ReconstructConfig) -> str:
    view, camera = views[piece.places[0]], piece.cameras[piece.places[0]]
    focal = float(camera.K[0, 0])
    if config.focal:
        return f"focal length {focal:.0f} px as given"
    if view.focal is not None:
        return f"focal length {focal:.0f} px; the files say {view.focal:.0f}"
    if not piece.held:
        return f"focal length {focal:.0f} px, estimated from the frames"
    return (
        f"focal length {focal:.0f} px, assumed: the camera turns too little to tell it, and depths"
        " are stretched where it is wrong; give it with --focal where it is known"
    )
