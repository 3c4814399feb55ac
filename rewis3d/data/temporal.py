"""What the frames around say about each frame, as files that a training reads.

ID.labels.png holds train ids, ID.weights.png how far each of them is believed. The folder is there
as a whole or not at all.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import numpy as np

from rewis3d.images import read_mask, write_mask
from rewis3d.job import View
from rewis3d.types import UNLABELLED, TemporalLabels

UNIT: Final = 1 / 16
"""What a weight is kept in."""
MOST: Final = 255 * UNIT
"""The largest weight."""


class TemporalFiles:
    """A folder of temporal labels, each map of the size of its frame."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._aside = folder.with_name(f"{folder.name}.partial")

    @property
    def complete(self) -> bool:
        """Say whether all frames that are told anything have their files."""
        return self._folder.is_dir()

    def begin(self) -> None:
        """Make room for new files; those that a killed run left aside go."""
        shutil.rmtree(self._aside, ignore_errors=True)
        self._aside.mkdir(parents=True)

    def write(self, frame_id: int, told: TemporalLabels) -> None:
        """Write a frame's labels; a weight that is not 0 stays so."""
        weights = np.ceil(np.minimum(told.weights, MOST) / UNIT).astype(np.uint8)
        weights[told.labels == UNLABELLED] = 0
        write_mask(told.labels, self._aside / f"{frame_id}.labels.png")
        write_mask(weights, self._aside / f"{frame_id}.weights.png")

    def finish(self) -> None:
        """Put what was written in its place."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._aside.rename(self._folder)

    def drop(self) -> None:
        """Take the files away once nobody learns from them any more."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def read(self, view: View) -> TemporalLabels | None:
        """Return what a frame is told; None where it is told nothing."""
        labels = self._folder / f"{view.frame_id}.labels.png"
        if not labels.exists():
            return None
        weights = self._folder / f"{view.frame_id}.weights.png"
        return TemporalLabels(
            read_mask(labels, view.height, view.width),
            read_mask(weights, view.height, view.width) * np.float32(UNIT),
        )
