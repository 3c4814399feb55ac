"""What one chunk found: frames in a world of their own, and depths that others have as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from rewis3d.reconstruct.chunks.seam import Shared
from rewis3d.scene import SceneGeometry


@dataclass(frozen=True, slots=True)
class Sample:
    """Depths of some pixels of a view."""

    pixel: Int64[np.ndarray, " n"]
    """What names a pixel in every chunk, each once."""
    depth: Float64[np.ndarray, " n"]
    """z in the unit of the piece."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames for which a chunk has found a common world."""

    chunk: int
    frames: tuple[int, ...]
    """All of the chunk, in their order; what it has placed of them is in the scene."""
    scene: SceneGeometry
    samples: Mapping[int, Sample]
    """By frame, for those that another chunk holds as well."""

    @property
    def placed(self) -> set[int]:
        """The frames that lie in it."""
        return {view.frame_id for view in self.scene.views}

    def inside(self, frame_id: int) -> int:
        """Return how many frames lie between this one and the nearer end of the chunk."""
        at = self.frames.index(frame_id)
        return min(at, len(self.frames) - 1 - at)


def in_common(a: Piece, b: Piece) -> list[Shared]:
    """Return the frames that both have placed."""
    poses_b = {view.frame_id: view.T_world_camera for view in b.scene.views}
    found = []
    for view in a.scene.views:
        if view.frame_id in poses_b:
            one, other = (piece.samples[view.frame_id] for piece in (a, b))
            _, at_a, at_b = np.intersect1d(one.pixel, other.pixel, return_indices=True)
            pose = poses_b[view.frame_id]
            found.append(Shared(view.T_world_camera, pose, one.depth[at_a], other.depth[at_b]))
    return found
