"""A folder of images becomes a clip."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from app.errors import StudioError
from app.ingest.clip import clean_name, incoming
from app.ingest.jpeg import checking
from app.ingest.picture import PictureError, read_picture
from app.ingest.report import ImportReport, OnProgress, nothing
from app.workspace import Workspace

_NAMED: Final = 3
"""Refused files that the error names where no file at all could be taken in."""


def import_images(
    workspace: Workspace, folder: Path, *, on_progress: OnProgress = nothing
) -> ImportReport:
    """Take in the images that lie directly in a folder, in natural order of their names.

    Files that can't be taken in are in the report with the reason. StudioError where there is no
    image at all.
    """
    files = _files(folder)
    skipped: list[tuple[str, str]] = []
    with incoming(workspace) as clip, checking() as check:
        for done, file in enumerate(files, start=1):
            try:
                clip.add(clean_name(file.stem), read_picture(file, damage=check.damage))
            except PictureError as error:
                skipped.append((clean_name(file.name), str(error)))
            on_progress(done, len(files))
        if len(clip) == 0:
            raise StudioError(_none_taken(folder, skipped))
        frame_ids = clip.commit(clean_name(folder.resolve().name), kind="images")
    return ImportReport(frame_ids, tuple(skipped))


def _files(folder: Path) -> list[Path]:
    """Return what lies in the folder, hidden files and folders left out."""
    if not folder.exists():
        raise StudioError(f"{folder} does not exist")
    if not folder.is_dir():
        raise StudioError(f"{folder} is not a folder")
    try:
        found = [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        raise StudioError(f"{folder} can't be read ({error.strerror})") from error
    files = [path for path in found if path.is_file()]
    if not files:
        inside = " (folders inside it are not searched)" if found else ""
        raise StudioError(f"{folder} holds no images{inside}")
    return sorted(files, key=lambda path: natural_key(path.name))


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Return a sort key by which "frame2" comes before "frame10"."""
    parts = re.split(r"([0-9]+)", name.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts], name


def _none_taken(folder: Path, skipped: list[tuple[str, str]]) -> str:
    named = ", ".join(f"{name}: {reason}" for name, reason in skipped[:_NAMED])
    more = f", and {len(skipped) - _NAMED} more" if len(skipped) > _NAMED else ""
    return f"{folder} holds no image that can be read ({named}{more})"
