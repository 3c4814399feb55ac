"""Classes added, changed, merged and deleted in the middle of a project."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine

from annotations import classes, store
from annotations.labelset import PRESETS
from annotations.types import AnnotationError, ClassMap, LabelClass
from tests.annotations.conftest import make_project

RED = (255, 0, 0)


def names(conn, revision=None):
    return [label.name for label in classes.classes_at(conn, revision).classes]


def test_a_project_starts_with_its_preset(conn):
    assert classes.classes_at(conn) == PRESETS["camvid-11"]
    assert classes.class_targets(conn) == {class_id: class_id for class_id in range(11)}
    with pytest.raises(AnnotationError, match="has classes already"):
        classes.seed_classes(conn, PRESETS["voc-21"], author="ann")


def test_changes_show_in_place_and_each_takes_a_revision(conn):
    before = store.current_revision(conn)
    assert classes.rename_class(conn, 3, "  tar   mac ", author="ann") == before + 1
    assert classes.recolour_class(conn, 3, RED, author="ann") == before + 2
    assert classes.set_geometry(conn, 3, False, author="ann") == before + 3
    assert classes.classes_at(conn).classes[3] == LabelClass(3, "tar mac", RED, False)
    assert classes.classes_at(conn, before) == PRESETS["camvid-11"]
    assert classes.classes_at(conn, before + 1).classes[3].colour == (128, 64, 128)


def test_ids_are_never_given_twice(conn):
    assert classes.add_class(conn, "bus", RED, author="ann") == LabelClass(11, "bus", RED, True)
    classes.delete_class(conn, 11, author="ann")
    assert classes.add_class(conn, "bus", RED, False, author="ann") == LabelClass(
        12, "bus", RED, False
    )
    assert names(conn)[-2:] == ["bicyclist", "bus"]


def test_ids_run_out_with_a_clear_line():
    engine = create_engine("sqlite://")
    many = [LabelClass(number, f"c{number}", RED) for number in range(253) if number != 7]
    make_project(engine, class_map=ClassMap(tuple(many)))
    with engine.begin() as conn:
        classes.delete_class(conn, 20, author="ann")
        ids = [classes.add_class(conn, name, RED, author="ann").class_id for name in ("x", "y")]
        assert ids == [253, 7]
        with pytest.raises(AnnotationError, match="all 254 class ids are used up"):
            classes.add_class(conn, "z", RED, author="ann")
    engine.dispose()


def test_a_list_with_a_name_twice_is_refused():
    twins = ClassMap((LabelClass(0, "a b", RED), LabelClass(1, "A  B", RED)))
    engine = create_engine("sqlite://")
    with pytest.raises(AnnotationError, match="two classes have the name 'a b'"):
        make_project(engine, class_map=twins)
    engine.dispose()


def test_merges_are_followed_to_their_end(conn):
    classes.merge_class(conn, 10, 9, author="ann")
    classes.merge_class(conn, 9, 8, author="ann")
    targets = classes.class_targets(conn)
    assert (targets[10], targets[9], targets[8]) == (8, 8, 8)
    classes.delete_class(conn, 8, author="ann")
    targets = classes.class_targets(conn)
    assert (targets[10], targets[9], targets[8]) == (None, None, None)
    classes.restore_class(conn, 9, author="ann")
    targets = classes.class_targets(conn)
    assert (targets[10], targets[9], targets[8]) == (9, 9, None)
    classes.restore_class(conn, 8, author="ann")
    assert classes.class_targets(conn)[8] == 8


def test_merging_back_and_forth_makes_no_circle(conn):
    classes.merge_class(conn, 8, 9, author="ann")
    classes.restore_class(conn, 8, author="ann")
    classes.merge_class(conn, 9, 8, author="ann")
    targets = classes.class_targets(conn)
    assert (targets[8], targets[9]) == (8, 8)


def test_a_restored_class_is_back_at_its_place_as_it_was(conn):
    classes.rename_class(conn, 3, "lane", author="ann")
    classes.delete_class(conn, 3, author="ann")
    assert "lane" not in names(conn)
    classes.restore_class(conn, 3, author="ann")
    assert names(conn)[3] == "lane"


def test_the_past_keeps_its_merges(conn):
    before = store.current_revision(conn)
    merged = classes.merge_class(conn, 8, 9, author="ann")
    classes.restore_class(conn, 8, author="ann")
    assert classes.class_targets(conn, before)[8] == 8
    assert classes.class_targets(conn, merged)[8] == 9
    assert classes.class_targets(conn)[8] == 8


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (
            lambda c: classes.add_class(c, " CAR ", RED, author="ann"),
            "there is a class 'car' already",
        ),
        (lambda c: classes.add_class(c, "  ", RED, author="ann"), "empty name"),
        (
            lambda c: classes.add_class(c, "x", (0, 0, 256), author="ann"),
            "not three values of 0..255",
        ),
        (
            lambda c: classes.rename_class(c, 3, "Sky", author="ann"),
            "there is a class 'sky' already",
        ),
        (lambda c: classes.rename_class(c, 3, " ", author="ann"), "empty name"),
        (
            lambda c: classes.recolour_class(c, 3, (-1, 0, 0), author="ann"),
            "not three values of 0..255",
        ),
        (lambda c: classes.rename_class(c, 99, "x", author="ann"), "there is no class 99"),
        (
            lambda c: classes.merge_class(c, 3, 3, author="ann"),
            "'road' can't be merged into itself",
        ),
        (
            lambda c: classes.merge_class(c, 3, 5, author="ann"),
            "'tree' is deleted; restore it first",
        ),
        (lambda c: classes.merge_class(c, 3, 6, author="ann"), "'sign' is merged into 'fence'"),
        (lambda c: classes.merge_class(c, 6, 3, author="ann"), "'sign' is merged into 'fence'"),
        (lambda c: classes.delete_class(c, 5, author="ann"), "'tree' is deleted"),
        (lambda c: classes.rename_class(c, 5, "x", author="ann"), "'tree' is deleted"),
        (
            lambda c: classes.restore_class(c, 3, author="ann"),
            "'road' is neither deleted nor merged",
        ),
        (lambda c: classes.restore_class(c, 5, author="ann"), "there is a class 'Tree' already"),
    ],
)
def test_what_can_not_be_is_refused_by_name(conn, change, wrong):
    classes.delete_class(conn, 5, author="ann")
    classes.merge_class(conn, 6, 7, author="ann")
    classes.add_class(conn, "Tree", RED, author="ann")
    before, revision = classes.class_states(conn), store.current_revision(conn)
    with pytest.raises(AnnotationError, match=wrong):
        change(conn)
    assert classes.class_states(conn) == before
    assert store.current_revision(conn) == revision


def test_a_class_keeps_its_own_name_when_only_its_capitals_change(conn):
    classes.rename_class(conn, 8, "CAR", author="ann")
    assert names(conn)[8] == "CAR"
