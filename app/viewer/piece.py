"""One world of a reconstruction: its points, what is known of them, and how they look."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from annotations.types import ClassMap
from app.viewer import colours
from app.viewer.cloud import Cloud, make_cloud
from app.viewer.messages import Appearance
from app.viewer.predicted import Predictions
from app.viewer.strokes import Accumulated, Strokes
from rewis3d.scene import Scene

_BY_CLASS: Final = frozenset({"strokes", "ghosts", "prediction"})


class Piece:
    """Points of one world. `waiting` are the frames whose strokes are still to be put."""

    def __init__(self, scene: Scene, cloud: Cloud) -> None:
        self.scene = scene
        self.cloud = cloud
        self.predictions = Predictions(scene, cloud)
        self.waiting: set[int] = set()
        self._strokes = Strokes(scene, cloud)
        self._said: Accumulated | None = None
        self._faded: dict[bool, UInt8[np.ndarray, "n 3"]] = {}

    @property
    def depth(self) -> float:
        """The median depth of its points, in the scene's unit."""
        return float(np.median(self.cloud.points.depth)) if len(self.cloud) else 1.0

    def put_strokes(
        self, frame_id: int, mask: UInt8[np.ndarray, "h w"], *, classes: ClassMap
    ) -> bool:
        """Take what is drawn on a frame now, as train ids; say whether the frame is in here."""
        flat = [place for place, label in enumerate(classes.classes) if not label.has_geometry]
        known = self._strokes.put(frame_id, mask, without=flat)
        if known:
            self._said = None
        return known

    def forget_labels(self, labelled: Iterable[int]) -> None:
        """Put all strokes anew: the classes are others."""
        self._strokes.clear()
        self._said = None
        self.waiting = set(labelled)
        self.predictions.forget()

    def colours(self, look: Appearance, classes: ClassMap) -> UInt8[np.ndarray, "n 3"]:
        """Return the colours of all points."""
        if look.colouring == "image":
            return self.cloud.rgb
        if look.colouring == "confidence":
            return colours.ramp(self.cloud.points.confidence)
        if look.dark not in self._faded:
            self._faded[look.dark] = colours.faded(self.cloud.rgb, dark=look.dark)
        under = self._faded[look.dark]
        if look.colouring == "prediction":
            return colours.by_label(self.predictions.labels, classes, under)
        said = self._accumulated()
        if look.colouring == "ghosts":
            return colours.by_share(said.confidence, said.labels, under)
        return colours.by_label(said.labels, classes, under)

    def shown(self, look: Appearance, classes: ClassMap) -> Bool[np.ndarray, "n"]:
        """Return which points are shown."""
        shown = self.cloud.visible(confidence=look.confidence, reach=look.reach)
        hidden = _hidden(look, classes)
        if hidden and look.colouring in _BY_CLASS:
            predicted = look.colouring == "prediction"
            labels = self.predictions.labels if predicted else self._accumulated().labels
            shown &= ~np.isin(labels, hidden)
        return shown

    def ink(
        self, look: Appearance, classes: ClassMap
    ) -> tuple[Float32[np.ndarray, "m 3"], UInt8[np.ndarray, "m 3"]]:
        """Return places and colours of the points under strokes; none where strokes don't show."""
        ink = self._strokes.ink()
        if look.colouring != "strokes":
            return ink.xyz[:0], np.empty((0, 3), np.uint8)
        kept = ~np.isin(ink.labels, _hidden(look, classes))
        return ink.xyz[kept], colours.palette(classes)[ink.labels[kept]]

    def _accumulated(self) -> Accumulated:
        if self._said is None:
            self._said = self._strokes.accumulated()
        return self._said


def make_piece(scene: Scene, image_of: Callable[[int], Path | None], *, most: int) -> Piece:
    """Choose and colour at most so many points of a scene."""
    return Piece(scene, make_cloud(scene, image_of, most=most))


def _hidden(look: Appearance, classes: ClassMap) -> list[int]:
    return [place for place, name in enumerate(classes.class_ids) if name in look.hidden]
