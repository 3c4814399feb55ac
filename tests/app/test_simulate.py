from __future__ import annotations

import numpy as np
import pytest

from annotations import classes, store
from annotations.rasterise import rasterise
from app import events
from app.errors import StudioError
from app.simulate import AUTHOR, draw_strokes
from tests.app import samples
from tests.app.judged import write_labels


def _frames(workspace, *places: int):
    with workspace.read() as conn:
        frames = store.list_frames(conn)
    return [frames[place] for place in places]


def _mask(workspace, frame) -> np.ndarray:
    with workspace.read() as conn:
        strokes = store.strokes_at(conn, frame.frame_id)
        return rasterise(strokes, classes.classes_at(conn), frame.height, frame.width)


def test_strokes_agree_with_the_labels_and_are_counted(project, tmp_path):
    frames = _frames(project, 0, 2)
    found = draw_strokes(project, write_labels(tmp_path / "labels"), frames=frames)
    assert found.frames == 2
    masks = {frame.index: _mask(project, frame) for frame in frames}
    for index, mask in masks.items():
        drawn = mask != 255
        assert (mask[drawn] == samples.truth(index)[drawn]).all()
        assert set(np.unique(mask)) == {0, 1, 2, 255}
    assert found.share == pytest.approx(np.mean([mask != 255 for mask in masks.values()]))
    with project.read() as conn:
        assert sum(store.stroke_counts(conn).values()) == found.strokes


def test_all_of_it_is_one_step_that_pages_learn_of(project, tmp_path):
    frames = _frames(project, 0, 2)
    draw_strokes(project, write_labels(tmp_path / "labels"), frames=frames)
    with project.write() as conn:
        told = [event for event in events.after(conn, 0) if event.kind == "stroke"]
        assert [event.payload["frame"] for event in told] == [frame.frame_id for frame in frames]
        assert {event.payload["revision"] for event in told} == {store.current_revision(conn)}
        store.undo(conn, author=AUTHOR, client="test")
        assert store.stroke_counts(conn) == {}


def test_a_frames_strokes_depend_on_the_seed_and_not_on_other_frames(project, tmp_path):
    labels = write_labels(tmp_path / "labels")
    masks = []
    for places, seed in (((2,), 1), ((0, 2), 1), ((2,), 2)):
        frames = _frames(project, *places)
        draw_strokes(project, labels, frames=frames, seed=seed)
        masks.append(_mask(project, frames[-1]))
        with project.write() as conn:
            store.undo(conn, author=AUTHOR, client="test")
    assert np.array_equal(masks[0], masks[1])
    assert not np.array_equal(masks[0], masks[2])


def test_kind_length_and_width_are_passed_on(project, tmp_path):
    labels, frames = write_labels(tmp_path / "labels"), _frames(project, 0)
    points = draw_strokes(project, labels, frames=frames, kind="points")
    assert points.share == 3 / (48 * 64)
    short = draw_strokes(project, labels, frames=frames, length=0.25)
    full = draw_strokes(project, labels, frames=frames)
    thick = draw_strokes(project, labels, frames=frames, width=5.0)
    coarse = draw_strokes(project, labels, frames=frames, kind="coarse")
    assert points.share < short.share < full.share < thick.share < coarse.share


def test_merged_classes_are_drawn_as_the_one_that_took_them(project, tmp_path):
    with project.write() as conn:
        classes.merge_class(conn, 1, 0, author="ann")
        classes.delete_class(conn, 2, author="ann")
    frames = _frames(project, 0)
    draw_strokes(project, write_labels(tmp_path / "labels"), frames=frames)
    with project.read() as conn:
        assert {s.class_id for s in store.strokes_at(conn, frames[0].frame_id)} == {0}


def test_a_frame_without_labels_is_named_and_nothing_is_drawn(project, tmp_path):
    labels = write_labels(tmp_path / "labels", frames=(0, 1))
    with pytest.raises(StudioError, match=r"holds no frame2\.png \(2 frames miss labels\)"):
        draw_strokes(project, labels, frames=_frames(project, 0, 2, 3))
    with project.read() as conn:
        assert store.stroke_counts(conn) == {}


def test_labels_that_show_nothing_large_enough_draw_nothing(project, tmp_path):
    labels = write_labels(tmp_path / "labels")
    with project.write() as conn:
        for class_id in (0, 1, 2):
            classes.delete_class(conn, class_id, author="ann")
    found = draw_strokes(project, labels, frames=_frames(project, 0))
    assert (found.strokes, found.share) == (0, 0)
