from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from annotations import store
from annotations.types import Frame
from app.errors import StudioError
from app.ingest import clip
from app.ingest.clip import clean_name
from app.ingest.images import import_images
from app.workspace import Workspace, create, open_workspace
from tests.app import samples


@pytest.fixture
def workspace(tmp_path):
    with create(tmp_path / "project", "p") as workspace:
        yield workspace


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return samples.write_images(tmp_path / "images")


def _frames(workspace: Workspace) -> list[Frame]:
    with workspace.read() as conn:
        return store.list_frames(conn)


def test_a_second_import_is_a_second_clip_with_names_of_its_own(workspace, folder):
    import_images(workspace, folder)
    import_images(workspace, folder)
    import_images(workspace, folder)
    found = _frames(workspace)
    assert len({frame.clip_id for frame in found}) == 3
    assert [frame.name for frame in found[::4]] == ["frame0", "images-frame0", "images-frame0-2"]
    assert len({frame.name for frame in found}) == len({frame.file for frame in found}) == 12


def test_two_files_of_one_stem_get_two_names(workspace, folder):
    Image.fromarray(samples.picture(0)).save(folder / "frame0.jpg")
    import_images(workspace, folder)
    assert [frame.name for frame in _frames(workspace)][:2] == ["frame0", "images-frame0"]


def test_names_that_are_no_text_become_text(workspace, folder):
    os.rename(folder / "frame0.png", os.fsencode(folder) + b"/a\xff\n:b.png")  # noqa: PTH104 - bytes
    import_images(workspace, folder)
    assert _frames(workspace)[0].name == "a___b"


def test_an_import_that_fails_leaves_nothing(workspace, folder, monkeypatch):
    def fail(*_: object) -> None:
        raise KeyError("rows")

    with monkeypatch.context() as patch:
        patch.setattr(store, "add_frames", fail)
        with pytest.raises(KeyError):
            import_images(workspace, folder)
    assert _frames(workspace) == []
    assert import_images(workspace, folder).added == 4
    assert _files(workspace) == {f"{each}/0001" for each in ("frames", "thumbnails")}


def _files(workspace: Workspace) -> set[str]:
    places = (workspace.root / each for each in ("frames", "thumbnails"))
    return {workspace.relative(path) for place in places for path in place.iterdir()}


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from app.ingest import clip
    from app.ingest.images import import_images
    from app.workspace import open_workspace

    def kill(*_, **__):
        os.kill(os.getpid(), signal.SIGKILL)

    def after_two(done, total):
        if moment == "files" and done == 2:
            kill()

    root, folder, moment = sys.argv[1:]
    with open_workspace(Path(root)) as workspace:
        if moment == "rows":
            clip.store.add_frames = kill
        import_images(workspace, Path(folder), on_progress=after_two)
"""


@pytest.mark.parametrize("moment", ["files", "rows"])
def test_an_import_that_is_killed_can_be_done_again(tmp_path, folder, moment):
    root = tmp_path / "project"
    create(root, "p").close()
    script = textwrap.dedent(KILLED)
    killed = subprocess.run(
        [sys.executable, "-c", script, str(root), str(folder), moment], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    with open_workspace(root) as workspace:
        assert _frames(workspace) == []
        assert _files(workspace) != set()  # there was something to leave behind
        assert import_images(workspace, folder).added == 4
        assert _files(workspace) == {"frames/0001", "thumbnails/0001"}
        for index, frame in enumerate(_frames(workspace)):
            found = samples.pixels(workspace.path(frame.file))
            assert np.array_equal(found, samples.picture(index))


def test_one_import_at_a_time(workspace, folder):
    import_images(workspace, folder)
    with (workspace.root / "locks/import.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StudioError, match=r"another import is running on this project$"):
            import_images(workspace, folder)
    assert import_images(workspace, folder).added == 4


def test_the_disk_has_the_images_before_the_rows_say_so(workspace, folder, monkeypatch):
    order: list[str] = []
    add_frames = store.add_frames
    monkeypatch.setattr(clip.os, "sync", lambda: order.append("sync"))

    def logged(*args: object) -> list[int]:
        order.append("rows")
        return add_frames(*args)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(store, "add_frames", logged)
    import_images(workspace, folder)
    assert order == ["sync", "rows"]


@given(st.text(max_size=300) | st.binary(max_size=300).map(os.fsdecode))
def test_any_name_becomes_one_that_a_file_and_the_database_can_have(name):
    cleaned = clean_name(name)
    assert 0 < len(cleaned.encode()) <= 180
    assert cleaned.isprintable()
    assert not set(cleaned) & set('/\\:*?"<>|')
    assert cleaned not in (".", "..")
    assert clean_name(cleaned) == cleaned
