"""Which views a view is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from rewis3d.geometry import pixel_centres
from rewis3d.scene import ViewGeometry

SIDE: Final = 8
"""Samples of a view's grid along x and y."""
NARROW: Final = 0.025
"""Parallax of a middle depth against infinity, as a share of the grid's longer side, with which
surfaces still look the same: for the sweep."""
CLOSEST: Final = 0.008
"""... with which hardly anything is hidden that the view shows: to confirm what lies at borders."""
WIDE: Final = 0.05
"""... with which depth is measured well once it is nearly known."""
WIDEST: Final = 0.1
"""... with which what lies far away is measured, once its surface is known."""
LEAST: Final = 0.0025
"""Less parallax than this share of the longer side says nothing about depth."""
SAME_SIDE: Final = 0.6
"""What a further source on the same side of the view counts, for each that is there already."""


@dataclass(frozen=True, slots=True)
class Source:
    """A view to compare with."""

    index: int
    """Its place among the scene's views."""
    parallax: float
    """Median parallax in pixels from the near depth to infinity, over what both see."""


@dataclass(frozen=True, slots=True)
class _Candidates:
    """The views that help a view, all of a scene looked at together: long clips have thousands."""

    index: Int64[np.ndarray, " c"]
    worth: Float64[np.ndarray, " c"]
    parallax: Float64[np.ndarray, " c"]
    direction: Float64[np.ndarray, "c 3"]


def choose(
    views: Sequence[ViewGeometry],
    index: int,
    *,
    near: float,
    far: float,
    count: int,
    parallax: float,
) -> list[Source]:
    """Return up to `count` sources of a view, the best first; none where no view helps.

    A source sees much of what the view sees, with about the parallax wanted (a share of the grid's
    longer side), and from another side than
    those chosen before it: what is hidden on one side is seen from the other.
    """
    found = _candidates(views, index, (near, far), parallax)
    worth = found.worth.copy()
    chosen: list[int] = []
    while len(chosen) < count and (worth > 0).any():
        best = int(np.argmax(worth))
        chosen.append(best)
        beside = found.direction @ found.direction[best] > 0.5
        worth *= np.where(beside, SAME_SIDE, 1.0)
        worth[best] = 0
    return [Source(int(found.index[at]), float(found.parallax[at])) for at in chosen]


def _candidates(
    views: Sequence[ViewGeometry], index: int, depths: tuple[float, float], wanted: float
) -> _Candidates:
    """Judge views by where sample points of three depths and of infinity fall in them."""
    camera = views[index].camera
    rays = camera.rays(
        pixel_centres(SIDE, SIDE).reshape(-1, 2) * [camera.width / SIDE, camera.height / SIDE]
    )
    T = _seen_from(views, index)
    turned = rays @ T[:, :3, :3].transpose(0, 2, 1)
    near, middle = depths[0], np.sqrt(depths[0] * depths[1])
    at_middle = _project(views, turned * middle + T[:, None, :3, 3])
    size = np.array([(view.camera.width, view.camera.height) for view in views])
    # NaN compares false: points behind are not seen
    seen = np.asarray(((at_middle > 0) & (at_middle < size[:, None])).all(axis=2))
    seen[index] = False
    some = np.flatnonzero(seen.mean(axis=1) >= 0.2)
    others = [views[at] for at in some.tolist()]
    at_infinity = _project(others, turned[some])
    at_near = _project(others, turned[some] * near + T[some, None, :3, 3])
    parallax = np.where(seen[some], np.linalg.norm(at_middle[some] - at_infinity, axis=2), np.nan)
    pixels = _median(parallax)
    typical = pixels / size[some].max(axis=1)
    whole = _median(np.linalg.norm(at_near - at_infinity, axis=2))
    kept = typical > LEAST
    T, typical = T[some][kept], typical[kept]
    band = np.exp(-(np.log(typical / wanted) ** 2) / 2)
    baseline = np.einsum("vi,vij->vj", T[:, :3, 3], T[:, :3, :3])  # of the view's frame, negated
    length = np.maximum(np.linalg.norm(baseline, axis=1, keepdims=True), 1e-12)
    return _Candidates(
        some[kept],
        seen[some][kept].mean(axis=1) * band,
        np.where(np.isnan(whole), pixels, whole)[kept],
        baseline / length,
    )


def _median(values: Float64[np.ndarray, "v s"]) -> Float64[np.ndarray, " v"]:
    """Return the median of what is known of each row; NaN where nothing is."""
    known = np.isfinite(values).any(axis=1)
    found = np.full(len(values), np.nan)
    found[known] = np.nanmedian(values[known], axis=1)
    return found


def _seen_from(views: Sequence[ViewGeometry], index: int) -> Float64[np.ndarray, "v 4 4"]:
    """Return T_other_view of all views for one of them."""
    poses = np.array([view.T_world_camera for view in views])
    back = np.zeros_like(poses)
    back[:, :3, :3] = poses[:, :3, :3].transpose(0, 2, 1)
    back[:, :3, 3] = -np.einsum("vij,vj->vi", back[:, :3, :3], poses[:, :3, 3])
    back[:, 3, 3] = 1
    return back @ poses[index]


def _project(
    views: Sequence[ViewGeometry], xyz: Float64[np.ndarray, "v s 3"]
) -> Float64[np.ndarray, "v s 2"]:
    """Return the pixels of points in each view's frame, without its lens; NaN behind it."""
    K = np.array([view.camera.K for view in views]).reshape(-1, 3, 3)
    z = np.where(xyz[..., 2:] > 0, xyz[..., 2:], np.nan)
    return xyz[..., :2] / z * K[:, None, [0, 1], [0, 1]] + K[:, None, :2, 2]
