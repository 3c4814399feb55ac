"""A simulated annotator at work in a project: strokes drawn from dense labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import numpy as np

from annotations import store
from annotations.classes import classes_at
from annotations.rasterise import coverage
from annotations.simulate import SimulatedStroke, frame_rng, simulate
from annotations.types import Frame
from app import events
from app.errors import StudioError
from app.truth import find_truth
from app.workspace import Workspace

AUTHOR: Final = "simulated annotator"
OnProgress = Callable[[str, int, int | None], None]
"""Told the stage, and how many of how many frames are through."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """What was drawn."""

    strokes: int
    frames: int
    share: float
    """Of the frames' pixels, how many are covered: a fraction in [0, 1]."""


def draw_strokes(
    workspace: Workspace,
    folder: Path,
    *,
    frames: Sequence[Frame],
    ignore: int | None = None,
    kind: str = "scribbles",
    length: float = 1.0,
    width: float = 3.0,
    seed: int = 0,
    on_progress: OnProgress | None = None,
) -> Simulated:
    """Draw on frames as an annotator would who knows their labels (see annotations.simulate).

    All strokes are one gesture. A frame's depend on the seed and on its place in its clip, not on
    what other frames are drawn on. StudioError names a frame that the folder has no labels for;
    nothing is drawn then.
    """
    with workspace.read() as conn:
        truth = find_truth(conn, folder, frames, ignore=ignore)
        classes = classes_at(conn).class_ids
    missing = [frame.name for frame in frames if frame.frame_id not in truth.files]
    if missing:
        raise StudioError(f"{folder} holds no {missing[0]}.png ({len(missing)} frames miss labels)")
    drawn: dict[int, list[SimulatedStroke]] = {}
    covered = pixels = 0
    for done, frame in enumerate(frames, start=1):
        rng, labels = frame_rng(seed, frame.index), truth.labels(frame)
        drawn[frame.frame_id] = simulate(
            labels, classes, kind=kind, length=length, width=width, rng=rng
        )
        covered += _pixels(drawn[frame.frame_id], frame)
        pixels += frame.height * frame.width
        if on_progress is not None:
            on_progress("drawing", done, len(frames))
    strokes = _keep(workspace, drawn, gesture=f"simulate {kind}")
    return Simulated(strokes, len(frames), covered / pixels if pixels else 0.0)


def _pixels(strokes: Sequence[SimulatedStroke], frame: Frame) -> int:
    painted = np.zeros((frame.height, frame.width), bool)
    for stroke in strokes:
        rows, cols, covered = coverage(stroke.xy, stroke.width, frame.height, frame.width)
        painted[rows, cols] |= covered
    return int(painted.sum())


def _keep(workspace: Workspace, drawn: dict[int, list[SimulatedStroke]], *, gesture: str) -> int:
    """Append the strokes as one undo step, tell the open pages, and return their number."""
    new = [
        stroke.on(frame_id, author=AUTHOR, uuid=uuid4())
        for frame_id, strokes in drawn.items()
        for stroke in strokes
    ]
    if not new:
        return 0
    with workspace.write() as conn:
        revision = store.append_strokes(conn, new, client=AUTHOR, gesture=gesture)
        for frame_id in dict.fromkeys(stroke.frame_id for stroke in new):
            events.append(conn, "stroke", frame=frame_id, revision=revision, client=AUTHOR)
    return len(new)
