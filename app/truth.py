"""A folder of dense label PNGs beside a project: which file is whose, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from sqlalchemy import Connection

from annotations.classes import class_states, class_targets
from annotations.formats.png import read_ids
from annotations.types import UNLABELLED, ClassMap, Frame
from app.errors import StudioError
from app.ingest.clip import clean_name


@dataclass(frozen=True, slots=True)
class Truth:
    """Label files, and how their class ids read at one label revision."""

    files: dict[int, Path]
    """By frame id; frames without a file are not in it."""
    known: ClassMap
    """Every class that the project has ever had: what a file may hold."""
    living: UInt8[np.ndarray, "256"]
    """For each value of a file the class that it counts as; UNLABELLED for none."""
    left_out: tuple[str, ...]
    """Names of the known classes that count as none: deleted, or younger than the revision."""
    ignore: tuple[int, ...]
    """Values of the files that mean no class, beside UNLABELLED."""

    def labels(self, frame: Frame) -> UInt8[np.ndarray, "h w"]:
        """Return a frame's class ids, or UNLABELLED; AnnotationError names a file that is wrong."""
        height, width = frame.height, frame.width
        ids = read_ids(
            self.files[frame.frame_id], self.known, height=height, width=width, ignore=self.ignore
        )
        return self.living[ids]


def find_truth(
    conn: Connection,
    folder: Path,
    frames: Sequence[Frame],
    *,
    ignore: int | None = None,
    revision: int | None = None,
) -> Truth:
    """Find the labels of frames (same name, .png), to be read as of a label revision or now.

    A class that was merged counts as the one that took it, a deleted one as none. StudioError
    where the folder has labels for none of the frames.
    """
    states = class_states(conn)
    targets = class_targets(conn, revision)
    living = np.full(256, UNLABELLED, np.uint8)
    for class_id, target in targets.items():
        living[class_id] = UNLABELLED if target is None else target
    return Truth(
        files=label_files(folder, frames),
        known=ClassMap(tuple(state.label for state in states.values())),
        living=living,
        left_out=tuple(
            state.label.name for key, state in states.items() if living[key] == UNLABELLED
        ),
        ignore=() if ignore is None else (ignore,),
    )


def label_files(folder: Path, frames: Sequence[Frame]) -> dict[int, Path]:
    """Return the PNG of each frame's name by frame id; StudioError where there is none at all."""
    if not folder.is_dir():
        raise StudioError(f"{folder} is not a folder")
    pngs = [path for path in folder.iterdir() if path.suffix.lower() == ".png"]
    found = {clean_name(path.stem): path for path in pngs}
    files = {frame.frame_id: found[frame.name] for frame in frames if frame.name in found}
    if not files and frames:
        wanted = f"the first would be {frames[0].name}.png"
        raise StudioError(f"{folder} holds labels of none of the {len(frames)} frames; {wanted}")
    return files
