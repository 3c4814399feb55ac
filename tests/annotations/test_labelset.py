"""Class lists."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.labelset import (
    distinct_colour,
    from_json,
    load,
    palette,
    to_json,
    voc_palette,
)
from annotations.types import AnnotationError, ClassMap, LabelClass


def test_a_yaml_file_is_read(tmp_path):
    file = tmp_path / "classes.yaml"
    file.write_text(
        "- {name: Road, colour: '#804080', id: 5}\n"
        "- {name: Sky, colour: [1, 2, 3]}\n"
        "- {name: Fog, has_geometry: false}\n"
    )
    road, sky, fog = load(str(file)).classes
    assert road == LabelClass(5, "Road", (128, 64, 128), True)
    assert sky == LabelClass(0, "Sky", (1, 2, 3), False)
    assert (fog.class_id, fog.name, fog.has_geometry) == (1, "Fog", False)


@pytest.mark.parametrize(("number", "apart"), [(11, 70), (40, 30), (254, 2)])
def test_names_alone_get_ids_and_colours_that_differ(tmp_path, number, apart):
    file = tmp_path / "classes.json"
    file.write_text(json.dumps({"classes": [f"class {place}" for place in range(number)]}))
    classes = load(str(file)).classes
    assert [label.class_id for label in classes] == list(range(number))
    colours = np.array([label.colour for label in classes], float)
    between = np.linalg.norm(colours[:, None] - colours[None], axis=2) + 1e3 * np.eye(number)
    assert between.min() > apart
    assert distinct_colour([label.colour for label in classes[:3]]) == classes[3].colour


names = st.text(min_size=1).filter(lambda text: text.strip() == text)
label = st.builds(
    LabelClass,
    st.integers(0, 253),
    names,
    st.tuples(*[st.integers(0, 255)] * 3),
    st.booleans(),
)


@given(
    st.lists(
        label,
        min_size=1,
        max_size=8,
        unique_by=(
            lambda label: label.class_id,
            lambda label: " ".join(label.name.split()).casefold(),
        ),
    )
)
def test_json_gives_the_same_classes_back(labels):
    class_map = ClassMap(tuple(labels))
    assert from_json(json.loads(json.dumps(to_json(class_map)))) == class_map


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[]", "want a list of classes"),
        ("{name: a}", "want a list of classes"),
        ("- 3", "entry 1: want a name or a mapping, got 3"),
        ("- {colour: '#000000'}", "entry 1: field 'name' is None"),
        ("- a\n- {name: '  '}", "entry 2: field 'name' is '  '"),
        ("- {name: a, color: '#000000'}", "entry 1: unknown field 'color'"),
        ("- {name: a, colour: red}", "entry 1: field 'colour' is 'red'"),
        ("- {name: a, colour: [0, 0, 256]}", "entry 1: field 'colour' is [0, 0, 256]"),
        ("- {name: a, colour: [0, 0]}", "entry 1: field 'colour' is [0, 0]"),
        ("- {name: a, id: '3'}", "entry 1: field 'id' is '3'"),
        ("- {name: a, id: true}", "entry 1: field 'id' is True"),
        ("- {name: a, id: 254}", "entry 1: class id 254 is outside 0..253"),
        ("- {name: a, has_geometry: 1}", "entry 1: field 'has_geometry' is 1"),
        ("- car\n- bus\n- Car ", "entry 3: field 'name' is 'Car' once more"),
        ("- {name: a, id: 4}\n- {name: b, id: 4}", "entry 2: field 'id' is 4 once more"),
        ("- [", "not YAML"),
        ("- !!python/object/apply:os.getcwd []", "not YAML"),
        (json.dumps([f"c{number}" for number in range(255)]), "255 classes; at most 254"),
    ],
)
def test_a_bad_field_is_named_with_file_and_entry(tmp_path, text, wrong):
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(AnnotationError) as caught:
        load(str(file))
    assert str(caught.value).startswith(str(file))
    assert wrong in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_unfolds_without_end_is_one_short_line(tmp_path):
    file = tmp_path / "bomb.yaml"
    levels = [f"&a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    file.write_text(f"- name: [&a0 [x], {', '.join(levels)}]")
    with pytest.raises(AnnotationError, match="entry 1: field 'name' is") as caught:
        load(str(file))
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("name", "content", "wrong"),
    [
        ("missing.yaml", None, "No such file"),
        ("bad.json", b"[1,", "not JSON, line 1"),
        ("bad.yml", b"\xff\xfe\x00", "not UTF-8 text"),
        ("huge.yaml", b"#" * 1_000_001, "too large"),
        ("classes.txt", b"a", "not a preset (camvid-11, cityscapes-19, nyu-40, voc-21)"),
    ],
)
def test_a_file_that_can_not_be_read_is_named(tmp_path, name, content, wrong):
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(AnnotationError) as caught:
        load(str(file))
    assert str(file) in str(caught.value)
    assert wrong in str(caught.value)


def test_the_palette_has_the_classes_colours_at_their_ids():
    colours = palette(ClassMap((LabelClass(9, "a", (1, 2, 3)),)))
    assert colours[9].tolist() == [1, 2, 3]
    assert (np.delete(colours, 9, axis=0) == np.delete(voc_palette(), 9, axis=0)).all()
