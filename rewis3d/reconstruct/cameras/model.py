"""What a mapping brings, as plain arrays: poses, cameras, sparse points, where they were seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64, Int64

from rewis3d.geometry import Camera, inverse, transform


@dataclass(frozen=True, slots=True)
class Model:
    """Views with one world. Views are places among the job's views, ascending."""

    places: tuple[int, ...]
    cameras: Mapping[int, Camera]
    """Of the whole image, by place."""
    poses: Mapping[int, Float64[np.ndarray, "4 4"]]
    """T_world_camera by place."""
    xyz: Float64[np.ndarray, "n 3"]
    point: Int64[np.ndarray, " m"]
    """Of each observation: the point."""
    place: Int64[np.ndarray, " m"]
    """Of each observation: the view."""
    xy: Float64[np.ndarray, "m 2"]
    """Of each observation: where in the image."""
    doubt: float = 0.0
    """How uncertain the lens is that came out with it, as in focal.py."""
    held: bool = False
    """Whether the lens is what was known or assumed before."""

    @property
    def centres(self) -> Float64[np.ndarray, "v 3"]:
        """Where the cameras are, in the order of `places`."""
        return np.array([self.poses[place][:3, 3] for place in self.places]).reshape(-1, 3)

    def depths(self, place: int) -> Float64[np.ndarray, " m"]:
        """Return the depths of the points that a view observes."""
        points = self.xyz[self.point[self.place == place]]
        return transform(inverse(self.poses[place]), points)[:, 2]

    def errors(self, place: int) -> Float64[np.ndarray, " m"]:
        """Return the reprojection errors of a view's observations in pixels; NaN behind it."""
        seen = self.place == place
        points = transform(inverse(self.poses[place]), self.xyz[self.point[seen]])
        return np.linalg.norm(self.cameras[place].project(points) - self.xy[seen], axis=1)


def part(model: Model, places: Sequence[int]) -> Model:
    """Return the model of some of its views, with the points that two of them see."""
    kept = np.isin(model.place, places)
    count = np.bincount(model.point[kept], minlength=len(model.xyz))
    kept &= count[model.point] >= 2
    used, point = np.unique(model.point[kept], return_inverse=True)
    return replace(
        model,
        places=tuple(sorted(places)),
        xyz=model.xyz[used],
        point=point.astype(np.int64),
        place=model.place[kept],
        xy=model.xy[kept],
    )


def angles(model: Model) -> Float64[np.ndarray, " n"]:
    """Return the angle in degrees under which each point is seen.

    The largest one between the first of its views and any other: within a factor of two of the
    largest between any two.
    """
    place_at = {place: at for at, place in enumerate(model.places)}
    centre = model.centres[[place_at[place] for place in model.place.tolist()]]
    rays = centre - model.xyz[model.point]
    rays /= np.maximum(np.linalg.norm(rays, axis=1, keepdims=True), 1e-300)
    first = np.full(len(model.xyz), len(rays), np.int64)
    np.minimum.at(first, model.point, np.arange(len(rays)))
    cosine = np.ones(len(model.xyz))
    if len(rays):
        np.minimum.at(cosine, model.point, (rays * rays[first[model.point]]).sum(axis=1))
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))
