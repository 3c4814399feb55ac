"""The chunks of a long clip joined: what each found, in one world where they fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from rewis3d.job import View
from rewis3d.reconstruct.cameras.model import Model
from rewis3d.reconstruct.cameras.part import read_part
from rewis3d.reconstruct.cameras.scale import factor_of
from rewis3d.reconstruct.cameras.together import Solved
from rewis3d.reconstruct.chunks.chain import Chained, chain
from rewis3d.reconstruct.chunks.piece import Piece, Sample
from rewis3d.reconstruct.chunks.said import cuts_of, notes_of, seams_of
from rewis3d.reconstruct.solution import Solution

STEPS: Final = 64
"""Parts of a pixel that tell features apart, which lie at the very same places in every chunk."""
WIDEST: Final = 1 << 24
"""Of a row of such parts; more than any image has."""


def join_parts(
    chunks: Sequence[Sequence[int]],
    videos: Sequence[Sequence[int]],
    parts: Sequence[Path],
    views: Sequence[View],
    *,
    notes: Sequence[str],
) -> Solution:
    """Return what all chunks found together.

    Chunks, and the clips that are `videos`, are told by places among the views; `parts` are the
    chunks' folders.
    """
    frames = [[views[place].frame_id for place in chunk] for chunk in chunks]
    often = Counter(frame for chunk in frames for frame in chunk)
    solved: list[Solution] = []
    pieces: list[Piece] = []
    for number, part in enumerate(parts):
        found = read_part(part)
        pieces += _pieces(number, frames[number], found, often)
        solved.append(found.solution)
    chained = chain(pieces)
    seams = seams_of(frames, pieces, chained)
    names = {view.frame_id: view.name for view in views}
    films = [[views[place].frame_id for place in video] for video in videos]
    told = notes or dict.fromkeys(note for found in solved for note in found.notes)
    return Solution(
        scenes=chained.scenes,
        ranges=_ranges(chained, pieces, solved),
        reasons=_reasons(chained, solved),
        cuts=tuple(cuts_of(chained.scenes, films)),
        reprojection_error_px=_error(solved),
        notes=(*notes_of(seams, len(parts), names), *told),
        seams=tuple(seams),
    )


def _pieces(
    number: int, frames: Sequence[int], found: Solved, often: Mapping[int, int]
) -> Iterator[Piece]:
    """Yield the scenes of a chunk with samples of the frames that another chunk holds as well."""
    for scene, model in zip(found.solution.scenes, found.models, strict=True):
        samples = {
            frames[place]: _sample(model, place)
            for place in model.places
            if often[frames[place]] > 1
        }
        yield Piece(number, tuple(frames), scene, samples)


def _sample(model: Model, place: int) -> Sample:
    """Return the depths of a view's points by where their features lie, in the scene's unit."""
    x, y = np.round(model.xy[model.place == place] * STEPS).astype(np.int64).T
    pixel, first = np.unique(y * WIDEST + x, return_index=True)
    return Sample(pixel, model.depths(place)[first] * factor_of(model))


def _ranges(
    chained: Chained, pieces: Sequence[Piece], solved: Sequence[Solution]
) -> dict[int, tuple[float, float]]:
    ranges = {}
    for frame, placed in chained.placed.items():
        near, far = solved[pieces[placed.piece].chunk].ranges[frame]
        ranges[frame] = (near * placed.scale, far * placed.scale)
    return ranges


def _reasons(chained: Chained, solved: Sequence[Solution]) -> dict[int, str]:
    """Return why frames were left out, as the first chunk says that left them out."""
    told: dict[int, str] = {}
    for found in reversed(solved):
        told |= found.reasons
    return {frame: why for frame, why in sorted(told.items()) if frame not in chained.placed}


def _error(solved: Sequence[Solution]) -> float | None:
    """Return the mean reprojection error, each chunk counted by its frames."""
    errors = [
        (found.reprojection_error_px, len(scene.views))
        for found in solved
        if found.reprojection_error_px is not None
        for scene in found.scenes
    ]
    count = sum(frames for _, frames in errors)
    return sum(error * frames for error, frames in errors) / count if count else None
