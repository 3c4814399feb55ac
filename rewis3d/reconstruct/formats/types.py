"""What other programs' files say about a frame: its camera, and its depth where it has one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64

from rewis3d.geometry import Camera


@dataclass(frozen=True, slots=True)
class DepthCamera:
    """A depth sensor beside the colour camera."""

    camera: Camera
    T_colour_depth: Float64[np.ndarray, "4 4"]
    """Takes points of the depth camera's frame to the colour camera's, in metres."""


@dataclass(frozen=True, slots=True)
class GivenDepth:
    """A depth image: PNG or TIFF of whole numbers, or npy."""

    path: Path
    units: float
    """Stored values per unit of the cameras' world, such as 1000 for millimetres and metres."""
    sensor: DepthCamera | None = None
    """None where the depth lies on the colour image (registered)."""


@dataclass(frozen=True, slots=True)
class GivenView:
    """One frame of a capture."""

    name: str
    """Stem of the image's file name: the frame's name in the project."""
    camera: Camera
    """Of the image at the size that the source says."""
    T_world_camera: Float64[np.ndarray, "4 4"]
    depth: GivenDepth | None = None
    mask: Path | None = None
    """Image that is 0 where pixels are not to be used."""


@dataclass(frozen=True, slots=True)
class Given:
    """A capture with known cameras."""

    source: Path
    views: tuple[GivenView, ...]
    metric: bool
    """Whether a unit of its world is a metre."""
    points: Mapping[str, Float32[np.ndarray, "n"]] = field(default_factory=dict)
    """Depths of the sparse points that a view sees, by its name, where the source has points."""
