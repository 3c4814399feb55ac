"""Where a film shows something else, told from the images alone: corners of neighbouring frames.

For what sees only images. Structure from motion knows more (cameras/chunked.py).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from rewis3d.images import read_rgb
from rewis3d.job import View
from rewis3d.reconstruct.chunks.plan import unrelated
from rewis3d.reports import Progress

LONGEST: Final = 480
"""Pixels on the longer side in which frames are looked at."""
CORNERS: Final = 500
PLAIN: Final = 50
"""Corners below which a frame shows too little to say anything."""
BEST: Final = 0.8
"""A match has to be nearer than this share of the second best one."""
TOGETHER: Final = 0.1
"""Of the longer side: matches that move alike do so within this."""
ENOUGH: Final = 15
"""Matches that move alike, from which two frames show the same."""
BACK: Final = 3
"""Frames that one is compared with: what hides everything for a moment is no cut."""


@dataclass(frozen=True, slots=True)
class Corners:
    """What is held on to in one frame."""

    xy: Float32[np.ndarray, "n 2"]
    """In longer sides."""
    look: UInt8[np.ndarray, "n 32"]


def find_cuts(
    clip: Sequence[int], views: Sequence[View], folder: Path
) -> Generator[Progress, None, set[int]]:
    """Return the places of a clip (among the views) at which another shot begins."""
    related = set()
    before: deque[tuple[int, Corners]] = deque(maxlen=BACK)
    for done, (one, other) in enumerate(pairwise([clip[0], *clip])):
        yield Progress("looking for cuts", done, len(clip))
        seen = corners_of(views[other], folder)
        if len(seen.xy) < PLAIN:
            related.add((one, other))
            continue
        alike = (place for place, corners in reversed(before) if alike_in(corners, seen))
        found = next(alike, None)
        if found is not None:
            related.add((found, other))
        before.append((other, seen))
    return unrelated(clip, related)


def corners_of(view: View, folder: Path) -> Corners:
    """Find the corners of a frame (ORB)."""
    grey = cv2.cvtColor(read_rgb(folder / view.image, view.height, view.width), cv2.COLOR_RGB2GRAY)
    scale = min(1.0, LONGEST / max(grey.shape))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    orb = cv2.ORB.create(CORNERS)
    points, look = orb.compute(small, orb.detect(small))
    xy = cv2.KeyPoint.convert(points) if points else np.zeros((0, 2))
    side = max(small.shape)
    empty = np.zeros((0, 32), np.uint8)
    return Corners(
        np.asarray(xy, np.float32).reshape(-1, 2) / np.float32(side),
        np.asarray(look, np.uint8) if points else empty,
    )


def alike_in(one: Corners, other: Corners) -> bool:
    """Say whether two frames show the same: enough corners found again moved alike."""
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(one.look, other.look, k=2)
    good = [best for best, second in pairs if best.distance < BEST * second.distance]
    if len(good) < ENOUGH:
        return False
    moved = other.xy[[m.trainIdx for m in good]] - one.xy[[m.queryIdx for m in good]]
    away = np.linalg.norm(moved - np.median(moved, axis=0), axis=1)
    return int((away < TOGETHER).sum()) >= ENOUGH
