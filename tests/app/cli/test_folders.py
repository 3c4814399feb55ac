"""Nothing is overwritten, and a folder is there complete or not at all."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

from app.cli.folders import check_free, copy_into
from app.errors import StudioError


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "source" / "deep").mkdir(parents=True)
    (tmp_path / "source" / "deep" / "a.txt").write_text("a")
    return tmp_path / "source"


@pytest.mark.parametrize("place", ["new", "empty", "one/two/three"])
def test_a_missing_or_empty_folder_is_filled(tmp_path: Path, source: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    copy_into(source, tmp_path / place)
    assert (tmp_path / place / "deep" / "a.txt").read_text() == "a"


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path, source: Path) -> None:
    with pytest.raises(StudioError, match="is not empty; give a new or empty folder"):
        copy_into(source, source)
    with pytest.raises(StudioError, match="is a file, not a folder"):
        check_free(source / "deep" / "a.txt")


def test_a_copy_that_fails_leaves_nothing(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", refuse)
    with pytest.raises(OSError, match="No space left"):
        copy_into(source, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]
