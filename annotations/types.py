"""What people draw: classes, frames and strokes, and what stands for no class in a mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32

UNLABELLED: Final = 255
"""Mask value of a pixel that nobody labelled."""
IGNORED: Final = 254
"""Mask value of a pixel that the annotator took out of everything (the ignore brush)."""
MAX_CLASSES: Final = 254
"""Class ids and train ids are 0 to 253: what uint8 leaves beside the two values above."""

ERASER: Final = -1
"""`Stroke.class_id` of a stroke that erases what was painted before it."""
IGNORE: Final = -2
"""`Stroke.class_id` of a stroke that marks pixels as ignored."""


class AnnotationError(ValueError):
    """Labels that can't be read, kept or written; the message names what and where."""


@dataclass(frozen=True, slots=True)
class LabelClass:
    """One class of the palette. `class_id` is stable: it is never given to another class."""

    class_id: int
    name: str
    colour: tuple[int, int, int]
    has_geometry: bool = True
    """False for what has no surface to reconstruct, such as sky."""

    def __post_init__(self) -> None:
        if not 0 <= self.class_id < MAX_CLASSES:
            raise AnnotationError(f"class id {self.class_id} is outside 0..{MAX_CLASSES - 1}")
        if not self.name.strip():
            raise AnnotationError(f"class {self.class_id} has an empty name")
        if len(self.colour) != 3 or not all(0 <= value <= 255 for value in self.colour):
            raise AnnotationError(
                f"class {self.name!r}: colour {self.colour} is not three values of 0..255"
            )


@dataclass(frozen=True, slots=True)
class ClassMap:
    """The living classes in palette order. A train id is a class's place in this order."""

    classes: tuple[LabelClass, ...]

    def __post_init__(self) -> None:
        ids = [label.class_id for label in self.classes]
        if len(set(ids)) != len(ids):
            raise AnnotationError(f"class ids are given twice: {ids}")

    def __len__(self) -> int:
        return len(self.classes)

    def train_id(self, class_id: int) -> int:
        """Return the train id of a class; AnnotationError where the class is not living."""
        for index, label in enumerate(self.classes):
            if label.class_id == class_id:
                return index
        raise AnnotationError(f"class id {class_id} is unknown; known: {self.class_ids}")

    @property
    def class_ids(self) -> tuple[int, ...]:
        """The class ids in train id order."""
        return tuple(label.class_id for label in self.classes)


@dataclass(frozen=True, slots=True)
class Frame:
    """One image of a clip. `file` is relative to the project folder."""

    frame_id: int
    clip_id: int
    index: int
    name: str
    """The frame's name where it came from (file stem, or clip and number): exports use it."""
    file: str
    height: int
    width: int
    timestamp: float | None
    """Seconds from the clip's start; None where the source has no time."""
    reserved: bool = False
    """Kept for evaluation: never trained on."""
    focal: float | None = None
    """Focal length in pixels of the image; None where its file does not say."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """One gesture of the brush on one frame. One vertex makes a point."""

    uuid: str
    frame_id: int
    class_id: int
    """A class id, ERASER or IGNORE."""
    xy: Float32[np.ndarray, "p 2"]
    """Path in image pixels; the centre of pixel i is i + 0.5."""
    width: float
    """Brush diameter in image pixels."""
    author: str
