"""Classes and their ids."""

from __future__ import annotations

import pytest

from annotations.types import AnnotationError, ClassMap, LabelClass

CLASSES = ClassMap((LabelClass(7, "a", (0, 0, 0)), LabelClass(3, "b", (255, 255, 255))))


def test_a_train_id_is_a_class_s_place():
    assert [CLASSES.train_id(class_id) for class_id in (7, 3)] == [0, 1]
    assert CLASSES.class_ids == (7, 3)
    assert len(CLASSES) == 2


def test_an_unknown_class_has_no_train_id():
    with pytest.raises(AnnotationError, match=r"class id 5 is unknown; known: \(7, 3\)"):
        CLASSES.train_id(5)


def test_two_classes_have_two_ids():
    with pytest.raises(AnnotationError, match=r"given twice: \[1, 1\]"):
        ClassMap((LabelClass(1, "a", (0, 0, 0)), LabelClass(1, "b", (0, 0, 0))))


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ((-1, "a", (0, 0, 0)), "class id -1 is outside 0..253"),
        ((254, "a", (0, 0, 0)), "class id 254 is outside 0..253"),
        ((0, " ", (0, 0, 0)), "class 0 has an empty name"),
        ((0, "a", (0, 0, 256)), r"class 'a': colour \(0, 0, 256\) is not three values of 0..255"),
    ],
)
def test_a_class_that_can_not_be_is_refused(fields, wrong):
    with pytest.raises(AnnotationError, match=wrong):
        LabelClass(*fields)
