from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from PIL import Image

from annotations import classes, store
from annotations.types import AnnotationError
from app.errors import StudioError
from app.evaluate import evaluate
from tests.app import samples
from tests.app.judged import predicted_round, write_labels
from tests.app.samples import draw, frame_ids, label_all, stroke

FRAMES = range(samples.FRAMES)
ROWS = samples.HEIGHT


def _truths() -> dict[int, np.ndarray]:
    return {index: samples.truth(index) for index in FRAMES}


def _reserve(workspace, *places: int) -> None:
    with workspace.write() as conn:
        store.set_reserved(conn, [frame_ids(workspace)[place] for place in places])


def test_perfect_predictions_score_one_in_every_set(project, tmp_path):
    label_all(project)
    _reserve(project, 3)
    number = predicted_round(project, _truths())
    found = evaluate(project, write_labels(tmp_path / "labels"))
    assert found.round == number
    assert found.classes == ["ground", "thing", "sky"]
    assert found.frames == {"same": 1, "other": 2, "reserved": 1}
    assert set(found.miou.values()) == set(found.accuracy.values()) == {1.0}
    assert found.iou["reserved"] == {"ground": 1.0, "thing": 1.0, "sky": 1.0}
    assert (found.unlabelled, found.unpredicted, found.left_out) == ([], [], [])


def test_the_report_is_what_evaluate_json_promises(project, tmp_path):
    label_all(project)
    predicted_round(project, _truths())
    report = json.loads(json.dumps(asdict(evaluate(project, write_labels(tmp_path / "labels")))))
    for key in ("miou", "iou", "accuracy", "frames"):
        assert list(report[key]) == ["same", "other", "reserved"]
    assert report["frames"]["reserved"] == 0
    assert report["miou"]["reserved"] is None
    assert report["accuracy"]["reserved"] is None
    assert report["iou"]["reserved"] == {"ground": None, "thing": None, "sky": None}


def test_scores_worked_out_by_hand(project, tmp_path):
    label_all(project)
    predictions = _truths()
    predictions[1] = np.zeros_like(predictions[1])  # all ground
    predicted_round(project, predictions)
    labels = write_labels(tmp_path / "labels", frames=(0, 1))
    found = evaluate(project, labels)
    shown = np.bincount(samples.truth(1).ravel(), minlength=3) / samples.truth(1).size
    assert found.iou["other"] == {"ground": pytest.approx(shown[0]), "thing": 0.0, "sky": 0.0}
    assert found.miou["other"] == pytest.approx(shown[0] / 3)
    assert found.accuracy["other"] == pytest.approx(shown[0])
    assert found.unlabelled == ["frame2", "frame3"]


def test_pixels_of_strokes_are_not_judged_and_all_others_are(project, tmp_path):
    label_all(project)
    first = frame_ids(project)[0]
    wide = stroke(first, 0, (0.0, 47.0), (64.0, 47.0), width=2.0)  # rows 46 and 47
    draw(project, wide)
    predictions = _truths()
    predictions[0][46:] = 1
    predicted_round(project, predictions)
    labels = write_labels(tmp_path / "labels")
    assert evaluate(project, labels).accuracy["same"] == 1
    predictions[0][24:26, 40:] = 1  # 48 wrong pixels of ground where nobody drew
    predicted_round(project, predictions)
    judged = 48 * 64 - _stroked(project, first)
    second = evaluate(project, labels, round_number=2)
    assert second.accuracy["same"] == pytest.approx(1 - 48 / judged)
    assert second.accuracy["other"] == 1


def _stroked(workspace, frame_id: int) -> int:
    """Count the pixels whose centre is within half a brush of a stroke, slowly."""
    with workspace.read() as conn:
        strokes = store.strokes_at(conn, frame_id)
    y, x = np.mgrid[0 : samples.HEIGHT, 0 : samples.WIDTH] + 0.5
    near = np.zeros(x.shape, bool)
    for each in strokes:  # all of them level lines
        (x0, y0), (x1, _) = each.xy[0], each.xy[-1]
        near |= np.hypot(x - x.clip(x0, x1), y - y0) <= each.width / 2
    return int(near.sum())


def test_strokes_drawn_after_the_round_change_nothing(project, tmp_path):
    label_all(project)
    predictions = _truths()
    predictions[0][:] = predictions[1][:] = 2
    predicted_round(project, predictions)
    labels = write_labels(tmp_path / "labels")
    before = evaluate(project, labels)
    for frame_id in frame_ids(project)[:2]:
        draw(project, stroke(frame_id, 0, (0.0, 36.0), (64.0, 36.0), width=30.0))
    assert evaluate(project, labels) == before


def test_a_frame_reserved_after_it_taught_the_round_is_not_called_reserved(project, tmp_path):
    label_all(project, frames=2)
    _reserve(project, 1)
    predicted_round(project, _truths())
    _reserve(project, 0)
    found = evaluate(project, write_labels(tmp_path / "labels"))
    assert found.frames == {"same": 1, "other": 2, "reserved": 1}


def test_labels_of_a_merged_class_count_as_the_one_that_took_it(project, tmp_path):
    label_all(project)
    with project.write() as conn:
        classes.merge_class(conn, 1, 0, author="ann")
    # The round's classes are ground and sky: train ids 0 and 1.
    predictions = {i: (samples.truth(i) == 2).astype(np.uint8) for i in FRAMES}
    predicted_round(project, predictions)
    found = evaluate(project, write_labels(tmp_path / "labels"))
    assert found.classes == ["ground", "sky"]
    assert found.miou["other"] == found.miou["same"] == 1
    assert found.left_out == []


def test_labels_of_a_deleted_class_are_not_judged(project, tmp_path):
    label_all(project)
    with project.write() as conn:
        classes.delete_class(conn, 2, author="ann")
    # Ground and thing are left, train ids 0 and 1; what is sky may be anything.
    predictions = {i: (samples.truth(i) == 1).astype(np.uint8) for i in FRAMES}
    predicted_round(project, predictions)
    found = evaluate(project, write_labels(tmp_path / "labels"))
    assert found.miou["other"] == 1
    assert found.left_out == ["sky"]


def test_frames_without_a_prediction_are_named(project, tmp_path):
    label_all(project)
    predicted_round(project, {0: samples.truth(0), 2: samples.truth(2)})
    found = evaluate(project, write_labels(tmp_path / "labels", frames=(0, 1, 2)))
    assert found.frames == {"same": 1, "other": 1, "reserved": 0}
    assert (found.unpredicted, found.unlabelled) == (["frame1"], ["frame3"])


def test_progress_counts_the_frames(project, tmp_path):
    label_all(project)
    predicted_round(project, _truths())
    told: list[tuple[str, int, int | None]] = []
    evaluate(project, write_labels(tmp_path / "labels"), on_progress=lambda *a: told.append(a))
    assert told == [("evaluating", done, 4) for done in (1, 2, 3, 4)]


def test_what_cant_be_evaluated_is_said_in_one_line(project, tmp_path):
    labels = write_labels(tmp_path / "labels")
    with pytest.raises(StudioError, match="no round has predicted anything yet"):
        evaluate(project, labels)
    with pytest.raises(StudioError, match="there is no round 4"):
        evaluate(project, labels, round_number=4)
    label_all(project)
    predicted_round(project, {})
    with pytest.raises(StudioError, match=r"round 1 has predicted nothing \(it is running\)"):
        evaluate(project, labels, round_number=1)
    predicted_round(project, _truths())
    Image.fromarray(np.full((48, 64), 7, np.uint8)).save(labels / "frame1.png")
    with pytest.raises(AnnotationError, match=r"frame1\.png: no class has the id 7"):
        evaluate(project, labels)
    assert evaluate(project, labels, ignore=7).frames["other"] == 3


def test_a_damaged_prediction_is_named(project, tmp_path):
    label_all(project)
    predicted_round(project, _truths())
    file = project.root / f"rounds/0001/predictions/{frame_ids(project)[1]}.labels.png"
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(StudioError, match=r"labels\.png: not a prediction of frame 'frame1'"):
        evaluate(project, write_labels(tmp_path / "labels"))
