"""What a benchmark compares: the frames, labels, classes, scene and settings that its cells share.

All of it goes into a key. Cells of one key are comparable, and whatever is made under it stays.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select

from annotations import labelset, schema, store
from annotations.classes import classes_at
from annotations.simulate import spread
from annotations.types import ClassMap, Frame
from app.benchmark import rows
from app.benchmark.rows import DECIDED, Row, config_of
from app.benchmark.scenery import Scenery, find_scenery
from app.errors import StudioError
from app.truth import Truth, find_truth
from app.workspace import Workspace
from rewis3d.config import QuickConfig
from rewis3d.method import LENGTHS, MethodConfig
from rewis3d.presets import changed, resolve, to_json

FORMAT: Final = 2
"""Goes up when cells of before can't stand beside those of now."""
STEPS: Final = 160
"""Of a cell where the preset counts minutes: these are not worth the same in every row."""
BRUSH: Final = 3.0
"""Width of a simulated stroke in pixels."""

OnProgress = Callable[[str, int, int | None], None]
"""Told the stage, and how many of how many are through."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to see compared."""

    labels: Path
    """Folder of dense label PNGs, named as the frames."""
    rows: Sequence[str]
    frames: int
    """How many carry strokes."""
    seeds: int
    preset: str = "cpu"
    overrides: Mapping[str, str] = field(default_factory=dict)
    ignore: int | None = None
    kind: str = "scribbles"
    length: float = 1.0
    """Share of a scribble that is drawn."""
    real_scene: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is compared, as it was found in the project."""

    rows: tuple[Row, ...]
    seeds: tuple[int, ...]
    key: str
    preset: str
    overrides: Mapping[str, str]
    """What was given with `--set`."""
    base: MethodConfig
    """The settings that a row changes some of."""
    class_map: ClassMap
    truth: Truth
    frames: tuple[Frame, ...]
    """All of the project."""
    drawn: tuple[Frame, ...]
    """Those with strokes."""
    kind: str
    length: float
    scenery: Scenery

    @property
    def free(self) -> tuple[Frame, ...]:
        """The frames that may be trained on."""
        return tuple(frame for frame in self.frames if not frame.reserved)

    @property
    def taught(self) -> tuple[Frame, ...]:
        """The frames that may be trained on and have dense labels."""
        return tuple(frame for frame in self.judged if not frame.reserved)

    @property
    def judged(self) -> tuple[Frame, ...]:
        """The frames that have dense labels."""
        return tuple(frame for frame in self.frames if frame.frame_id in self.truth.files)


def make_plan(workspace: Workspace, wish: Wish, *, on_progress: OnProgress) -> Plan:
    """Look whether the project can make the rows, and what their cells share.

    Every label file is read: a wrong one is named now and not after hours. StudioError,
    AnnotationError or Rewis3dError say in one line what is missing or wrong.
    """
    chosen = rows.chosen(wish.rows)
    with workspace.read() as conn:
        frames = tuple(store.list_frames(conn))
        class_map = classes_at(conn)
        truth = find_truth(conn, wish.labels, frames, ignore=wish.ignore)
        scenery = find_scenery(conn, chosen, real=wish.real_scene)
        images = _images(conn)
    drawn = _spread(frames, truth, wish.frames)
    free = [frame for frame in frames if not frame.reserved]
    base = _settings(wish, drawn=len(drawn), free=len(free))
    for row in chosen:
        config_of(row, base)  # refuses what does not go together
    shared = {
        "format": FORMAT,
        "frames": [[f.frame_id, f.name, images[f.frame_id], f.reserved] for f in frames],
        "drawn": [frame.frame_id for frame in drawn],
        "strokes": [wish.kind, wish.length, BRUSH],
        "settings": to_json(base),
        "labels": _digest(frames, truth, on_progress=on_progress),
        "scene": scenery.identity,
        "classes": labelset.to_json(class_map),
    }
    return Plan(
        rows=chosen,
        seeds=tuple(range(wish.seeds)),
        key=hashlib.sha256(json.dumps(shared, sort_keys=True).encode()).hexdigest()[:12],
        preset=wish.preset,
        overrides=dict(wish.overrides),
        base=base,
        class_map=class_map,
        truth=truth,
        frames=frames,
        drawn=drawn,
        kind=wish.kind,
        length=wish.length,
        scenery=scenery,
    )


def _images(conn: Connection) -> dict[int, str]:
    """Return the digest of each frame's image file, as it was imported."""
    rows = conn.execute(select(schema.frames.c.id, schema.frames.c.sha256))
    return {row.id: row.sha256 for row in rows}


def _spread(frames: Sequence[Frame], truth: Truth, wanted: int) -> tuple[Frame, ...]:
    """Return the frames to draw on: evenly spread over those that may train and have labels."""
    free = [frame for frame in frames if not frame.reserved and frame.frame_id in truth.files]
    if wanted >= len(free):
        raise StudioError(
            f"strokes on {wanted} frames leave none to judge: {len(free)} have labels and are not"
            " reserved; give fewer with --frames"
        )
    return tuple(free[place] for place in spread(len(free), wanted))


def _settings(wish: Wish, *, drawn: int, free: int) -> MethodConfig:
    """Return the settings that all rows share, with a length in steps.

    Minutes stay where somebody asked for minutes.
    """
    decided = sorted(DECIDED & wish.overrides.keys())
    if decided:
        raise StudioError(f"setting {decided[0]!r} tells the rows apart: it can't be changed")
    config = resolve(wish.preset, wish.overrides)
    if isinstance(config, QuickConfig):
        raise StudioError(f"preset {wish.preset!r} has no rows; choose another for their settings")
    run = config.run
    if run.epochs:  # the same passes are more steps where a row has labels on more frames
        views = free if run.frames == "all" else drawn
        return changed(config, {"steps": math.ceil(run.epochs * views / run.batch)})
    asked = any(name in wish.overrides for name in LENGTHS)
    return config if asked or not run.minutes else changed(config, {"steps": STEPS})


def _digest(frames: Sequence[Frame], truth: Truth, *, on_progress: OnProgress) -> str:
    """Return the digest of what the labels say; AnnotationError names a file that is wrong."""
    digest = hashlib.sha256()
    with_labels = [frame for frame in frames if frame.frame_id in truth.files]
    for done, frame in enumerate(with_labels, start=1):
        digest.update(f"{frame.frame_id} {frame.height} {frame.width} ".encode())
        digest.update(truth.labels(frame).tobytes())
        on_progress("reading labels", done, len(with_labels))
    return digest.hexdigest()
