"""MapAnything's views and ours: sizes, pixel conventions, confidence. No torch.

MapAnything puts the centre of pixel i at i (`mapanything/utils/geometry.py`), so its principal
points lie half a pixel from ours. Its `conf` is 1 + exp(x): 1 - 1 / conf is sigmoid(x).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

from rewis3d.geometry import Camera
from rewis3d.scene import GridMap, ViewGeometry
from rewis3d.types import Rewis3dError

BACKEND: Final = "mapanything"
LONGEST: Final = 518
"""Pixels of the longer side that the published models were trained with."""
DROPPED: Final = 0.1
"""Share of a view's pixels, those of the lowest confidence, that gets none (section 3 of
METHOD: "drop the lowest 10 %")."""
WANTED: Final = ("depth_z", "conf", "non_ambiguous_mask", "intrinsics", "camera_poses")
"""The keys of a prediction that a view is made of."""


@dataclass(frozen=True, slots=True)
class MadeView:
    """A view as MapAnything sees it."""

    geometry: ViewGeometry
    depth: Float32[np.ndarray, "r c"]
    """Metres."""
    confidence: Float32[np.ndarray, "r c"]
    mask: Bool[np.ndarray, "r c"]
    """Where the model calls the depth unambiguous."""

    @property
    def frame_id(self) -> int:
        """The frame that it is a view of."""
        return self.geometry.frame_id


def grid_size(height: int, width: int, *, patch: int, longest: int = LONGEST) -> tuple[int, int]:
    """Return the rows and columns that an image is resized to: whole patches, nothing cropped."""
    shrink = longest / max(height, width)
    rows, columns = (max(1, round(side * shrink / patch)) * patch for side in (height, width))
    return rows, columns


def resized(
    image: UInt8[np.ndarray, "h w 3"], rows: int, columns: int
) -> Float32[np.ndarray, "3 r c"]:
    """Return the image at the grid's size, 0..1, channels first."""
    kind = cv2.INTER_AREA if rows * columns < image.shape[0] * image.shape[1] else cv2.INTER_CUBIC
    small = cv2.resize(image, (columns, rows), interpolation=kind)
    return np.ascontiguousarray(small.transpose(2, 0, 1)).astype(np.float32) / np.float32(255)


def intrinsics_of(camera: Camera) -> Float32[np.ndarray, "3 3"]:
    """Return K of a grid's camera with pixel centres at whole numbers."""
    shift = np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
    return (camera.K - shift).astype(np.float32)


def made_view(
    frame_id: int,
    prediction: Mapping[str, np.ndarray],
    *,
    image_height: int,
    image_width: int,
    T_world_reference: Float64[np.ndarray, "4 4"],
) -> MadeView:
    """Turn one view's prediction (batch axis gone) into ours.

    `T_world_reference` takes the frame of the model's first camera to the world. Rewis3dError
    where a key is missing, or the camera is none.
    """
    missing = [key for key in WANTED if key not in prediction]
    if missing:
        raise Rewis3dError(
            f"MapAnything's prediction has no {missing[0]!r}; it has {sorted(prediction)}"
        )
    depth = prediction["depth_z"][..., 0].astype(np.float32)
    rows, columns = depth.shape
    T = T_world_reference @ _rigid(prediction["camera_poses"].astype(np.float64))
    geometry = ViewGeometry(
        frame_id,
        image_height,
        image_width,
        Camera(_half_pixel_on(prediction["intrinsics"]), columns, rows),
        T,
        GridMap((columns / image_width, rows / image_height)),
        BACKEND,
    )
    mask = prediction["non_ambiguous_mask"].astype(bool)
    return MadeView(geometry, depth, _confidence(prediction["conf"], depth, mask), mask)


def reprojection_error(
    points: Float32[np.ndarray, "r c 3"], geometry: ViewGeometry
) -> Float64[np.ndarray, "r c"]:
    """Return how far, in cells, points of the camera's frame fall from the cells they are of."""
    camera = geometry.camera
    xy = camera.project(points.reshape(-1, 3).astype(np.float64))
    rows, columns = points.shape[:2]
    centres = np.stack(np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5), axis=-1)
    return np.linalg.norm(xy.reshape(rows, columns, 2) - centres, axis=-1)


def _half_pixel_on(intrinsics: np.ndarray) -> Float64[np.ndarray, "3 3"]:
    K = intrinsics.astype(np.float64)
    K[:2, 2] += 0.5
    return K


def _rigid(T: Float64[np.ndarray, "4 4"]) -> Float64[np.ndarray, "4 4"]:
    """Return the nearest rotation and translation: float32 quaternions are off by about 1e-6."""
    left, _, right = np.linalg.svd(T[:3, :3])
    rigid = T.copy()
    rigid[:3, :3] = left @ right
    return rigid


def _confidence(
    conf: np.ndarray, depth: Float32[np.ndarray, "r c"], mask: Bool[np.ndarray, "r c"]
) -> Float32[np.ndarray, "r c"]:
    """Return 1 - 1 / conf, 0 in the view's lowest tenth, where ambiguous, and behind the camera."""
    confidence = (1 - 1 / np.maximum(conf.astype(np.float32), 1)).astype(np.float32)
    kept = confidence >= np.quantile(confidence, DROPPED)
    return np.where(kept & mask & (depth > 0), confidence, np.float32(0))
