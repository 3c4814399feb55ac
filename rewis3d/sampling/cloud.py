"""The cloud that the 3D network sees of a view, and which of its points are which pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from rewis3d.geometry import inverse
from rewis3d.material import Sampling
from rewis3d.sampling.draw import Picked
from rewis3d.sampling.index import SceneIndex, moved
from rewis3d.sampling.paint import Paint
from rewis3d.sampling.pick import pick
from rewis3d.scene import ViewGeometry
from rewis3d.types import PointCloud

_STEEP: Final = 0.05
"""Length of the optical axis on the ground (3 degrees) below which it gives no heading."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """A view's cloud, and its pairs: see `ViewSample`."""

    cloud: PointCloud
    pair_point: Int64[np.ndarray, "m"]
    pair_xy: Float32[np.ndarray, "m 2"]
    """Pixels of the whole image."""


def sample_view(
    index: SceneIndex,
    frame_id: int,
    *,
    sampling: Sampling,
    paint: Paint,
    labelled: Picked | None = None,
    rng: np.random.Generator,
) -> Sampled | None:
    """Return points for a view and the pairs among them; None where there are none.

    Every point that comes from the view is a pair with the centre of its own cell; cells beside
    the image (a padded grid) make points, but no pairs. `paint` is asked for the frames that points
    come from; `labelled` as in `pick`. Rewis3dError where the frame is not in the index.
    """
    picked = pick(index, frame_id, sampling, labelled=labelled, rng=rng)
    view = index.views[index.place(frame_id)].view.geometry
    T_level_world = level(view, index.up)
    xyz = _points(picked, index, T_level_world)
    T_camera_level = inverse(T_level_world @ view.T_world_camera)
    xyz, kept = _believed(xyz, T_camera_level, sampling)
    if not kept.any():
        return None
    picked, xyz = picked.take(kept), xyz[kept]
    cloud = _cloud(picked, xyz, index, paint=paint, axis=T_camera_level[2, :3])
    pair_point = np.flatnonzero(cloud.frame == frame_id)
    row, column = cloud.rc[pair_point].T
    xy = view.grid.to_image(np.stack([column + 0.5, row + 0.5], axis=1))
    seen = np.all((xy >= 0) & (xy < [view.image_width, view.image_height]), axis=1)
    return Sampled(cloud, pair_point[seen], xy[seen].astype(np.float32))


def level(view: ViewGeometry, up: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, "4 4"]:
    """Return T_level_world: origin at the camera, z up, y where the camera heads, x to the right.

    A camera that looks straight down heads where its image's upper edge is, one that looks straight
    up where its lower edge is: where the optical axis would come to if the camera were raised or
    lowered to the horizon.
    """
    R = view.T_world_camera[:3, :3]
    heading = R[:, 2] - (R[:, 2] @ up) * up
    if np.linalg.norm(heading) < _STEEP:
        edge = -R[:, 1] if R[:, 2] @ up < 0 else R[:, 1]
        heading = edge - (edge @ up) * up
    y = heading / np.linalg.norm(heading)
    T_world_level = np.eye(4)
    T_world_level[:3, :3] = np.stack([np.cross(y, up), y, up], axis=1)
    T_world_level[:3, 3] = view.T_world_camera[:3, 3]
    return inverse(T_world_level)


def _points(
    picked: Picked, index: SceneIndex, T_level_world: Float64[np.ndarray, "4 4"]
) -> Float64[np.ndarray, "n 3"]:
    xyz = np.empty((3, len(picked.cell)))
    for place, run in picked.by_view():
        indexed = index.views[place]
        T_level_camera = T_level_world @ indexed.view.geometry.T_world_camera
        xyz[:, run] = moved(T_level_camera, indexed.in_camera(picked.cell[run])).T
    return xyz.T


def _believed(
    xyz: Float64[np.ndarray, "n 3"], T_camera_level: Float64[np.ndarray, "4 4"], sampling: Sampling
) -> tuple[Float64[np.ndarray, "n 3"], Bool[np.ndarray, "n"]]:
    """Return the points, those outside the box moved onto it if wanted, and which ones stay.

    The box is given in metres, and taken in the unit of a normalised scene too: its median depth of
    10 is about that of the streets that the box was made for, so that in proportion to what a
    camera sees the box is the same.
    """
    box = np.array([[sampling.range_across], [sampling.range_up], [sampling.range_ahead]])
    in_camera = moved(T_camera_level, xyz).T
    inside = np.all(np.abs(in_camera) <= box, axis=0)
    if sampling.outside == "drop":
        return xyz, inside
    onto = moved(inverse(T_camera_level), np.clip(in_camera, -box, box).T)
    return np.where(inside[:, None], xyz, onto), np.ones(len(xyz), np.bool_)


def _cloud(
    picked: Picked,
    xyz: Float64[np.ndarray, "n 3"],
    index: SceneIndex,
    *,
    paint: Paint,
    axis: Float64[np.ndarray, "3"],
) -> PointCloud:
    count = len(picked.cell)
    paints = np.empty((count, 4), np.uint8)
    confidence = np.empty(count, np.float32)
    frame = np.empty(count, np.int64)
    width = np.empty(count, np.int64)
    for place, run in picked.by_view():
        indexed, cells = index.views[place], picked.cell[run]
        paints[run] = paint(indexed.frame_id)[cells]
        confidence[run] = indexed.confidence[cells]
        frame[run] = indexed.frame_id
        width[run] = indexed.view.geometry.camera.width
    return PointCloud(
        xyz.astype(np.float32),
        np.ascontiguousarray(paints[:, :3]),
        confidence,
        np.ascontiguousarray(paints[:, 3]),
        frame,
        np.stack(np.divmod(picked.cell, width), axis=1).astype(np.int32),
        axis.astype(np.float32),
    )
