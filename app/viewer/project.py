"""What the viewer reads from the project: the scene that is used, strokes, classes, predictions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from sqlalchemy import select

from annotations import classes, store
from annotations.rasterise import rasterise
from annotations.schema import frames as frame_rows
from annotations.types import UNLABELLED, ClassMap, Frame
from app import rounds, scenes
from app.bridge import read_prediction
from app.rounds import PredictionFiles
from app.workspace import Workspace
from rewis3d.scene import Scene


@dataclass(frozen=True, slots=True)
class Predicted:
    """The round that is shown: its classes, and the files of the frames that it predicted."""

    number: int
    class_map: ClassMap
    files: dict[int, PredictionFiles]


class Project:
    """An open project as the viewer sees it: it reads, and writes nothing."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def scene_number(self) -> int | None:
        """Return the number of the scene that is used; None where there is none."""
        with self._workspace.read() as conn:
            row = scenes.active_scene(conn)
        return None if row is None else row.number

    def pieces(self, number: int) -> list[Scene]:
        """Read a scene: its pieces, without those that have no camera."""
        with self._workspace.read() as conn:
            row = scenes.get_scene(conn, number)
        found = scenes.folder(self._workspace, row).scenes()
        return [piece for piece in found if piece.views]

    def frames(self) -> dict[int, Frame]:
        """Return all frames by their id."""
        with self._workspace.read() as conn:
            return {frame.frame_id: frame for frame in store.list_frames(conn)}

    def thumbnails(self) -> dict[int, Path]:
        """Return the small images' files by frame id."""
        with self._workspace.read() as conn:
            rows = conn.execute(select(frame_rows.c.id, frame_rows.c.thumbnail)).all()
        return {row.id: self._workspace.path(row.thumbnail) for row in rows}

    def image(self, frame: Frame) -> Path:
        """Return a frame's image file."""
        return self._workspace.path(frame.file)

    def class_map(self) -> ClassMap:
        """Return the living classes."""
        with self._workspace.read() as conn:
            return classes.classes_at(conn)

    def labelled(self) -> list[int]:
        """Return the frames that have strokes."""
        with self._workspace.read() as conn:
            return sorted(frame for frame, count in store.stroke_counts(conn).items() if count)

    def mask(self, frame: Frame, class_map: ClassMap) -> UInt8[np.ndarray, "h w"]:
        """Return what is drawn on a frame now, as train ids of `class_map`."""
        with self._workspace.read() as conn:
            strokes = store.strokes_at(conn, frame.frame_id)
        return rasterise(strokes, class_map, frame.height, frame.width)

    def predicted(self) -> Predicted | None:
        """Return the round that is shown; None where there is none."""
        with self._workspace.read() as conn:
            number = rounds.active_round(conn)
            if number is None:
                return None
            class_map = rounds.get_round(conn, number).class_map
            return Predicted(number, class_map, rounds.predictions_of(conn, number))

    def prediction(
        self, predicted: Predicted, frame: Frame, class_map: ClassMap
    ) -> UInt8[np.ndarray, "h w"]:
        """Return a frame's prediction as train ids of `class_map`, by the classes' ids.

        UNLABELLED where the round's class lives no longer. StudioError where the file is gone.
        """
        labels = read_prediction(self._workspace, predicted.files[frame.frame_id], frame)
        now = {label.class_id: index for index, label in enumerate(class_map.classes)}
        table = np.full(256, UNLABELLED, np.uint8)
        for index, label in enumerate(predicted.class_map.classes):
            table[index] = now.get(label.class_id, UNLABELLED)
        return table[labels]
