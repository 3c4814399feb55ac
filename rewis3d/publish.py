"""Predictions as files: complete or not there."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from rewis3d.images import write_mask
from rewis3d.reports import Published
from rewis3d.types import Prediction

FOLDER: Final = "predictions"
LEARNT: Final = "learnt"
"""The folder of what a head says that has learnt from frames without strokes, too."""
FUSED: Final = "fused"
"""The folder of what was read off over time (rewis3d/over_time.py)."""
KINDS: Final = (FOLDER, LEARNT, FUSED)
"""In the order in which a round's stages publish them."""


def publish(prediction: Prediction, output: Path, kind: str = FOLDER) -> Published:
    """Write a frame's labels and confidence (0 to 255) as PNGs under `output`."""
    names = _names(prediction.frame_id, kind)
    (output / kind).mkdir(parents=True, exist_ok=True)
    write_mask(
        np.rint(prediction.confidence * 255).astype(np.uint8), output / names.confidence_file
    )
    write_mask(prediction.labels, output / names.labels_file)
    return names


def published(frame_id: int, output: Path, kind: str = FOLDER) -> Published | None:
    """Return what an earlier attempt published of a frame, None where it did not get so far."""
    names = _names(frame_id, kind)
    # The labels come last: where they are, the confidence is.
    return names if (output / names.labels_file).exists() else None


def latest(frame_id: int, output: Path) -> tuple[str, Published] | None:
    """Return the last stage that has published a frame, and what it published."""
    for kind in reversed(KINDS):
        if (found := published(frame_id, output, kind)) is not None:
            return kind, found
    return None


def _names(frame_id: int, kind: str) -> Published:
    place = f"{kind}/{frame_id}"
    return Published(frame_id, f"{place}.labels.png", f"{place}.confidence.png", kind == FUSED)
