"""What the strokes of a clip say about its other frames: along the flow, and through a scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Final

import numpy as np
from jaxtyping import Float32, Int32, UInt8

from rewis3d.carry import Carried
from rewis3d.clip import Clip
from rewis3d.flow.carry import REACH, carry_along
from rewis3d.flow.drawn import labels_on_grid
from rewis3d.flow.motion import lab
from rewis3d.propagate import Ghosts, fuse
from rewis3d.readoff import Drawn
from rewis3d.types import UNLABELLED

ALIKE: Final = 12.0
"""Distance of colours, in CIE Lab, up to which a carried label is believed."""
NOTHING: Final[Mapping[int, Sequence[Carried]]] = MappingProxyType({})


class CarriedLabels:
    """What is carried to the frames of a clip, put together when a frame is asked for."""

    def __init__(self, parts: Mapping[int, Sequence[Carried]], size: tuple[int, int]) -> None:
        self._parts = parts
        self._size = size

    @property
    def frame_ids(self) -> list[int]:
        """The frames that something may be carried to, in their order."""
        return sorted(self._parts)

    def of(self, frame_id: int) -> Ghosts | None:
        """Return what is carried to a frame; None where nothing is.

        Labels have their source and their confidence. Of two that meet the surer one counts. Where
        two drawn frames disagree, nothing is said.
        """
        if frame_id not in self._parts:
            return None
        return fuse(self._parts[frame_id], np.full(self._size, UNLABELLED, np.uint8))


def carried_labels(
    clip: Clip,
    drawn: Drawn,
    *,
    reach: int = REACH,
    others: Mapping[int, Sequence[Carried]] = NOTHING,
) -> CarriedLabels:
    """Return what is carried to each frame without strokes, on the grid of the flow.

    A frame with strokes hears nothing of others. A label's confidence is the trust in its way, or
    that of the scene in `others` (rewis3d/scene_labels.py).
    """
    labels, images = {}, {}
    for index, view in enumerate(clip.views):
        if (own := drawn(view)) is not None:
            labels[view.frame_id] = labels_on_grid(own)
            images[view.frame_id] = clip.image(index)
    order = [view.frame_id for view in clip.views]
    place = {frame_id: index for index, frame_id in enumerate(order)}
    found: dict[int, list[Carried]] = {}
    through = ((frame_id, one) for frame_id, parts in others.items() for one in parts)
    along = carry_along(order, labels, clip.motion, reach=reach)
    for frame_id, carried in chain(along, through):
        if frame_id not in labels:
            image = clip.image(place[frame_id])
            kept = alike(carried, image, images[carried.frame_id])
            found.setdefault(frame_id, []).append(kept)
    height, width = clip.image(0).shape[:2]
    return CarriedLabels(found, (height, width))


def alike(
    carried: Carried, image: UInt8[np.ndarray, "r c 3"], source: UInt8[np.ndarray, "r c 3"]
) -> Carried:
    """Return the labels whose colours are about those of the places that they come from."""
    own, other = _lab(image, carried.cells), _lab(source, carried.source_cells)
    kept = np.linalg.norm(own - other, axis=1) < ALIKE
    return Carried(
        carried.frame_id,
        carried.cells[kept],
        carried.labels[kept],
        carried.confidence[kept],
        carried.source_cells[kept],
    )


def _lab(
    image: UInt8[np.ndarray, "r c 3"], cells: Int32[np.ndarray, "n"]
) -> Float32[np.ndarray, "n 3"]:
    """Return the colours of cells in CIE Lab."""
    if not len(cells):
        return np.zeros((0, 3), np.float32)
    return lab(image.reshape(-1, 3)[cells][None])[0]
