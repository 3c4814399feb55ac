"""What other programs' files say about a frame: its camera, and its depth where it has one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

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


Piece = Float64[np.ndarray, "_ 3"]
"""Points of a capture's world, NaN and infinite ones among them."""


@runtime_checkable
class Measured(Protocol):
    """Points that a LiDAR measured: what gives views a depth where no depth image does."""

    def seen_by(
        self, names: Sequence[str], *, scratch: Path
    ) -> Iterator[tuple[str, Iterator[Piece]]]:
        """Yield each of these views, in the source's own order, with the points that it may see.

        A view's pieces are read one after the other, and before the next view is asked for.
        `scratch` is a folder for what is read over and over. Rewis3dError names the file that
        can't be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class Given:
    """A capture with known cameras."""

    source: Path
    views: tuple[GivenView, ...]
    metric: bool
    """Whether a unit of its world is a metre."""
    points: Mapping[str, Float32[np.ndarray, "n"]] = field(default_factory=dict)
    """Depths of the sparse points that a view sees, by its name, where the source has points."""
    measured: Measured | None = None
    """What gives a depth to the views that have no depth image."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """One line for people for each frame that the source has, but not all that a view needs."""
    notes: tuple[str, ...] = ()
    """What else people should know."""
