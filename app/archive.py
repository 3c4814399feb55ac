"""Folders that are filled at once or not at all, and their zip files."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from app.database import explained
from app.errors import StudioError


@contextmanager
def filling(folder: Path) -> Iterator[Path]:
    """Give a folder to fill that takes its name at the end of the block; where it fails, none.

    StudioError where `folder` is there already and not empty: nothing is ever overwritten.
    """
    folder = folder.expanduser().resolve()
    if folder.exists() and not folder.is_dir():
        raise StudioError(f"{folder} is a file, not a folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise StudioError(f"{folder} is not empty; give a new or empty folder")
    with explained(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        # A name of its own: what lies beside it may be somebody's.
        aside = folder.with_name(f".{folder.name}.{uuid4().hex[:8]}.partial")
        aside.mkdir()
        try:
            yield aside
            aside.replace(folder)
        except BaseException:
            shutil.rmtree(aside)
            raise


def write_zip(folder: Path, file: Path) -> None:
    """Write a folder's files as a zip with the folder's content at its top, atomically."""
    aside = file.with_name(f"{file.name}.partial")
    with explained(file):
        with zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(folder).as_posix())
        aside.replace(file)
