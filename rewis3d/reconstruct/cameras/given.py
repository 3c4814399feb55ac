"""How far the points of scenes are whose cameras are given: their matches, intersected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from jaxtyping import Float64

from rewis3d.reconstruct.cameras.epipolar import Placed, cross
from rewis3d.reconstruct.cameras.matching import Match
from rewis3d.reconstruct.cameras.scale import span_of
from rewis3d.scene import SceneGeometry, ViewGeometry

ERROR: Final = 1 / 160
"""Of the longer side: how far a match may lie from its epipolar line."""
ANGLE: Final = 1.0
"""Degrees between two rays from which their crossing says how far it is."""
ENOUGH: Final = 20
"""Points from which a view knows its own depths; others take their scene's."""
BASELINES: Final = (2.0, 400.0)
"""Near and far of a scene without a single point, in steps between its cameras."""

Range = tuple[float, float]


def depths_of(
    scenes: Sequence[SceneGeometry], matches: Iterable[Match], frames: Sequence[int]
) -> Mapping[int, Range]:
    """Return near and far of each view by frame id; `frames` says which frame a place is."""
    views = {view.frame_id: view for scene in scenes for view in scene.views}
    scene_of = {view.frame_id: at for at, scene in enumerate(scenes) for view in scene.views}
    depths: dict[int, list[Float64[np.ndarray, " n"]]] = {frame: [] for frame in views}
    for match in matches:
        a, b = frames[match.a], frames[match.b]
        if a in views and b in views and scene_of[a] == scene_of[b]:
            near_a, near_b = _depths(match, views[a], views[b])
            depths[a].append(near_a)
            depths[b].append(near_b)
    ranges: dict[int, Range] = {}
    for scene in scenes:
        own = {view.frame_id: np.concatenate([*depths[view.frame_id], []]) for view in scene.views}
        ranges |= _ranges(scene, own)
    return ranges


def _depths(
    match: Match, a: ViewGeometry, b: ViewGeometry
) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    on_grid = Match(
        match.a, match.b, match.features, a.grid.to_grid(match.a_xy), b.grid.to_grid(match.b_xy)
    )
    placed = Placed(a.camera, a.T_world_camera), Placed(b.camera, b.T_world_camera)
    crossing = cross(on_grid, *placed)
    limit = ERROR * max(a.camera.width, a.camera.height)
    good = (crossing.error_px < limit) & (crossing.angle > ANGLE)
    good &= (crossing.depth_a > 0) & (crossing.depth_b > 0)
    return crossing.depth_a[good], crossing.depth_b[good]


def _ranges(
    scene: SceneGeometry, depths: Mapping[int, Float64[np.ndarray, " n"]]
) -> dict[int, Range]:
    everything = np.concatenate(list(depths.values()))
    common = span_of(everything) if len(everything) >= ENOUGH else _from_steps(scene)
    return {frame: span_of(own) if len(own) >= ENOUGH else common for frame, own in depths.items()}


def _from_steps(scene: SceneGeometry) -> Range:
    centres = np.array([view.T_world_camera[:3, 3] for view in scene.views])
    steps = np.linalg.norm(np.diff(centres, axis=0), axis=1)
    step = float(np.median(steps[steps > 0])) if (steps > 0).any() else 1.0
    return BASELINES[0] * step, BASELINES[1] * step
