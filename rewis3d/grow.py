"""Labels grown from strokes to the borders that the image shows: guesses, to be agreed with."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from rewis3d.types import IGNORED, UNLABELLED


def grown(
    labels: UInt8[np.ndarray, "h w"],
    rgb: UInt8[np.ndarray, "h w 3"],
    *,
    hidden: Bool[np.ndarray, "h w"],
) -> UInt8[np.ndarray, "h w"]:
    """Return train ids at unlabelled pixels where strokes of one class flow to, else UNLABELLED.

    A watershed of the image with the labels as its sources (F. Meyer, 1992; cv2.watershed):
    strokes of two classes meet where the image has an edge. Ignored pixels are a source of their
    own, whose water is not used. Labels at `hidden` pixels are not looked at, and nothing is said
    about these pixels.
    """
    sources = labels.astype(np.int32) + 1
    sources[hidden | (labels == UNLABELLED)] = 0
    if not np.any((sources > 0) & (sources <= IGNORED)):
        return np.full_like(labels, UNLABELLED)
    flooded = cv2.watershed(np.ascontiguousarray(rgb), sources)
    known = (flooded > 0) & (flooded <= IGNORED) & (labels == UNLABELLED) & ~hidden
    return np.where(known, flooded - 1, UNLABELLED).astype(np.uint8)
