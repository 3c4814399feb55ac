from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from annotations import classes, store
from annotations.rasterise import rasterise
from annotations.types import ERASER, IGNORE, UNLABELLED, AnnotationError
from app import events, labels
from app.errors import StudioError
from app.ingest.strokes import import_strokes
from app.workspace import Workspace, open_workspace
from tests.app import samples
from tests.app.samples import draw, frame_ids, label_all, stroke


def _mask(workspace: Workspace, frame_id: int) -> np.ndarray:
    with workspace.read() as conn:
        strokes = store.strokes_at(conn, frame_id)
        class_map = classes.classes_at(conn)
    return rasterise(strokes, class_map, samples.HEIGHT, samples.WIDTH)


def _write(folder: Path, name: str, mask: np.ndarray) -> None:
    folder.mkdir(exist_ok=True)
    assert cv2.imwrite(str(folder / name), mask)


def _scribbles() -> np.ndarray:
    mask = np.full((48, 64), UNLABELLED, np.uint8)
    mask[5:8, 3:40] = 2
    mask[40, 10:60] = 0
    mask[20, 30] = 1  # a point
    return mask


def test_masks_come_in_pixel_for_pixel_as_one_undo_step(project, tmp_path):
    _write(tmp_path / "masks", "frame0.png", _scribbles())
    _write(tmp_path / "masks", "frame2.PNG", samples.truth(2))
    _write(tmp_path / "masks", "other.png", _scribbles())
    steps: list[tuple[str, int, int | None]] = []
    report = import_strokes(
        project, tmp_path / "masks", author="ann", on_progress=lambda *s: steps.append(s)
    )
    first, _, third = frame_ids(project)[:3]
    assert (report.frames, report.skipped) == (2, ("other.png",))
    assert steps[-1] == ("reading masks", 2, 2)
    assert np.array_equal(_mask(project, first), _scribbles())
    assert np.array_equal(_mask(project, third), samples.truth(2))
    with project.read() as conn:
        assert sum(store.stroke_counts(conn).values()) == report.strokes
        told = [e.payload["frame"] for e in events.after(conn, 0) if e.kind == "stroke"]
        assert told == [first, third]
    with project.write() as conn:
        store.undo(conn, author="ann", client="tab")
        assert store.stroke_counts(conn) == {}


def test_strokes_go_out_and_come_back_the_same(project, project_master, tmp_path):
    label_all(project, frames=2)
    first = frame_ids(project)[0]
    draw(project, stroke(first, ERASER, (20.0, 5.0)), stroke(first, IGNORE, (50.5, 20.25)))
    report = labels.export_strokes(project, tmp_path / "out")
    assert (report.frames, report.strokes) == (2, 14)
    other = shutil.copytree(project_master, tmp_path / "other")
    for source in (tmp_path / "out", tmp_path / "out/strokes.json"):
        with open_workspace(other) as workspace:
            assert import_strokes(workspace, source, author="bea").strokes == 14
            for frame_id in frame_ids(project):
                assert np.array_equal(_mask(workspace, frame_id), _mask(project, frame_id))


def test_a_value_to_ignore_is_no_label(project, tmp_path):
    void = _scribbles()
    void[void == UNLABELLED] = 11  # as CamVid's masks have it
    _write(tmp_path / "masks", "frame0.png", void)
    with pytest.raises(AnnotationError, match=r"frame0.png: no class has the id 11 \("):
        import_strokes(project, tmp_path / "masks", author="ann")
    import_strokes(project, tmp_path / "masks", author="ann", ignore=11)
    assert np.array_equal(_mask(project, frame_ids(project)[0]), _scribbles())


def test_a_value_to_ignore_makes_no_sense_for_strokes(project, tmp_path):
    label_all(project)
    labels.export_strokes(project, tmp_path / "out")
    with pytest.raises(StudioError, match=r"strokes.json holds strokes: a value to ignore is for"):
        import_strokes(project, tmp_path / "out", author="ann", ignore=11)


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        (np.zeros((10, 10), np.uint8), r"frame1.png: it is 10 x 10, its frame is 64 x 48"),
        (np.full((48, 64), 9, np.uint8), r"frame1.png: no class has the id 9"),
        (np.zeros((48, 64, 3), np.uint8), r"frame1.png: its pixels are RGB"),
    ],
)
def test_a_wrong_mask_is_named_and_nothing_is_taken_in(project, tmp_path, mask, reason):
    _write(tmp_path / "masks", "frame0.png", _scribbles())
    _write(tmp_path / "masks", "frame1.png", mask)
    with pytest.raises(AnnotationError, match=reason):
        import_strokes(project, tmp_path / "masks", author="ann")
    with project.read() as conn:
        assert store.stroke_counts(conn) == {}


def test_what_holds_no_strokes_is_one_line(project, tmp_path):
    with pytest.raises(StudioError, match=r"gone does not exist$"):
        import_strokes(project, tmp_path / "gone", author="ann")
    masks = tmp_path / "masks"
    masks.mkdir()
    with pytest.raises(StudioError, match=r"neither strokes.json nor a mask of any frame"):
        import_strokes(project, masks, author="ann")
    _write(masks, "frame0.png", np.full((48, 64), UNLABELLED, np.uint8))
    with pytest.raises(StudioError, match=r"masks holds no stroke and no labelled pixel$"):
        import_strokes(project, masks, author="ann")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(AnnotationError, match=r"notes.txt: not JSON"):
        import_strokes(project, tmp_path / "notes.txt", author="ann")
