from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import select

from annotations import store
from annotations.schema import clips, frames
from annotations.types import Frame
from app import events
from app.errors import StudioError
from app.ingest.images import import_images, natural_key
from app.workspace import Workspace, create
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


def test_a_jpeg_damaged_in_the_middle_is_named_and_skipped(workspace, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for index in range(3):
        Image.fromarray(samples.picture(index)).save(folder / f"f{index}.jpg", quality=95)
    whole = (folder / "f1.jpg").read_bytes()
    (folder / "f1.jpg").write_bytes(whole[: len(whole) // 2] + whole[-len(whole) // 8 :])
    report = import_images(workspace, folder)
    assert [frame.name for frame in _frames(workspace)] == ["f0", "f2"]
    ((name, reason),) = report.skipped
    assert name == "f1.jpg"
    assert reason.startswith("damaged in the middle (")


def test_a_folder_becomes_a_clip_of_frames_that_lie_in_the_project(workspace, folder):
    steps: list[tuple[int, int]] = []
    report = import_images(workspace, folder, on_progress=lambda *step: steps.append(step))
    assert (report.added, report.skipped, report.lines()) == (4, (), [])
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    found = _frames(workspace)
    assert tuple(frame.frame_id for frame in found) == report.frame_ids
    assert [frame.name for frame in found] == ["frame0", "frame1", "frame2", "frame3"]
    assert [frame.index for frame in found] == [0, 1, 2, 3]
    assert {(frame.width, frame.height, frame.timestamp) for frame in found} == {(64, 48, None)}
    with workspace.read() as conn:
        rows = conn.execute(select(frames).order_by(frames.c.index)).all()
        assert conn.execute(select(clips.c.name, clips.c.kind)).all() == [("images", "images")]
        assert [event.kind for event in events.after(conn, 0)] == ["frames"]
    for index, row in enumerate(rows):
        data = workspace.path(row.file).read_bytes()
        assert not Path(row.file).is_absolute()
        assert hashlib.sha256(data).hexdigest() == row.sha256
        assert np.array_equal(samples.pixels(workspace.path(row.file)), samples.picture(index))
        assert samples.pixels(workspace.path(row.thumbnail)).shape == (48, 64, 3)


def test_numbers_in_names_are_sorted_as_numbers(workspace, folder):
    for name in ("b10", "b9", "B8", "a"):
        Image.fromarray(samples.picture(0)).save(folder / f"{name}.png")
    import_images(workspace, folder)
    assert [frame.name for frame in _frames(workspace)][:4] == ["a", "B8", "b9", "b10"]


@given(st.lists(st.text(max_size=8), max_size=6, unique=True))
def test_any_names_can_be_sorted_and_never_tie(names):
    keys = sorted(natural_key(name) for name in names)
    assert len({str(key) for key in keys}) == len(names)


def test_sizes_may_differ(workspace, folder):
    Image.fromarray(samples.picture(0)).resize((100, 30)).save(folder / "wide.png")
    import_images(workspace, folder)
    assert {(frame.width, frame.height) for frame in _frames(workspace)} == {(64, 48), (100, 30)}


def test_what_is_no_image_is_named_with_its_reason(workspace, folder):
    (folder / "frame1.png").write_bytes((folder / "frame1.png").read_bytes()[:90])
    (folder / "notes.txt").write_text("not an image")
    (folder / "zero.jpg").touch()
    (folder / ".hidden").write_text("hidden files are nobody's frames")
    (folder / "inside").mkdir()
    report = import_images(workspace, folder)
    assert report.added == 3
    assert [name for name, _ in report.skipped] == ["frame1.png", "notes.txt", "zero.jpg"]
    damaged, text, zero = (reason for _, reason in report.skipped)
    assert damaged.startswith("damaged or cut short (")
    assert text == "not an image of a supported format"
    assert zero == "the file is empty"
    assert [frame.name for frame in _frames(workspace)] == ["frame0", "frame2", "frame3"]
    assert [frame.index for frame in _frames(workspace)] == [0, 1, 2]


def test_the_report_names_so_many_files_as_people_read(workspace, folder):
    for index in range(50):
        (folder / f"{index}.txt").write_text("no")
    lines = import_images(workspace, folder).lines()
    assert lines[0] == "skipped 0.txt: not an image of a supported format"
    assert lines[-1] == "skipped 30 more files"
    assert len(lines) == 21


def test_a_folder_without_images_is_one_line(workspace, tmp_path):
    empty = tmp_path / "empty"
    with pytest.raises(StudioError, match=r"^.*/empty does not exist$"):
        import_images(workspace, empty)
    empty.mkdir()
    with pytest.raises(StudioError, match=r"^.*/empty holds no images$"):
        import_images(workspace, empty)
    (empty / "inside").mkdir()
    with pytest.raises(StudioError, match=r"holds no images \(folders inside it are not searched"):
        import_images(workspace, empty)
    (empty / "a.txt").write_text("x")
    with pytest.raises(StudioError, match=r"is not a folder$"):
        import_images(workspace, empty / "a.txt")
    for name in "bcde":
        (empty / f"{name}.txt").write_text("x")
    reason = r"no image that can be read \(a.txt: not an image .*c.txt: [^,]*, and 2 more\)$"
    with pytest.raises(StudioError, match=reason):
        import_images(workspace, empty)
    assert _frames(workspace) == []
