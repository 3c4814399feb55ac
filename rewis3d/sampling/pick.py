"""Which points of a scene a view's cloud is made of (paper 3.2, METHOD.md section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64, Int64

from rewis3d.geometry import transform
from rewis3d.material import Sampling
from rewis3d.sampling.draw import Picked, draw, joined, some
from rewis3d.sampling.index import IndexedView, SceneIndex

_BEYOND: Final = 1 + 1e-9
"""Boxes are asked for a little more than the radius: they are rounded another way."""


@dataclass(frozen=True, slots=True)
class _Ball:
    """What lies around a view."""

    centre: Float64[np.ndarray, "3"]
    """In the world."""
    radius: float

    def holds(self, view: IndexedView, cells: Int64[np.ndarray, "m"]) -> Bool[np.ndarray, "m"]:
        """Say which cells' points lie inside."""
        T = view.view.geometry.T_world_camera
        in_camera = (self.centre - T[:3, 3]) @ T[:3, :3]
        return _distance(view.in_camera(cells), in_camera) <= self.radius


def pick(
    index: SceneIndex,
    frame_id: int,
    sampling: Sampling,
    *,
    labelled: Picked | None = None,
    rng: np.random.Generator,
) -> Picked:
    """Return the cells of a view's cloud; none for a view without a usable cell of its own.

    Without replacement, so that a scene that is smaller than a cloud comes whole. `labelled` are
    the usable cells of all views that have a label, in the order of the views: the setting
    `labelled_share` draws from them. Rewis3dError where the frame is not in the index.
    """
    place = index.place(frame_id)
    cells = index.views[place].usable_cells()
    own = Picked(np.full(len(cells), place), cells)
    if sampling.sampling == "own" or not len(cells):
        return some(own, sampling.points, rng)
    if sampling.sampling == "random":
        return draw(index.blocks, index, IndexedView.usable, most=sampling.points, rng=rng)
    return _around(index, own, sampling, labelled=labelled, rng=rng)


def _around(
    index: SceneIndex,
    own: Picked,
    sampling: Sampling,
    *,
    labelled: Picked | None,
    rng: np.random.Generator,
) -> Picked:
    """Return own cells, others within the radius, others beyond it, and then own ones again.

    Of those within the radius labelled ones come first, as many as are wanted.
    """
    place = own.place[0]
    ball = _ball(index.views[place], own.cell, sampling)
    others = index.blocks.take(index.blocks.place != place)
    near = others.take(others.distance(ball.centre) <= ball.radius * _BEYOND)
    kept = min(len(own.cell), round(sampling.own_share * sampling.points))
    wanted = round(sampling.labelled_share * (sampling.points - kept))
    taken = joined([])
    if labelled is not None and wanted:
        taken = some(_held(ball, labelled.take(labelled.place != place), index), wanted, rng)
    gone = {index.views[of].frame_id: taken.cell[run] for of, run in taken.by_view()}

    def inside(view: IndexedView, cells: Int64[np.ndarray, "m"]) -> Bool[np.ndarray, "m"]:
        held = view.usable(cells) & ball.holds(view, cells)
        before = gone.get(view.frame_id)
        return held if before is None else held & ~np.isin(cells, before)

    def beyond(view: IndexedView, cells: Int64[np.ndarray, "m"]) -> Bool[np.ndarray, "m"]:
        return view.usable(cells) & ~ball.holds(view, cells)

    left = sampling.points - kept - len(taken.cell)
    parts = [taken, draw(near, index, inside, most=left, rng=rng)]
    left -= len(parts[1].cell)
    if left:
        parts.append(draw(others, index, beyond, most=left, rng=rng))
        left -= len(parts[2].cell)
    return joined([some(own, kept + left, rng), *parts])


def _held(ball: _Ball, cells: Picked, index: SceneIndex) -> Picked:
    """Return those that lie inside."""
    held = [ball.holds(index.views[place], cells.cell[run]) for place, run in cells.by_view()]
    return cells.take(np.concatenate([np.zeros(0, np.bool_), *held]))


def _ball(view: IndexedView, own: Int64[np.ndarray, "n"], sampling: Sampling) -> _Ball:
    """Return the ball around the centroid of a view's own points."""
    xyz = view.in_camera(own)
    centre = xyz.mean(axis=0)
    spread = float(np.quantile(_distance(xyz, centre), sampling.radius_quantile))
    in_world = transform(view.view.geometry.T_world_camera, centre[None])[0]
    return _Ball(in_world, sampling.radius_factor * spread)


def _distance(
    xyz: Float64[np.ndarray, "n 3"], place: Float64[np.ndarray, "3"]
) -> Float64[np.ndarray, "n"]:
    x, y, z = xyz.T - place[:, None]
    return np.sqrt(x * x + y * y + z * z)
