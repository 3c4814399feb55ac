"""What the 2D backbone sees of a point, for a 3D network that is too small to see it itself.

The backbone's maps of a frame are enlarged to one coarse grid and reduced to a few numbers by a
principal component analysis over all frames (METHOD.md section 2, `point_features`).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64, Int64
from torch import Tensor
from torch.nn import functional

from rewis3d.features import Frames
from rewis3d.job import View
from rewis3d.models.segmenter import Segmenter
from rewis3d.reports import Progress
from rewis3d.scene import GridMap
from rewis3d.types import PointCloud

CHANNELS: Final = 16
STAGE: Final = "looking"
_GRID_MAP: Final = 2
"""The map on whose grid the others are read: an eighth of what the backbone sees."""
_MEASURED: Final = 50_000
"""So many places of all frames tell the components well enough."""


@dataclass(frozen=True, slots=True)
class _Place:
    """How cells of a frame's grid fall onto its features."""

    grid: GridMap
    scale: Float64[np.ndarray, "2"]
    """Feature cells per image pixel along x and y."""


class PointFeatures:
    """Looks up what the backbone saw where a point comes from; called with a cloud."""

    def __init__(
        self,
        features: Mapping[int, Float32[np.ndarray, "r c f"]],
        places: Mapping[int, _Place],
    ) -> None:
        self._features = features
        self._places = places

    def __call__(self, cloud: PointCloud) -> Float32[np.ndarray, "n f"]:
        """Return the features of a cloud's points; ValueError where a frame was not looked at."""
        found = np.empty((len(cloud.xyz), CHANNELS), np.float32)
        for frame in np.unique(cloud.frame).tolist():
            if frame not in self._features:
                raise ValueError(f"frame {frame} is none of {sorted(self._features)}")
            of_frame = np.flatnonzero(cloud.frame == frame)
            found[of_frame] = self._of(frame, cloud.rc[of_frame].astype(np.int64))
        return found

    def _of(self, frame: int, rc: Int64[np.ndarray, "m 2"]) -> Float32[np.ndarray, "m f"]:
        seen, place = self._features[frame], self._places[frame]
        xy = place.grid.to_image(rc[:, ::-1] + 0.5) * place.scale
        column, row = np.floor(xy).astype(np.int64).T
        rows, columns = seen.shape[:2]
        return seen[row.clip(0, rows - 1), column.clip(0, columns - 1)]


def look(
    views: Sequence[View], grids: Mapping[int, GridMap], frames: Frames, network: Segmenter
) -> Generator[Progress, None, PointFeatures]:
    """Return the features of the frames that have a grid, reporting frame by frame.

    `network` has the untouched backbone; its maps come from the cache where they are in it.
    """
    chosen = [view for view in views if view.frame_id in grids]
    if not chosen:
        return PointFeatures({}, {})
    few = max(1, _MEASURED // len(chosen))
    sample: list[Tensor] = []
    for index, view in enumerate(chosen):  # a pass of its own: all maps at once are gigabytes
        yield Progress(STAGE, index, 2 * len(chosen))
        columns = _columns(frames.read(network, view)[1]).flatten(0, 1)
        sample.append(columns[:: max(1, len(columns) // few)])
    mean, components = _principal(torch.cat(sample))
    seen: dict[int, Float32[np.ndarray, "r c f"]] = {}
    places: dict[int, _Place] = {}
    for index, view in enumerate(chosen, start=len(chosen)):
        yield Progress(STAGE, index, 2 * len(chosen))
        reduced = (_columns(frames.read(network, view)[1]) - mean) @ components
        rows, width = reduced.shape[:2]
        scale = np.array([width / view.width, rows / view.height])
        seen[view.frame_id] = reduced.cpu().numpy()
        places[view.frame_id] = _Place(grids[view.frame_id], scale)
    return PointFeatures(seen, places)


def _columns(maps: Sequence[Tensor]) -> Tensor:
    """Return all maps on one grid (r, c, channels)."""
    size = maps[_GRID_MAP].shape[2:]
    parts = [
        functional.interpolate(part, size, mode="bilinear", align_corners=False, antialias=True)
        for part in maps
    ]
    return torch.cat(parts, dim=1)[0].permute(1, 2, 0)


def _principal(sample: Float[Tensor, "n c"]) -> tuple[Tensor, Tensor]:
    """Return mean and components (c, CHANNELS) that give numbers of unit deviation.

    Channels are standardised first: some are a hundred times as strong as others.
    """
    mean, deviation = sample.mean(0), sample.std(0, correction=0) + 1e-6
    standard = (sample - mean) / deviation
    values, vectors = torch.linalg.eigh(standard.T @ standard / len(standard))
    strongest = vectors[:, -CHANNELS:].flip(1)
    # an eigenvector has no sign of its own: its largest entry is made positive
    signs = strongest.gather(0, strongest.abs().argmax(0, keepdim=True)).sign()
    scale = values[-CHANNELS:].flip(0).clamp(min=1e-6).sqrt()
    return mean, strongest * signs / deviation[:, None] / scale
