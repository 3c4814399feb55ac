from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from app.archive import filling, write_zip
from app.errors import StudioError


def _fill(folder: Path, *, fail: bool = False) -> None:
    with filling(folder) as aside:
        (aside / "a.txt").write_text("a")
        assert not folder.exists() or list(folder.iterdir()) == []
        if fail:
            raise KeyError


@pytest.mark.parametrize("existed", [True, False])
def test_a_folder_is_filled_at_the_end(tmp_path, existed):
    out = tmp_path / "deep/out"
    if existed:
        out.mkdir(parents=True)
    _fill(out)
    assert (out / "a.txt").read_text() == "a"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


def test_a_filling_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(KeyError):
        _fill(tmp_path / "out", fail=True)
    assert list(tmp_path.iterdir()) == []


def test_what_lies_beside_the_folder_is_left_alone(tmp_path):
    (tmp_path / "out.partial").mkdir()
    (tmp_path / "out.partial/mine.txt").write_text("mine")
    _fill(tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.txt"]
    assert (tmp_path / "out.partial/mine.txt").read_text() == "mine"


def test_nothing_is_ever_overwritten(tmp_path):
    _fill(tmp_path / "out")
    (tmp_path / "out/a.txt").write_text("mine")
    with pytest.raises(StudioError, match=r"out is not empty; give a new or empty folder$"):
        _fill(tmp_path / "out")
    assert (tmp_path / "out/a.txt").read_text() == "mine"
    with pytest.raises(StudioError, match=r"a.txt is a file, not a folder$"):
        _fill(tmp_path / "out/a.txt")


def test_a_zip_holds_the_folders_content_under_its_names(tmp_path):
    folder = tmp_path / "out"
    (folder / "deep").mkdir(parents=True)
    (folder / "straße 1.txt").write_text("x")
    (folder / "deep/b.bin").write_bytes(bytes(1000))
    for _ in range(2):  # a second time replaces the first
        write_zip(folder, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["deep/b.bin", "straße 1.txt"]
        assert archive.read("deep/b.bin") == bytes(1000)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out.zip"]
