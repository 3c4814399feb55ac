"""The images and label maps of a job's frames, decoded and kept while there is room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import UInt8

from rewis3d.images import read_mask, read_rgb
from rewis3d.job import View
from rewis3d.recent import Recent
from rewis3d.types import IGNORED, UNLABELLED

BOUND_BYTES: Final = 1 << 30
"""What decoded files may take; what was not asked for longest goes first."""


class FrameFiles:
    """Reads what training needs of frames. What comes back is shared: it can't be written to.

    Several threads may ask at once.
    """

    def __init__(
        self, folder: Path, *, without_judge: bool, bound_bytes: int = BOUND_BYTES
    ) -> None:
        """`without_judge`: labels that judge are IGNORED, and not learnt as all others are."""
        self._folder = folder
        self._without_judge = without_judge
        self._kept: Recent[tuple[str, int]] = Recent(bound_bytes)

    def image(self, view: View) -> UInt8[np.ndarray, "h w 3"]:
        """Return a frame's image as RGB; Rewis3dError names the file that is not one."""
        return self._read(
            ("image", view.frame_id),
            lambda: read_rgb(self._folder / view.image, view.height, view.width),
        )

    def labels(self, view: View) -> UInt8[np.ndarray, "h w"]:
        """Return a frame's label map, UNLABELLED all over where it has none."""
        return self._read(("labels", view.frame_id), lambda: self._labels(view))

    def _labels(self, view: View) -> UInt8[np.ndarray, "h w"]:
        if view.labels is None:
            return np.full((view.height, view.width), UNLABELLED, np.uint8)
        labels = read_mask(self._folder / view.labels, view.height, view.width)
        if self._without_judge and view.judge is not None:
            labels[read_mask(self._folder / view.judge, view.height, view.width) > 0] = IGNORED
        return labels

    def _read(self, key: tuple[str, int], decode: Callable[[], np.ndarray]) -> np.ndarray:
        def made() -> np.ndarray:
            found = decode()
            found.flags.writeable = False
            return found

        return self._kept.get(key, made)
