"""A round's masks on their way to its job folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotations import store
from annotations.frames import LabelledFrame
from app import masks
from app.errors import StudioError
from app.workspace import Workspace
from tests.app import samples


def labelled(project: Workspace, frames: int) -> list[LabelledFrame]:
    samples.label_all(project, frames=frames)
    with project.read() as conn:
        return [
            LabelledFrame(frame, store.strokes_at(conn, frame.frame_id))
            for frame in store.list_frames(conn)[:frames]
        ]


def test_a_frames_masks_are_on_the_disk_before_the_next_ones_are_painted(
    project: Workspace, tmp_path: Path
) -> None:
    frames = labelled(project, 3)
    seen: list[tuple[int, int, int]] = []

    def look(done: int, total: int) -> None:
        seen.append((done, total, len(list(tmp_path.glob("labels/*.png")))))

    written = masks.write_masks(frames, samples.CLASSES, tmp_path, seed=0, on_frame=look)
    # looks whether every class keeps something to train, then frame by frame
    first = [one for one in seen if one == (0, 3, 0)]
    assert seen == [*first, (1, 3, 1), (2, 3, 2)]
    assert 2 <= len(first) <= 4
    assert list(written) == [one.frame.frame_id for one in frames]
    for files in written.values():
        assert files.labels is not None
        assert (tmp_path / files.labels).is_file()
        assert files.judge is None or (tmp_path / files.judge).is_file()
    assert any(files.judge for files in written.values())


def test_one_class_is_too_few(project: Workspace, tmp_path: Path) -> None:
    frames = [
        LabelledFrame(one.frame, [s for s in one.strokes if s.class_id == 0])
        for one in labelled(project, 2)
    ]
    with pytest.raises(StudioError, match=r"^only 'ground' is labelled: draw strokes of a second"):
        masks.write_masks(frames, samples.CLASSES, tmp_path, seed=0, on_frame=lambda *_: None)
