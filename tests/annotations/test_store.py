"""Strokes kept, refused and removed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import func, select

from annotations import classes, store
from annotations.schema import stroke_ops, strokes
from annotations.types import ERASER, IGNORE, AnnotationError, Stroke


def new_stroke(uuid="u", **fields):
    xy = np.array([[1.5, 2.25], [30.1, 40.7]], np.float32)
    return replace(Stroke(uuid, 1, 3, xy, 3.5, "ann"), **fields)


def keep(conn, stroke, **how):
    return store.append_stroke(conn, stroke, client="tab", **how)


def path(*points):
    return np.array(points, np.float32).reshape(-1, 2)


def test_a_stroke_comes_back_as_it_was_drawn(conn):
    drawn = new_stroke()
    revision = keep(conn, drawn)
    assert revision == store.current_revision(conn) == 2
    (kept,) = store.strokes_at(conn, 1)
    assert kept.xy.dtype == np.float32
    assert kept.xy.tobytes() == drawn.xy.tobytes()
    assert replace(kept, xy=drawn.xy) == drawn
    assert store.strokes_at(conn, 2) == []


@pytest.mark.parametrize("class_id", [0, 10, ERASER, IGNORE])
def test_every_class_and_brush_can_be_drawn(conn, class_id):
    keep(conn, new_stroke(class_id=class_id))
    assert [stroke.class_id for stroke in store.strokes_at(conn, 1)] == [class_id]


def test_sending_a_stroke_again_changes_nothing(conn):
    revision = keep(conn, new_stroke())
    keep(conn, new_stroke("v"))
    assert keep(conn, new_stroke()) == revision
    assert store.current_revision(conn) == revision + 1
    assert [stroke.uuid for stroke in store.strokes_at(conn, 1)] == ["u", "v"]
    store.undo(conn, author="ann", client="tab")
    store.undo(conn, author="ann", client="tab")
    assert keep(conn, new_stroke()) == revision  # a late retry does not bring it back
    assert store.strokes_at(conn, 1) == []


def test_a_retry_is_answered_even_when_its_class_is_gone(conn):
    revision = keep(conn, new_stroke())
    classes.delete_class(conn, 3, author="ann")
    assert keep(conn, new_stroke()) == revision


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"frame_id": 2}, "frame_id"),
        ({"class_id": 4}, "class_id"),
        ({"width": 3.0}, "width"),
        ({"xy": path((1, 2))}, "xy"),
        ({"author": "bob"}, "author"),
    ],
)
def test_another_stroke_of_the_same_uuid_is_refused(conn, fields, name):
    keep(conn, new_stroke())
    with pytest.raises(AnnotationError, match=f"stroke u is kept already with another {name}"):
        keep(conn, new_stroke(**fields))


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"uuid": ""}, "1 to 64 characters"),
        ({"uuid": "x" * 65}, "1 to 64 characters"),
        ({"frame_id": 99}, "there is no frame 99"),
        ({"class_id": 77}, "there is no class 77"),
        ({"class_id": -3}, "there is no class -3"),
        ({"width": 0.4}, "brush of 0.4 pixels; 0.5 to 512.0"),
        ({"width": 513.0}, "brush of 513.0 pixels"),
        ({"width": float("nan")}, "brush of nan pixels"),
        ({"xy": path()}, "0 vertices; 1 to 20000"),
        ({"xy": np.zeros((20_001, 2), np.float32)}, "20001 vertices"),
        ({"xy": path((1, 2), (np.nan, 3))}, "not a finite number"),
        ({"xy": path((np.inf, 3))}, "not a finite number"),
        ({"xy": path((1, 2), (5000, 3))}, r"vertex \(5000, 3\) is far off the image of 80 x 60"),
        ({"xy": path((1, -5000))}, "far off"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(conn, fields, wrong):
    with pytest.raises(AnnotationError, match=wrong):
        keep(conn, new_stroke(**fields))
    assert store.current_revision(conn) == 1
    assert store.strokes_at(conn, 1) == []


def test_a_hand_may_slip_off_the_image(conn):
    keep(conn, new_stroke(xy=path((-300, -200), (500, 400)), width=512.0))
    keep(conn, new_stroke("v", xy=np.zeros((20_000, 2), np.float32), width=0.5))
    assert store.stroke_counts(conn) == {1: 2}


def test_a_deleted_class_can_not_be_drawn_and_a_merged_one_can(conn):
    classes.delete_class(conn, 3, author="ann")
    with pytest.raises(AnnotationError, match="class 'road' is deleted; restore it first"):
        keep(conn, new_stroke())
    classes.merge_class(conn, 8, 9, author="ann")
    keep(conn, new_stroke(class_id=8))
    assert store.strokes_at(conn, 1)[0].class_id == 9


def test_a_refused_import_keeps_nothing(conn):
    wrong = [new_stroke("a"), new_stroke("b", width=-1.0)]
    with pytest.raises(AnnotationError, match="stroke b on frame 'frame0': brush"):
        store.append_strokes(conn, wrong, client="cli", gesture="import")
    for strange in ([], [new_stroke("a"), new_stroke("b", author="bob")]):
        with pytest.raises(AnnotationError, match="one gesture has one author"):
            store.append_strokes(conn, strange, client="cli", gesture="import")
    with pytest.raises(AnnotationError, match="same uuid"):
        store.append_strokes(conn, [new_stroke(), new_stroke()], client="cli", gesture="import")
    assert conn.scalar(select(func.count()).select_from(strokes)) == 0
    assert store.current_revision(conn) == 1


def test_an_import_paints_in_its_order_under_one_revision(conn):
    names = [f"s{number}" for number in (3, 1, 2, 0)] + [f"t{number}" for number in range(1100)]
    imported = [new_stroke(name) for name in names]
    revision = store.append_strokes(conn, imported, client="cli", gesture="import")
    assert revision == 2
    assert [stroke.uuid for stroke in store.strokes_at(conn, 1)] == names
    assert store.append_strokes(conn, imported, client="cli", gesture="import") == revision
    more = [*imported, new_stroke("late")]
    assert store.append_strokes(conn, more, client="cli", gesture="import") == 3
    assert [stroke.uuid for stroke in store.strokes_at(conn, 1)] == [*names, "late"]


def test_a_stroke_that_comes_back_is_painted_where_it_was(conn):
    for uuid in ("a", "b", "c"):
        keep(conn, new_stroke(uuid))
    store.remove_strokes(conn, ["b"], author="ann", client="tab")
    keep(conn, new_stroke("d"))
    assert [stroke.uuid for stroke in store.strokes_at(conn, 1)] == ["a", "c", "d"]
    store.undo(conn, author="ann", client="tab")
    store.undo(conn, author="ann", client="tab")
    assert [stroke.uuid for stroke in store.strokes_at(conn, 1)] == ["a", "b", "c"]


def test_removing_again_changes_nothing_and_unknown_strokes_are_named(conn):
    keep(conn, new_stroke("a"))
    keep(conn, new_stroke("b"))
    removed = store.remove_strokes(conn, ["a", "a"], author="ann", client="tab")
    assert store.remove_strokes(conn, ["a"], author="ann", client="tab") == removed
    with pytest.raises(AnnotationError, match="there is no stroke z"):
        store.remove_strokes(conn, ["b", "z"], author="ann", client="tab")
    assert store.stroke_counts(conn) == {1: 1}


def test_the_past_stays_as_it_was(conn):
    keep(conn, new_stroke("a"))
    before = keep(conn, new_stroke("b", class_id=8))
    store.remove_strokes(conn, ["a"], author="ann", client="tab")
    classes.merge_class(conn, 8, 9, author="ann")
    classes.delete_class(conn, 9, author="ann")
    assert store.strokes_at(conn, 1) == []
    old = store.strokes_at(conn, 1, before)
    assert [(stroke.uuid, stroke.class_id) for stroke in old] == [("a", 3), ("b", 8)]
    assert store.strokes_at(conn, 1, before - 2) == []


def test_strokes_of_deleted_classes_do_not_count_until_they_are_back(conn):
    keep(conn, new_stroke("a"))
    keep(conn, new_stroke("b", class_id=ERASER))
    classes.delete_class(conn, 3, author="ann")
    assert store.stroke_counts(conn) == {1: 1}
    classes.restore_class(conn, 3, author="ann")
    assert store.stroke_counts(conn) == {1: 2}


def test_the_log_says_who_did_what_where(conn):
    keep(conn, new_stroke("a"))
    store.remove_strokes(conn, ["a"], author="bob", client="phone", gesture="wipe")
    store.undo(conn, author="bob", client="laptop")
    log = conn.execute(select(stroke_ops).order_by(stroke_ops.c.id)).all()
    assert [(op.kind, op.intent, op.author, op.client) for op in log] == [
        ("add", "do", "ann", "tab"),
        ("remove", "do", "bob", "phone"),
        ("restore", "undo", "bob", "laptop"),
    ]
    assert [op.gesture for op in log] == ["2:a", "3:wipe", "3:wipe"]
