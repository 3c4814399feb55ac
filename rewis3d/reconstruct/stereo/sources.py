"""Which views a view is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64

from rewis3d.geometry import inverse, pixel_centres, transform
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
class _Candidate:
    index: int
    worth: float
    parallax: float
    direction: Float64[np.ndarray, "3"]


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
    view = views[index]
    candidates = [
        found
        for other, source in enumerate(views)
        if other != index
        and (found := _candidate(view, source, other, (near, far), parallax)) is not None
    ]
    chosen: list[_Candidate] = []
    while candidates and len(chosen) < count:
        best = max(candidates, key=lambda each: _worth_beside(each, chosen))
        candidates.remove(best)
        chosen.append(best)
    return [Source(each.index, each.parallax) for each in chosen]


def _worth_beside(candidate: _Candidate, chosen: Sequence[_Candidate]) -> float:
    beside = sum(float(candidate.direction @ other.direction) > 0.5 for other in chosen)
    return candidate.worth * SAME_SIDE**beside


def _candidate(
    view: ViewGeometry,
    source: ViewGeometry,
    index: int,
    depths: tuple[float, float],
    wanted: float,
) -> _Candidate | None:
    """Judge a view by where sample points of three depths and of infinity fall in it."""
    camera = view.camera
    T_source_view = inverse(source.T_world_camera) @ view.T_world_camera
    rays = camera.rays(
        pixel_centres(SIDE, SIDE).reshape(-1, 2) * [camera.width / SIDE, camera.height / SIDE]
    )
    lens = source.camera.undistorted()
    at_infinity = lens.project(rays @ T_source_view[:3, :3].T)
    near, middle = depths[0], np.sqrt(depths[0] * depths[1])
    at_middle = lens.project(transform(T_source_view, rays * middle))
    at_near = lens.project(transform(T_source_view, rays * near))
    size = np.array([lens.width, lens.height])
    seen = ((at_middle > 0) & (at_middle < size)).all(axis=1)
    if seen.mean() < 0.2:  # NaN compares false: points behind are not seen
        return None
    parallax = np.linalg.norm(at_middle - at_infinity, axis=1)[seen]
    typical = float(np.nanmedian(parallax)) / max(size)
    if not typical > LEAST:
        return None
    whole = np.linalg.norm(at_near - at_infinity, axis=1)
    whole = whole[np.isfinite(whole)]
    band = float(np.exp(-(np.log(typical / wanted) ** 2) / 2))
    baseline = T_source_view[:3, 3] @ T_source_view[:3, :3]  # of the view's frame, negated
    return _Candidate(
        index,
        float(seen.mean()) * band,
        float(np.median(whole)) if len(whole) else typical * max(size),
        baseline / max(float(np.linalg.norm(baseline)), 1e-12),
    )
