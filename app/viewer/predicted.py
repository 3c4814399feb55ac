"""What the active round predicts for the points that are shown, read frame by frame."""

from __future__ import annotations

import logging

import numpy as np
from jaxtyping import UInt8

from annotations.types import UNLABELLED, ClassMap, Frame
from app.errors import StudioError
from app.viewer.cloud import Cloud, pixel_rows
from app.viewer.project import Predicted, Project
from rewis3d.scene import Scene

_log = logging.getLogger(__name__)


class Predictions:
    """Labels of one cloud's points: each view's prediction at the pixels of its points."""

    def __init__(self, scene: Scene, cloud: Cloud) -> None:
        self._scene = scene
        self._cloud = cloud
        self._labels = np.full(len(cloud), UNLABELLED, np.uint8)
        self._read: set[int] = set()

    def forget(self, frame_id: int | None = None) -> None:
        """Read a frame's prediction anew when it is wanted next; None: all of them."""
        if frame_id is None:
            self._labels[:] = UNLABELLED
            self._read.clear()
        else:
            self._read.discard(frame_id)

    @property
    def labels(self) -> UInt8[np.ndarray, "n"]:
        """Train ids of the living classes; UNLABELLED where nothing is predicted or read yet."""
        return self._labels

    def unread(self, predicted: Predicted) -> list[int]:
        """Return the places of the views whose predictions are there and were not read yet."""
        return [
            index
            for index, view in enumerate(self._scene.views)
            if view.frame_id in predicted.files and view.frame_id not in self._read
        ]

    def read(
        self, place: int, project: Project, predicted: Predicted, frame: Frame, classes: ClassMap
    ) -> None:
        """Read a view's prediction; a file that is gone leaves its points unlabelled."""
        rows = self._cloud.rows(place)
        view = self._scene.views[place].geometry
        self._read.add(view.frame_id)
        try:
            mask = project.prediction(predicted, frame, classes)
        except StudioError as error:  # the others are shown all the same
            _log.warning("%s", error)
            self._labels[rows] = UNLABELLED
            return
        row, column = pixel_rows(view, self._cloud.points.cell[rows], *mask.shape)
        self._labels[rows] = mask[row, column]
