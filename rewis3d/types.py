"""What flows through the method: predictions and the constants of label maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, Int32, Int64, UInt8

UNLABELLED: Final = 255
"""Label of a pixel without a class: takes part in unsupervised losses only."""
IGNORED: Final = 254
"""Label of a pixel that takes part in nothing."""


class Rewis3dError(ValueError):
    """Data or weights that the method can't work with; the message names them."""


@dataclass(frozen=True, slots=True)
class ClassSpec:
    """A class as the networks know it; its place in the list is its train id."""

    class_id: int
    name: str
    colour: tuple[int, int, int]
    has_geometry: bool = True


@dataclass(frozen=True, slots=True)
class Prediction:
    """A dense prediction of one frame at the frame's own size."""

    frame_id: int
    labels: UInt8[np.ndarray, "h w"]
    """Train ids of the round's classes."""
    confidence: Float32[np.ndarray, "h w"]
    """Largest softmax probability, 0..1."""


@dataclass(frozen=True, slots=True)
class PointCloud:
    """Points of a scene, chosen for one of its views: what the 3D network sees of that view.

    Its frame is level and belongs to the view: the origin is the view's camera, z points up, y
    where the camera heads, x to the right; the scene's unit.
    """

    xyz: Float32[np.ndarray, "n 3"]
    rgb: UInt8[np.ndarray, "n 3"]
    confidence: Float32[np.ndarray, "n"]
    """Of the reconstruction, 0..1."""
    labels: UInt8[np.ndarray, "n"]
    """Train ids of the 2D classes that strokes gave the points' own cells, UNLABELLED, IGNORED."""
    frame: Int64[np.ndarray, "n"]
    """The frame that each point was seen in."""
    rc: Int32[np.ndarray, "n 2"]
    """The cell of that frame's grid."""
    optical_axis: Float32[np.ndarray, "3"]
    """Unit vector along which the view's camera looks."""


@dataclass(frozen=True, slots=True)
class TemporalLabels:
    """What the frames around say about a frame's pixels."""

    labels: UInt8[np.ndarray, "h w"]
    """Train ids, UNLABELLED."""
    weights: Float32[np.ndarray, "h w"]
    """How far each of them is believed; 0 where there is none."""


@dataclass(frozen=True, slots=True)
class ViewSample:
    """One view to train on: its image, its labels, and the cloud around it.

    Pair k is the point `pair_point[k]` of the cloud and the place `pair_xy[k]` of the image that
    it was made from.
    """

    frame_id: int
    image: UInt8[np.ndarray, "h w 3"]
    labels: UInt8[np.ndarray, "h w"]
    """Train ids, UNLABELLED, IGNORED."""
    cloud: PointCloud | None
    """None where the frame has no geometry: it trains the 2D network alone."""
    pair_point: Int64[np.ndarray, "m"]
    pair_xy: Float32[np.ndarray, "m 2"]
    """Pixels of `image`, centres at i + 0.5."""
    temporal: TemporalLabels | None = None
    """None where nothing was asked of the frames around."""
