"""The class lists of well-known data sets."""

from __future__ import annotations

import pytest

from annotations.labelset import PRESETS, load, voc_palette


@pytest.mark.parametrize(
    ("name", "ids", "first", "last"),
    [
        ("camvid-11", range(11), "sky", "bicyclist"),
        (
            "cityscapes-19",
            [7, 8, 11, 12, 13, 17, *range(19, 29), 31, 32, 33],
            "road",
            "bicycle",
        ),
        ("nyu-40", range(1, 41), "wall", "other prop"),
        ("voc-21", range(21), "background", "tv monitor"),
    ],
)
def test_presets_keep_the_ids_of_their_label_files(name, ids, first, last):
    classes = load(name).classes
    assert [label.class_id for label in classes] == list(ids)
    assert (classes[0].name, classes[-1].name) == (first, last)
    assert len({label.colour for label in classes}) == len(classes)


@pytest.mark.parametrize("name", PRESETS)
def test_sky_alone_has_no_geometry(name):
    flat = [label.name for label in PRESETS[name].classes if not label.has_geometry]
    assert flat == (["sky"] if name in ("camvid-11", "cityscapes-19") else [])


def test_the_voc_preset_has_the_colours_of_the_voc_palette():
    colours = [label.colour for label in PRESETS["voc-21"].classes]
    assert colours == [tuple(row) for row in voc_palette()[:21].tolist()]
    assert voc_palette()[255].tolist() == [224, 224, 192]
