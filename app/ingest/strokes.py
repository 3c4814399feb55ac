"""Strokes and masks that exist already become strokes of the project."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from annotations import store
from annotations.classes import classes_at
from annotations.formats import png, strokes
from annotations.types import ClassMap, Frame, Stroke
from app import events
from app.errors import StudioError
from app.ingest.clip import clean_name
from app.workspace import Workspace

OnProgress = Callable[[str, int, int | None], None]
"""Told the stage, and how many of how many frames are through."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What was taken in, as one undo step."""

    strokes: int
    frames: int
    skipped: tuple[str, ...]
    """Names of the files that are no frame's."""


def import_strokes(
    workspace: Workspace,
    source: Path,
    *,
    author: str,
    ignore: int | None = None,
    on_progress: OnProgress | None = None,
) -> Imported:
    """Take in strokes: a file of strokes, a folder with strokes.json, or a folder of mask PNGs.

    Masks are class ids, named as the frames; 255 and `ignore` mean no class. All is one undo step.
    AnnotationError or StudioError name the first thing that is wrong; nothing is taken in then.
    """
    with workspace.read() as conn:
        frames, class_map = store.list_frames(conn), classes_at(conn)
    file = source / strokes.FILE_NAME if source.is_dir() else source
    skipped: tuple[str, ...] = ()
    if file.is_file():
        if ignore is not None:
            raise StudioError(f"{file} holds strokes: a value to ignore is for masks")
        new = strokes.read_strokes(file, frames, class_map, author=author)
    elif source.is_dir():
        found, skipped = _mask_files(source, frames)
        new = _read_masks(found, class_map, author=author, ignore=ignore, on_progress=on_progress)
    else:
        raise StudioError(f"{source} does not exist")
    if not new:
        raise StudioError(f"{source} holds no stroke and no labelled pixel")
    drawn = list(dict.fromkeys(stroke.frame_id for stroke in new))
    with workspace.write() as conn:
        client = f"import-{uuid4().hex}"
        revision = store.append_strokes(conn, new, client=client, gesture=client)
        for frame_id in drawn:
            events.append(conn, "stroke", frame=frame_id, revision=revision, client=client)
    return Imported(len(new), len(drawn), skipped)


def _mask_files(
    folder: Path, frames: Sequence[Frame]
) -> tuple[list[tuple[Frame, Path]], tuple[str, ...]]:
    """Return the PNG of each frame's name, and the names of those that are no frame's."""
    known = {frame.name: frame for frame in frames}
    found: list[tuple[Frame, Path]] = []
    skipped: list[str] = []
    for path in sorted(folder.glob("*.[pP][nN][gG]")):
        frame = known.get(clean_name(path.stem))
        if frame is None:
            skipped.append(clean_name(path.name))
        else:
            found.append((frame, path))
    if not found:
        wanted = f" (the first would be {frames[0].name}.png)" if frames else ""
        raise StudioError(f"{folder} holds neither strokes.json nor a mask of any frame{wanted}")
    return found, tuple(skipped)


def _read_masks(
    files: Sequence[tuple[Frame, Path]],
    class_map: ClassMap,
    *,
    author: str,
    ignore: int | None,
    on_progress: OnProgress | None,
) -> list[Stroke]:
    new: list[Stroke] = []
    unlabelled = () if ignore is None else (ignore,)
    for done, (frame, path) in enumerate(files, start=1):
        ids = png.read_ids(
            path, class_map, height=frame.height, width=frame.width, ignore=unlabelled
        )
        new += png.mask_strokes(ids, frame_id=frame.frame_id, author=author)
        if on_progress is not None:
            on_progress("reading masks", done, len(files))
    return new
