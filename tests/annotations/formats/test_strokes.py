"""Strokes as JSON."""

from __future__ import annotations

import json
from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.formats.strokes import FILE_NAME, read_strokes, write_strokes
from annotations.frames import LabelledFrame
from annotations.labelset import from_json
from annotations.types import ERASER, IGNORE, AnnotationError, Frame, Stroke

CLASSES = from_json([{"name": "road", "id": 7}, {"name": "car", "id": 3}])
FRAMES = [Frame(n, 1, n, f"f{n}", f"{n}.jpg", 60, 80, None) for n in (4, 5, 6)]


def stroke(uuid, frame_id, class_id, xy=((1.1, 2.2), (3.3, 4.4)), width=2.5):
    return Stroke(uuid, frame_id, class_id, np.array(xy, np.float32), width, "ann")


def content(strokes):
    """Return strokes without what a copy has of its own."""
    return [(s.frame_id, s.class_id, s.width, s.xy.tolist()) for s in strokes]


DRAWN = [stroke("a", 4, 7), stroke("b", 4, ERASER), stroke("c", 6, 3), stroke("d", 6, IGNORE)]
LABELLED = [
    LabelledFrame(frame, [s for s in DRAWN if s.frame_id == frame.frame_id]) for frame in FRAMES
]


@pytest.fixture
def file(tmp_path):
    write_strokes(tmp_path / FILE_NAME, LABELLED, CLASSES)
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]
    return tmp_path / FILE_NAME


def test_strokes_come_back_as_new_ones_of_the_importer(file):
    strokes = read_strokes(file, FRAMES, CLASSES, author="bob")
    assert content(strokes) == content(DRAWN)
    assert {s.author for s in strokes} == {"bob"}
    assert len({s.uuid for s in strokes} | {s.uuid for s in DRAWN}) == 8


coordinates = st.floats(-400, 400, width=32)


@given(st.lists(st.tuples(coordinates, coordinates), min_size=1), st.floats(0.5, 512))
def test_coordinates_keep_their_last_bit(tmp_path_factory, xy, width):
    path = tmp_path_factory.mktemp("bits") / FILE_NAME
    write_strokes(path, [LabelledFrame(FRAMES[0], [stroke("a", 4, 7, xy, width)])], CLASSES)
    (back,) = read_strokes(path, FRAMES, CLASSES, author="bob")
    assert back.xy.tobytes() == np.array(xy, np.float32).tobytes()
    assert back.width == width


def test_numbers_are_as_short_as_they_were(file):
    assert "[[1.1, 2.2], [3.3, 4.4]]" in file.read_text()


def test_classes_and_frames_are_found_by_name(file):
    classes = from_json([{"name": "Car", "id": 0}, {"name": "ROAD", "id": 1}])
    frames = [Frame(n + 10, 1, n, f"f{n}", f"{n}.jpg", 60, 80, None) for n in (6, 5, 4)]
    strokes = read_strokes(file, frames, classes, author="bob")
    assert [(s.frame_id, s.class_id) for s in strokes] == [
        (14, 1),
        (14, ERASER),
        (16, 0),
        (16, IGNORE),
    ]


def test_a_class_that_no_stroke_uses_may_be_missing(tmp_path):
    write_strokes(tmp_path / FILE_NAME, LABELLED[:1], CLASSES)
    road = from_json([{"name": "road", "id": 1}])
    assert len(read_strokes(tmp_path / FILE_NAME, FRAMES, road, author="bob")) == 2


def change(data, *places, to):
    for place in places[:-1]:
        data = data[place]
    data[places[-1]] = to


STROKE = ("frames", 0, "strokes", 0)


@pytest.mark.parametrize(
    ("places", "to", "wrong"),
    [
        (("format",), "coco", "not a file of strokes"),
        (("version",), 2, "version 2 of the format; 1 can be read"),
        (("classes",), None, "want a list of classes"),
        (("classes", 0, "name"), "", "entry 1: field 'name'"),
        (("classes", 0, "name"), "street", "'f4', stroke 1: the project has no class 'street'"),
        (("frames",), {}, "field 'frames' is not a list"),
        (("frames", 0), 3, "a frame has no name"),
        (("frames", 0, "name"), "g1", "the project has no frame 'g1'"),
        (("frames", 0, "width"), 81, "frame 'f4' is 81 x 60 there, 80 x 60 in the project"),
        (("frames", 0, "strokes"), None, "field 'strokes' is not a list"),
        (STROKE, [], "frame 'f4', stroke 1: not a mapping"),
        ((*STROKE, "class"), 9, "stroke 1: field 'class' is 9, not in the file's classes"),
        ((*STROKE, "class"), "brush", "field 'class' is 'brush'"),
        ((*STROKE, "class"), [7], "field 'class' is [7]"),
        ((*STROKE, "width"), "3", "field 'width' is '3', want pixels"),
        ((*STROKE, "width"), True, "field 'width' is True, want pixels"),
        ((*STROKE, "width"), 10**400, "brush of"),
        ((*STROKE, "xy"), None, "field 'xy' is not a list of [x, y]"),
        ((*STROKE, "xy"), [[1, 2], [3]], "field 'xy' is not a list of [x, y]"),
        ((*STROKE, "xy"), [[1, "x"]], "field 'xy' is not a list of [x, y]"),
        ((*STROKE, "xy"), [[1, 10**400]], "field 'xy' is not a list of [x, y]"),
        ((*STROKE, "xy"), [[1, 1e39]], "not a finite number"),
        ((*STROKE, "xy"), [[1, 99999]], "far off the image"),
    ],
)
def test_what_is_wrong_is_named_with_file_frame_and_stroke(file, places, to, wrong):
    data = deepcopy(json.loads(file.read_text()))
    change(data, *places, to=to)
    file.write_text(json.dumps(data))
    with pytest.raises(AnnotationError) as caught:
        read_strokes(file, FRAMES, CLASSES, author="bob")
    assert str(caught.value).startswith(f"{file}: ")
    assert wrong in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "wrong"),
    [(b"{", "not JSON"), (b"\xff", "not JSON"), (b"[]", "not a file of strokes")],
)
def test_what_is_no_json_is_named(tmp_path, data, wrong):
    path = tmp_path / FILE_NAME
    path.write_bytes(data)
    with pytest.raises(AnnotationError, match=wrong):
        read_strokes(path, FRAMES, CLASSES, author="bob")
    with pytest.raises(AnnotationError, match="No such file"):
        read_strokes(tmp_path / "missing.json", FRAMES, CLASSES, author="bob")
