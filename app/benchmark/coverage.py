"""Which pixels of a frame have a depth that carries labels: the reach of a row that asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from rewis3d.lifting import lower, surface_of
from rewis3d.scene import SceneFolder, ViewGeometry
from rewis3d.types import UNLABELLED


class Coverage:
    """A scene's frames, whose depths are read when they are asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = SceneFolder(folder)
        self._views: Mapping[int, ViewGeometry] = {
            view.frame_id: view for scene in self._folder.cameras() for view in scene.views
        }

    def of(self, frame_id: int) -> Bool[np.ndarray, "h w"] | None:
        """Return where labels can be carried from and to; None for a frame without geometry."""
        geometry = self._views.get(frame_id)
        if geometry is None or not self._folder.has_view(frame_id):
            return None
        carries = surface_of(self._folder.read_view(geometry)).carries
        grid = (geometry.camera.height, geometry.camera.width)
        cells = np.where(carries.reshape(grid), 1, UNLABELLED).astype(np.uint8)
        return lower(cells, geometry) == 1
