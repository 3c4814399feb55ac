"""Whether a trajectory is one that a camera can have taken; being registered says nothing.

For video only: photos have no order, and may lie as far apart as they like.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Float64

from rewis3d.geometry import rotation_angle

JUMP: Final = 5.0
"""Steps between frames above this many times the usual one are no camera's."""
TURN: Final = 30.0
"""Degrees from a frame to the next above which no camera turns."""
AROUND: Final = 5
"""Steps on either side that say what is usual here: a camera that stood may drive off."""


def breaks(places: Sequence[int], poses: Float64[np.ndarray, "v 4 4"]) -> list[int]:
    """Return the indices before which a trajectory has to be cut, ascending.

    `places` are the frames' numbers in the video: steps and turns count per frame, also over gaps.
    """
    gaps = np.diff(np.asarray(places))
    steps = np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1) / gaps
    turned = poses[:-1, :3, :3].transpose(0, 2, 1) @ poses[1:, :3, :3]
    turns = np.array([rotation_angle(rotation) for rotation in turned]) / gaps
    return (np.flatnonzero((turns > TURN) | _jumps(steps)) + 1).tolist()


def _jumps(steps: Float64[np.ndarray, " s"]) -> np.ndarray:
    """Say which steps are far above the median of all and of those on either side."""
    if len(steps) < 3:
        return np.zeros(len(steps), bool)
    usual = np.array([_usual(steps, at) for at in range(len(steps))])
    return steps > JUMP * np.maximum(usual, 1e-12)


def _usual(steps: Float64[np.ndarray, " s"], at: int) -> float:
    before, after = steps[max(at - AROUND, 0) : at], steps[at + 1 : at + 1 + AROUND]
    sides = [float(np.median(side)) for side in (before, after) if len(side)]
    return max(float(np.median(steps)), *sides)
