from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from annotations import classes, store
from annotations.rasterise import rasterise
from annotations.types import ERASER, IGNORE, UNLABELLED
from app import bridge, rounds, runs
from app.errors import StudioError
from app.schema import RunKind
from app.schema import project as project_row
from app.workspace import Workspace
from rewis3d.job import read_job, write_job
from tests.app import samples
from tests.app.samples import draw, frame_ids, label_all, stroke


def _round(workspace: Workspace) -> int:
    with workspace.write() as conn:
        return rounds.create(conn, preset="quick", config={"steps": 5}, seed=3).number


def _mask(folder: Path, file: str | None) -> np.ndarray:
    assert file is not None
    mask = cv2.imread(str(folder / file), cv2.IMREAD_UNCHANGED)
    assert mask is not None
    return mask


def _assert_same_but_for_gaps(mask: np.ndarray, expected: np.ndarray) -> None:
    """Between what judges and what trains a little is left unlabelled; nothing else differs."""
    assert ((mask == expected) | (mask == UNLABELLED)).all()
    assert (mask != UNLABELLED).sum() > 0.5 * (expected != UNLABELLED).sum()


def test_a_training_job_holds_every_frame_and_the_labels_of_the_round(project):
    label_all(project, frames=2)
    ids = frame_ids(project)
    folder = bridge.write_training_job(project, _round(project), current_frame=ids[2])
    assert folder == project.root / "rounds/0001/job"
    job = read_job(folder)
    assert (job.task, job.config, job.seed, job.output) == ("quick", {"steps": 5}, 3, "..")
    with project.read() as conn:
        revision = str(store.current_revision(conn))
        run = rounds.get_round(conn, 1).run.run_id
    assert job.options == {
        "round": "1",
        "preset": "quick",
        "label_revision": revision,
        "run": run,
    }
    assert [view.frame_id for view in job.views] == [ids[2], ids[1], ids[3], ids[0]]
    assert [(spec.class_id, spec.name) for spec in job.classes] == [
        (0, "ground"),
        (1, "thing"),
        (2, "sky"),
    ]
    assert [spec.has_geometry for spec in job.classes] == [True, True, False]
    assert (folder / job.features).resolve() == project.root / "cache/features"
    for view in job.views:
        assert not Path(view.image).is_absolute()
        image = cv2.imread(str(folder / view.image))
        assert image is not None
        assert image.shape == (view.height, view.width, 3)
    by_id = {view.frame_id: view for view in job.views}
    assert by_id[ids[3]].labels is None
    with project.read() as conn:
        drawn = store.strokes_at(conn, ids[1])
    expected = rasterise(drawn, samples.CLASSES, samples.HEIGHT, samples.WIDTH)
    _assert_same_but_for_gaps(_mask(folder, by_id[ids[1]].labels), expected)


def test_the_job_is_what_the_labels_were_when_the_round_was_made(project):
    label_all(project)
    first, second = frame_ids(project)[:2]
    with project.read() as conn:
        drawn = store.strokes_at(conn, first)
    number = _round(project)
    draw(project, stroke(first, ERASER, (0.0, 24.0), (64.0, 24.0), width=100.0))
    draw(project, stroke(second, 1, (5.0, 5.0)))
    with project.write() as conn:
        classes.merge_class(conn, 1, 0, author="ann")
    folder = bridge.write_training_job(project, number, current_frame=None)
    views = {view.frame_id: view for view in read_job(folder).views}
    expected = rasterise(drawn, samples.CLASSES, samples.HEIGHT, samples.WIDTH)
    _assert_same_but_for_gaps(_mask(folder, views[first].labels), expected)
    assert views[second].labels is None


def test_what_judges_does_not_depend_on_the_open_frame(project):
    label_all(project, frames=4)
    ids = frame_ids(project)
    masks = []
    for current in (ids[0], ids[3]):
        folder = bridge.write_training_job(project, _round(project), current_frame=current)
        views = sorted(read_job(folder).views, key=lambda view: view.frame_id)
        masks.append([_mask(folder, view.judge) for view in views if view.judge])
    assert masks[0]
    assert all(np.array_equal(one, other) for one, other in zip(*masks, strict=True))


def test_a_frame_reserved_before_its_round_has_learnt_is_taken_out(project):
    label_all(project, frames=3)
    number = _round(project)
    folder = bridge.write_training_job(project, number)
    second = frame_ids(project)[1]
    with project.write() as conn:
        store.set_reserved(conn, [second])
    bridge.write_training_job(project, number)
    (view,) = [view for view in read_job(folder).views if view.frame_id == second]
    assert view.labels is None


def test_a_folder_left_by_another_round_of_the_number_makes_way(project):
    label_all(project, frames=2)
    folder = bridge.write_training_job(project, _round(project))
    job = read_job(folder)
    write_job(replace(job, options=job.options | {"run": "of a database that is gone"}), folder)
    (folder.parent / "model").mkdir()
    bridge.write_training_job(project, 1)
    assert read_job(folder) == job
    assert not (folder.parent / "model").exists()
    assert len(list((project.root / "rounds").glob("0001.left-*/model"))) == 1


def test_reserved_frames_are_predicted_and_carry_no_labels(project):
    label_all(project, frames=2)
    first, second = frame_ids(project)[:2]
    number = _round(project)
    with project.write() as conn:  # after the round was made: it must not learn from it either
        store.set_reserved(conn, [second])
    folder = bridge.write_training_job(project, number)
    views = {view.frame_id: view for view in read_job(folder).views}
    assert views[first].labels is not None
    assert (views[second].labels, views[second].judge) == (None, None)
    assert not (folder / f"labels/{second}.png").exists()
    assert not (folder / f"judge/{second}.png").exists()


def test_train_ids_are_places_in_the_class_map_and_ignored_stays(project):
    with project.write() as conn:
        classes.delete_class(conn, 0, author="ann")
    first = frame_ids(project)[0]
    draw(
        project,
        stroke(first, 1, (10.0, 10.0), width=4.0),
        stroke(first, 2, (30.0, 10.0), width=4.0),
        stroke(first, IGNORE, (50.0, 10.0), width=4.0),
    )
    folder = bridge.write_training_job(project, _round(project))
    job = read_job(folder)
    mask = _mask(folder, job.views[0].labels)
    assert [spec.class_id for spec in job.classes] == [1, 2]
    assert (mask[10, 10], mask[10, 30], mask[10, 50], mask[40, 10]) == (0, 1, 254, UNLABELLED)


def test_held_out_pixels_are_labelled_ones_and_no_class_loses_all(project):
    label_all(project, frames=3)
    folder = bridge.write_training_job(project, _round(project))
    seen: set[int] = set()
    learnt: set[int] = set()
    judged = 0
    for view in read_job(folder).views:
        if view.judge is None:
            continue
        labels, judge = _mask(folder, view.labels), _mask(folder, view.judge)
        assert set(np.unique(judge)) <= {0, 255}
        assert (labels[judge == 255] < len(samples.CLASSES)).all()
        judged += int((judge == 255).sum())
    for view in read_job(folder).views:
        if view.labels is not None:
            labels = _mask(folder, view.labels)
            held = _mask(folder, view.judge) == 255 if view.judge else labels < 0
            seen |= set(np.unique(labels[labels < 254]).tolist())
            learnt |= set(np.unique(labels[(labels < 254) & ~held]).tolist())
    assert judged > 0
    assert learnt == seen == {0, 1, 2}


def test_a_resumed_round_finds_the_folder_that_it_started_with(project):
    label_all(project)
    number = _round(project)
    folder = bridge.write_training_job(project, number)
    before = {file: file.stat().st_mtime_ns for file in folder.rglob("*")}
    with project.write() as conn:
        store.set_reserved(conn, frame_ids(project)[3:])
    assert bridge.write_training_job(project, number) == folder
    assert {file: file.stat().st_mtime_ns for file in folder.rglob("*")} == before


def test_a_worker_killed_while_writing_leaves_no_half_folder(project, monkeypatch):
    label_all(project)
    number = _round(project)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(bridge, "write_job", killed)
        with pytest.raises(KeyboardInterrupt):
            bridge.write_training_job(project, number)
    assert not (project.root / "rounds/0001/job").exists()
    assert read_job(bridge.write_training_job(project, number)).seed == 3
    assert [path.name for path in (project.root / "rounds/0001").iterdir()] == ["job"]


def test_strokes_that_leave_no_pixel_are_refused(project):
    first = frame_ids(project)[0]
    draw(project, stroke(first, 0, (5.0, 5.0)), stroke(first, 1, (20.0, 5.0)))
    draw(project, stroke(first, ERASER, (20.0, 5.0), width=20.0))
    with pytest.raises(StudioError, match=r"^only 'ground' is labelled: draw strokes of a second"):
        bridge.write_training_job(project, _round(project))
    draw(project, stroke(first, ERASER, (5.0, 5.0), width=20.0))
    with pytest.raises(StudioError, match=r"^nothing is labelled: the strokes leave no pixel"):
        bridge.write_training_job(project, _round(project))
    assert not (project.root / "rounds/0001/job").exists()


def _model_run(workspace: Workspace, kind: RunKind, **request: object) -> str:
    with workspace.write() as conn:
        return runs.create(conn, kind, request={"round": 1, **request})


def test_a_predict_job_names_the_model_and_the_frames_wanted(project):
    label_all(project)
    number = _round(project)
    (project.root / "rounds/0001/model").mkdir(parents=True)
    ids = frame_ids(project)
    run_id = _model_run(project, RunKind.PREDICT, frames=[ids[3], ids[1]])
    folder = bridge.write_predict_job(project, run_id)
    job = read_job(folder)
    assert number == 1
    assert job.task == "predict"
    assert [view.frame_id for view in job.views] == [ids[1], ids[3]]
    assert all(view.labels is None for view in job.views)
    assert job.checkpoint is not None
    assert (folder / job.checkpoint).resolve() == project.root / "rounds/0001/model"
    assert (folder / job.output).resolve() == project.root / "rounds/0001"
    assert (folder / job.features).resolve() == project.root / "cache/features"
    assert (folder / job.views[0].image).is_file()


def test_an_export_job_names_the_format_and_its_own_folder(project):
    label_all(project)
    _round(project)
    (project.root / "rounds/0001/model").mkdir(parents=True)
    run_id = _model_run(project, RunKind.EXPORT, what="model", format="onnx")
    folder = bridge.write_export_job(project, run_id)
    job = read_job(folder)
    assert (job.task, job.options["format"], job.options["project"]) == ("export", "onnx", "small")
    assert job.checkpoint is not None
    assert (folder / job.checkpoint).resolve() == project.root / "rounds/0001/model"
    assert (folder / job.output).resolve() == project.root / "exports" / run_id
    assert not (project.root / "exports" / run_id).exists()  # it will hold what is made, alone


@pytest.mark.parametrize("kind", [RunKind.PREDICT, RunKind.EXPORT])
def test_a_round_without_a_model_is_named(project, kind):
    label_all(project)
    _round(project)
    run_id = _model_run(project, kind, format="onnx")
    write = bridge.write_predict_job if kind is RunKind.PREDICT else bridge.write_export_job
    with pytest.raises(StudioError, match=r"^round 1 has no model \(it is queued\)$"):
        write(project, run_id)


def test_the_open_frame_comes_first_and_its_clip_before_others(project):
    with project.read() as conn:
        frames = store.list_frames(conn)
    other = [
        store.Frame(
            frame_id=100 + index, clip_id=99, index=index, name=f"b{index}", file=f"b{index}",
            height=4, width=4, timestamp=None,
        )
        for index in range(2)
    ]  # fmt: skip
    ids = [frame.frame_id for frame in frames]
    order = bridge.wanted_order([*frames, *other], ids[1])
    assert [frame.frame_id for frame in order] == [ids[1], ids[0], ids[2], ids[3], 100, 101]
    assert [frame.frame_id for frame in bridge.wanted_order([*frames, *other], None)] == [
        *ids,
        100,
        101,
    ]


def test_a_round_is_to_be_judged_beside_the_one_that_was_active(project):
    label_all(project)
    with project.write() as conn:
        rounds.create(conn, preset="quick", config={}, seed=0)
        conn.execute(project_row.update().values(active_round=1))
    first, second = (bridge.write_training_job(project, number) for number in (1, _round(project)))
    assert read_job(first).rival is None
    assert read_job(second).rival == "../../0001/job"
