"""Clips: which are film and which are photos, and where a film shows something else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from rewis3d.job import View
from rewis3d.reconstruct.cameras.features import Lens
from rewis3d.reconstruct.cameras.matching import Match

VIDEO: Final = 0.1
"""Of the longer side: neighbouring frames of a video differ by less, photos by more."""


def clips_of(views: Sequence[View]) -> list[list[int]]:
    """Return the places of each clip's frames in their order."""
    clips: dict[int, list[int]] = {}
    for place, view in enumerate(views):
        clips.setdefault(view.clip, []).append(place)
    return list(clips.values())


def is_video(clip: Sequence[int], matches: Iterable[Match], lenses: Sequence[Lens]) -> bool:
    """Say whether a clip's frames follow each other: most differ little from the one before."""
    following = set(pairwise(clip))
    shifts = {
        (pair.a, pair.b): float(np.median(np.linalg.norm(pair.a_xy - pair.b_xy, axis=1)))
        / max(lenses[pair.a].width, lenses[pair.a].height)
        for pair in matches
        if (pair.a, pair.b) in following
    }
    close = sum(shift < VIDEO for shift in shifts.values())
    return len(clip) > 2 and close > len(following) / 2
