"""Folders that a command fills: new or empty before, complete after."""

from __future__ import annotations

import shutil
from pathlib import Path

from app.errors import StudioError


def check_free(folder: Path) -> None:
    """StudioError unless the folder is missing or empty: nothing is ever overwritten."""
    if folder.exists() and not folder.is_dir():
        raise StudioError(f"{folder} is a file, not a folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise StudioError(f"{folder} is not empty; give a new or empty folder")


def copy_into(source: Path, folder: Path) -> None:
    """Copy a folder's files to a missing or empty folder, all of them or none."""
    check_free(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = folder.with_name(folder.name + ".partial")
    try:
        for file in sorted(path for path in source.rglob("*") if path.is_file()):
            target = aside / file.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        aside.replace(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
