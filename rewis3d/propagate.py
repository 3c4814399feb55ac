"""Ghost labels: what strokes of other frames say about the cells of this one.

The door to lifted frames (carry.py) and conflicts (conflicts.py). A project of many frames keeps
what `carry` returns and calls `fuse`: a stroke then costs what its own frame carries.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from rewis3d.carry import Carried as Carried
from rewis3d.carry import LiftedFrame as LiftedFrame
from rewis3d.carry import carry as carry
from rewis3d.carry import lift_frame as lift_frame
from rewis3d.carry import lift_grid as lift_grid
from rewis3d.carry import may_change as may_change
from rewis3d.conflicts import Best as Best
from rewis3d.conflicts import Clashes as Clashes
from rewis3d.conflicts import Conflict as Conflict
from rewis3d.conflicts import best_two as best_two
from rewis3d.conflicts import clashes as clashes
from rewis3d.conflicts import conflicts as conflicts
from rewis3d.scene import SceneView
from rewis3d.types import UNLABELLED

SIMILAR: Final = 0.5
"""Of two classes on a cell neither is taken where the weaker has this share of the confidence."""


@dataclass(frozen=True, slots=True)
class Ghosts:
    """What other frames' labels are on the cells of a view."""

    labels: UInt8[np.ndarray, "r c"]
    """UNLABELLED where nothing is known, where classes are in conflict, and where the view has
    labels of its own."""
    confidence: Float32[np.ndarray, "r c"]
    """Of both views' reconstructions, times how well their depths agree; 0 without a label."""
    sources: Int64[np.ndarray, "r c"]
    """The frame that each label comes from; -1 for none."""


def ghosts(
    lifted: Iterable[LiftedFrame], scene: int, view: SceneView, own: UInt8[np.ndarray, "r c"]
) -> Ghosts:
    """Return what other frames' labels are in a view of a scene; `own` are its own, lifted."""
    others = [one for one in lifted if one.scene == scene and one.frame_id != view.frame_id]
    return fuse([carry(one, view) for one in others], own)


def fuse(
    carried: Sequence[Carried],
    own: UInt8[np.ndarray, "r c"],
    best: tuple[Best, Best] | None = None,
) -> Ghosts:
    """Put together what several frames say about a view; `own` are its own labels, lifted.

    Of several labels on a cell the most confident wins, the earlier frame's where two are equal;
    none does where another class is SIMILAR in confidence. `best` is the `best_two` of what is
    carried, where it is known.
    """
    first, second = best or best_two(carried, own.size)
    clear = (second.confidence < SIMILAR * first.confidence) & (own.reshape(-1) == UNLABELLED)
    frames = np.array([*(one.frame_id for one in carried), -1])
    return Ghosts(
        labels=np.where(clear, first.labels, UNLABELLED).reshape(own.shape),
        confidence=np.where(clear, first.confidence, np.float32(0)).reshape(own.shape),
        sources=np.where(clear, frames[first.places], -1).reshape(own.shape),
    )
