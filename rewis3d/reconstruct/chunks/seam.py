"""How two chunks lie to each other: the similarity that the frames tell which both have placed.

Each part of it is told by what determines it however the camera moves: the turn by how the cameras
of these frames stand (their centres leave it open on a straight line), the scale by the depths of
the same pixels (centres say nothing of it where the camera stood still), and the shift by the
centres. Frames that say something else than most are left out, so that up to half may be wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64

from rewis3d.geometry import rotation_angle
from rewis3d.reconstruct.chunks.plan import FEWEST
from rewis3d.reconstruct.chunks.similarity import Similarity

PIXELS: Final = 10
"""Depths of a frame that both chunks have to know so that their ratio counts."""
AROUND: Final = 3.0
"""Times the median distance from the middle up to which frames say the same."""
TURN: Final = 2.0
"""Degrees that a camera may stand differently in two chunks that fit."""
SHIFT: Final = 0.05
"""Of its median depth: how far apart a camera may be."""
DEPTH: Final = 0.1
"""Share by which its depths may differ: their median does."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A frame in the worlds of two chunks, a and b, and depths of the same pixels in both."""

    T_a_camera: Float64[np.ndarray, "4 4"]
    T_b_camera: Float64[np.ndarray, "4 4"]
    depth_a: Float64[np.ndarray, " n"]
    depth_b: Float64[np.ndarray, " n"]


@dataclass(frozen=True, slots=True)
class Fit:
    """The similarity between two chunks, and what the frames that both have say of it."""

    S_a_b: Similarity
    turn: float | None = None
    """Degrees by which the cameras of a frame stand differently: the median over the frames. None
    where they could not be compared, here and below."""
    shift: float | None = None
    """How far their centres are apart, as a share of the frame's depth."""
    depth: float | None = None
    """By which share their depths differ."""
    refusal: str | None = None
    """One line: why the chunks do not fit; None where they do."""


def fit(shared: Sequence[Shared]) -> Fit:
    """Return the similarity between two chunks; its `refusal` says where it does not hold."""
    if len(shared) < FEWEST:
        return _refused(f"both have placed {len(shared)} frames only")
    ratios = [_log_ratios(frame) for frame in shared]
    known = np.array([float(np.median(each)) for each in ratios if len(each) >= PIXELS])
    if len(known) < FEWEST:
        return _refused(f"depths in common in {len(known)} frames only")
    scale = float(np.exp(middle(known[:, None])[0]))
    R = _nearest_rotation(middle(np.array([_turn(frame).ravel() for frame in shared])))
    t = middle(np.array([_shift(frame, scale, R) for frame in shared]))
    return _judged(Similarity(scale, R, t), shared)


def middle(values: Float64[np.ndarray, "k d"]) -> Float64[np.ndarray, " d"]:
    """Return the mean of the values around the one that most others are near to.

    Exact where more than half of the values are.
    """
    apart = np.linalg.norm(values[:, None] - values[None], axis=2)
    best = apart[np.argmin(np.median(apart, axis=1))]
    return values[best <= AROUND * np.median(best)].mean(axis=0)


def _turn(frame: Shared) -> Float64[np.ndarray, "3 3"]:
    return frame.T_a_camera[:3, :3] @ frame.T_b_camera[:3, :3].T


def _shift(frame: Shared, scale: float, R: Float64[np.ndarray, "3 3"]) -> Float64[np.ndarray, "3"]:
    return frame.T_a_camera[:3, 3] - scale * R @ frame.T_b_camera[:3, 3]


def _nearest_rotation(values: Float64[np.ndarray, "9"]) -> Float64[np.ndarray, "3 3"]:
    U, _, Vt = np.linalg.svd(values.reshape(3, 3))
    return U @ np.diag([1, 1, np.linalg.det(U @ Vt)]) @ Vt


def _present(frame: Shared) -> Bool[np.ndarray, " n"]:
    return (frame.depth_a > 0) & (frame.depth_b > 0)


def _log_ratios(frame: Shared) -> Float64[np.ndarray, " m"]:
    present = _present(frame)
    return np.log(frame.depth_a[present] / frame.depth_b[present])


def _judged(S_a_b: Similarity, shared: Sequence[Shared]) -> Fit:
    """Measure by how much the frames miss, and refuse what most of them do not confirm."""
    depths = [frame.depth_a[_present(frame)] for frame in shared]
    usual = float(np.median(np.concatenate(depths)))
    turns, shifts, differences = [], [], []
    for frame, depth in zip(shared, depths, strict=True):
        T = S_a_b.pose(frame.T_b_camera)
        away = float(np.linalg.norm(T[:3, 3] - frame.T_a_camera[:3, 3]))
        turns.append(rotation_angle(T[:3, :3].T @ frame.T_a_camera[:3, :3]))
        shifts.append(away / (float(np.median(depth)) if len(depth) else usual))
        if len(depth) >= PIXELS:
            off = np.abs(_log_ratios(frame) - np.log(S_a_b.scale))
            differences.append(float(np.median(off)))
    turn, shift, depth = (float(np.median(each)) for each in (turns, shifts, differences))
    return Fit(S_a_b, turn, shift, depth, _refusal(turn, shift, depth))


def _refusal(turn: float, shift: float, depth: float) -> str | None:
    if turn <= TURN and shift <= SHIFT and depth <= DEPTH:
        return None
    return (
        f"cameras differ by {turn:.1f} degrees and by {shift:.1%} of the depth,"
        f" depths by {depth:.1%}"
    )


def _refused(why: str) -> Fit:
    return Fit(Similarity.identity(), refusal=why)
