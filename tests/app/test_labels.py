from __future__ import annotations

import json
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from annotations import classes, labelset, store
from annotations.rasterise import rasterise
from annotations.types import ERASER, IGNORE, UNLABELLED
from app import labels, rounds, runs
from app.errors import StudioError
from app.schema import RunKind
from app.workspace import Workspace
from rewis3d.reports import Published
from tests.app import samples
from tests.app.samples import draw, frame_ids, label_all, stroke


def _predicted(workspace: Workspace, *, frames: int) -> int:
    """Make a round that predicts the truth of the first frames; return its number."""
    with workspace.write() as conn:
        round_ = rounds.create(conn, preset="quick", config={}, seed=0)
        claim = runs.claim(conn, round_.run.run_id, slot="a")
        assert claim is not None
        folder = workspace.path(round_.folder)
        folder.mkdir(parents=True)
        published = []
        for index, frame_id in enumerate(frame_ids(workspace)[:frames]):
            train_ids = np.array(
                [round_.class_map.train_id(each) for each in round_.class_map.class_ids], np.uint8
            )[samples.truth(index)]
            assert cv2.imwrite(str(folder / f"{frame_id}.png"), train_ids)
            published.append(Published(frame_id, f"{frame_id}.png", f"{frame_id}.png"))
        rounds.publish(conn, claim, published)
        runs.finish(conn, claim, result={})
    return round_.number


def _ids(file: Path) -> np.ndarray:
    with Image.open(file) as image:
        assert image.mode == "P"
        return np.asarray(image)


def test_a_mask_is_the_prediction_with_the_strokes_of_now_over_it(project, tmp_path):
    label_all(project)
    _predicted(project, frames=2)
    second, third = frame_ids(project)[1:3]
    draw(project, stroke(second, 0, (4.0, 4.0), (20.0, 4.0)))  # the prediction was wrong here
    draw(project, stroke(second, IGNORE, (50.0, 44.0)))
    draw(project, stroke(third, 1, (30.0, 30.0)))  # drawn after the round, without a prediction
    report = labels.export_labels(project, tmp_path / "out")
    assert (report.frames, report.predicted, report.round) == (3, 2, 1)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "classes.json",
        "frame0.png",
        "frame1.png",
        "frame2.png",
    ]
    expected = samples.truth(1)
    with project.read() as conn:
        drawn = rasterise(store.strokes_at(conn, second), samples.CLASSES, 48, 64)
        alone = rasterise(store.strokes_at(conn, third), samples.CLASSES, 48, 64)
    expected = np.where(drawn < 254, drawn, expected)
    expected[drawn == 254] = UNLABELLED
    assert np.array_equal(_ids(tmp_path / "out/frame1.png"), expected)
    assert (drawn == 254).any()
    assert np.array_equal(_ids(tmp_path / "out/frame2.png"), alone)
    with Image.open(tmp_path / "out/frame1.png") as image:
        shown = np.asarray(image.convert("RGB"))
    assert tuple(shown[4, 10]) == samples.CLASSES.classes[0].colour
    listed = json.loads((tmp_path / "out/classes.json").read_text())
    assert labelset.from_json(listed) == samples.CLASSES


def test_an_eraser_takes_a_stroke_away_and_leaves_the_prediction(project, tmp_path):
    label_all(project)
    _predicted(project, frames=1)
    first = frame_ids(project)[0]
    draw(project, stroke(first, ERASER, (0.0, 24.0), (64.0, 24.0), width=200.0))
    labels.export_labels(project, tmp_path / "out")
    assert np.array_equal(_ids(tmp_path / "out/frame0.png"), samples.truth(0))


def test_without_a_round_the_strokes_are_exported_alone(project, tmp_path):
    label_all(project, frames=2)
    report = labels.export_labels(project, tmp_path / "out")
    assert (report.frames, report.predicted, report.strokes, report.round) == (2, 0, 12, None)


def test_classes_that_changed_since_the_round_are_those_of_now(project, tmp_path):
    label_all(project)
    _predicted(project, frames=2)
    with project.write() as conn:
        classes.merge_class(conn, 1, 0, author="ann")
        classes.delete_class(conn, 2, author="ann")
        added = classes.add_class(conn, "kerb", (1, 2, 3), author="ann")
    labels.export_labels(project, tmp_path / "out")
    expected = samples.truth(1)
    expected[expected == 1] = 0
    expected[expected == 2] = UNLABELLED
    assert np.array_equal(_ids(tmp_path / "out/frame1.png"), expected)
    listed = json.loads((tmp_path / "out/classes.json").read_text())
    assert [row["id"] for row in listed] == [0, added.class_id]


def test_predictions_alone_are_in_the_classes_of_their_round(project, tmp_path):
    label_all(project)
    _predicted(project, frames=2)
    with project.write() as conn:
        classes.merge_class(conn, 1, 0, author="ann")
    assert labels.export_predictions(project, tmp_path / "out") == 2
    assert np.array_equal(_ids(tmp_path / "out/frame1.png"), samples.truth(1))
    listed = json.loads((tmp_path / "out/classes.json").read_text())
    assert [row["id"] for row in listed] == [0, 1, 2]


def test_what_can_not_be_exported_is_one_line_and_leaves_no_folder(project, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(StudioError, match="there are no labels to export"):
        labels.export_labels(project, out)
    with pytest.raises(StudioError, match="there are no strokes to export"):
        labels.export_strokes(project, out)
    with pytest.raises(StudioError, match="no round has predicted anything yet"):
        labels.export_predictions(project, out)
    with pytest.raises(StudioError, match="there is no round 7"):
        labels.export_labels(project, out, round_number=7)
    with pytest.raises(StudioError, match=r"unknown format 'voc' of labels; known: png, strokes"):
        labels.export_labels(project, out, format="voc")
    assert list(tmp_path.glob("out*")) == []


def test_a_round_that_predicted_nothing_is_named(project, tmp_path):
    label_all(project)
    with project.write() as conn:
        rounds.create(conn, preset="quick", config={}, seed=0)
    with pytest.raises(StudioError, match=r"^round 1 has predicted nothing \(it is queued\)$"):
        labels.export_predictions(project, tmp_path / "out", round_number=1)


def test_a_folder_in_use_is_left_as_it_is(project, tmp_path):
    label_all(project)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("x")
    with pytest.raises(StudioError, match=r"out is not empty; give a new or empty folder$"):
        labels.export_labels(project, tmp_path / "out")
    with pytest.raises(StudioError, match=r"mine.txt is a file, not a folder$"):
        labels.export_labels(project, tmp_path / "out/mine.txt")
    assert [path.name for path in tmp_path.glob("out*/*")] == ["mine.txt"]


def test_a_prediction_whose_file_is_gone_is_named(project, tmp_path):
    label_all(project)
    _predicted(project, frames=1)
    for file in (project.root / "rounds/0001").iterdir():
        file.write_bytes(b"x")
    with pytest.raises(StudioError, match=r"^rounds/0001/1.png: not a prediction of frame 'frame0"):
        labels.export_labels(project, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("labels", ["classes.json", "frame0.png", "frame1.png"]),
        ("strokes", ["strokes.json"]),
    ],
)
def test_an_export_run_leaves_a_folder_and_its_zip(project, what, names):
    label_all(project)
    number = _predicted(project, frames=2)
    request = {"round": number, "what": what, "format": "png"}
    with project.write() as conn:
        run_id = runs.create(conn, RunKind.EXPORT, request=request)
    steps: list[tuple[str, int, int | None]] = []
    labels.fill_export(project, run_id)
    # again, as after a kill
    result = labels.fill_export(project, run_id, on_progress=lambda *s: steps.append(s))
    assert result["frames"] == (2 if what == "labels" else 1)
    folder = project.root / "exports" / run_id
    with zipfile.ZipFile(project.root / f"exports/{run_id}.zip") as archive:
        assert archive.namelist() == names
        for name in names:
            assert archive.read(name) == (folder / name).read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == names
    assert (steps[-1:] == [("writing labels", 4, 4)]) == (what == "labels")
