"""Masks in and out."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from annotations.formats import png
from annotations.formats.png import mask_strokes, read_ids, write_ids
from annotations.labelset import PRESETS, from_json, palette, voc_palette
from annotations.rasterise import rasterise
from annotations.types import IGNORED, UNLABELLED, AnnotationError

CLASSES = from_json([{"name": "a", "id": 7}, {"name": "b", "id": 3}, {"name": "c", "id": 253}])
IDS = np.array([[7, 7, 3], [255, 253, 3]], np.uint8)


def read(path, ids=IDS, **options):
    return read_ids(path, CLASSES, height=ids.shape[0], width=ids.shape[1], **options)


def saved(path, array, mode=None):
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(path)
    return path


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_ids_come_in_from_one_channel_of_any_depth(tmp_path, dtype):
    ids = read(saved(tmp_path / "mask.png", IDS.astype(dtype)))
    assert ids.dtype == np.uint8
    assert (ids == IDS).all()


def test_ids_come_in_from_a_palette(tmp_path):
    image = Image.fromarray(IDS)
    image.putpalette(voc_palette().tobytes())
    image.save(tmp_path / "mask.png")
    assert (read(tmp_path / "mask.png") == IDS).all()


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_grey_values_of_few_bits_are_not_stretched(tmp_path, bits):
    ids = np.array([[0, 1, 1, 0, 1, 0, 0, 1]], np.uint8) * (2**bits - 1)
    (tmp_path / "mask.png").write_bytes(grey_png(ids, bits))
    classes = from_json([{"name": "a", "id": 0}, {"name": "b", "id": 2**bits - 1}])
    assert (read_ids(tmp_path / "mask.png", classes, height=1, width=8) == ids).all()


def grey_png(ids, bits):
    """Return a PNG of grey values of so many bits, which Pillow does not write."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    places = np.unpackbits(ids[..., None], axis=2)[..., 8 - bits :]
    rows = np.packbits(places.reshape(len(ids), -1), axis=1)
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", ids.shape[1], len(ids), bits, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(data)), chunk(b"IEND", b"")]
    )


def test_values_to_ignore_are_unlabelled_even_where_they_are_a_class(tmp_path):
    mask = saved(tmp_path / "mask.png", np.array([[7, 11, 3], [255, 0, 3]], np.uint8))
    ids = read(mask, ignore=(11, 0, 3))
    assert ids.tolist() == [[7, 255, 255], [255, 255, 255]]


def test_unknown_ids_are_named_with_their_pixels(tmp_path):
    wide = np.array([[7, 300, 300], [9, 253, 254]], np.uint16)
    with pytest.raises(AnnotationError) as caught:
        read(saved(tmp_path / "mask.png", wide))
    ids = "9 (1 pixel), 254 (1 pixel), 300 (2 pixels)"
    assert str(caught.value) == f"{tmp_path / 'mask.png'}: no class has the id {ids}"


@pytest.mark.parametrize(
    ("make", "wrong"),
    [
        (lambda p: saved(p, IDS[:, :2]), "it is 2 x 2, its frame is 3 x 2"),
        (lambda p: saved(p, IDS, "RGB"), "its pixels are RGB; want one channel of class ids"),
        (lambda p: saved(p, IDS, "LA"), "its pixels are LA"),
        (lambda p: p.write_bytes(b"GIF89a"), "not a PNG file"),
        (lambda p: p.write_bytes(b""), "not a PNG file"),
        (lambda p: p.mkdir(), "can't be read"),
        (lambda _: None, "can't be read"),
    ],
)
def test_a_file_that_is_no_mask_is_named(tmp_path, make, wrong):
    path = tmp_path / "mask.png"
    make(path)
    with pytest.raises(AnnotationError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert wrong in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_truncated_file_is_named(tmp_path):
    noise = np.random.default_rng(0).integers(0, 2, (64, 64)).astype(np.uint8)
    whole = saved(tmp_path / "mask.png", noise)
    whole.write_bytes(whole.read_bytes()[:300])
    with pytest.raises(AnnotationError, match=r"mask.png: can't be read"):
        read(whole, noise)


def test_what_goes_out_is_ids_with_a_palette(tmp_path):
    labels = np.array([[0, 1, 2], [UNLABELLED, IGNORED, 0]], np.uint8)
    write_ids(tmp_path / "out.png", labels, CLASSES)
    with Image.open(tmp_path / "out.png") as image:
        assert image.mode == "P"
        assert np.asarray(image).tolist() == [[7, 3, 253], [255, 255, 7]]
        colours = np.asarray(image.convert("RGB"))
    assert (colours == palette(CLASSES)[[[7, 3, 253], [255, 255, 7]]]).all()
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]


def test_a_train_id_without_a_class_does_not_go_out(tmp_path):
    with pytest.raises(AnnotationError, match=r"out.png: train id 3 is no class"):
        write_ids(tmp_path / "out.png", np.full((2, 2), 3, np.uint8), CLASSES)
    assert list(tmp_path.iterdir()) == []


masks = arrays(
    np.uint8,
    array_shapes(min_dims=2, max_dims=2, max_side=16),
    elements=st.sampled_from([255, 255, 7, 3, 253]),
)


def repainted(ids):
    strokes = mask_strokes(ids, frame_id=1, author="ann")
    labels = rasterise(strokes, CLASSES, *ids.shape)
    back = np.array([*CLASSES.class_ids, *[255] * 253], np.uint8)
    return strokes, back[labels]


@given(masks)
def test_a_mask_becomes_strokes_without_loss(ids):
    strokes, back = repainted(ids)
    assert (back == ids).all()
    assert len({stroke.uuid for stroke in strokes}) == len(strokes)


def test_a_connected_region_is_one_stroke():
    ids = np.full((40, 60), 255, np.uint8)
    ids[5:30, 5:30] = 7
    ids[10:20, 10:20] = 3  # a hole in the first
    np.fill_diagonal(ids[20:40, 35:55], 253)  # a line of corners
    ids[38, 2] = 7
    strokes, back = repainted(ids)
    assert (back == ids).all()
    assert [(s.class_id, s.frame_id, s.author) for s in strokes] == [
        (3, 1, "ann"),
        (7, 1, "ann"),
        (7, 1, "ann"),
        (253, 1, "ann"),
    ]


def test_a_path_too_long_for_one_stroke_becomes_several(monkeypatch):
    monkeypatch.setattr(png, "MAX_VERTICES", 10)
    ids = np.where(np.random.default_rng(1).random((20, 20)) < 0.7, 7, 255).astype(np.uint8)
    strokes, back = repainted(ids)
    assert (back == ids).all()
    assert max(len(stroke.xy) for stroke in strokes) == 10


def test_every_preset_comes_back_from_its_own_masks(tmp_path):
    for name, class_map in PRESETS.items():
        labels = np.arange(len(class_map), dtype=np.uint8)[None]
        write_ids(tmp_path / f"{name}.png", labels, class_map)
        ids = read_ids(tmp_path / f"{name}.png", class_map, height=1, width=len(class_map))
        assert tuple(ids[0].tolist()) == class_map.class_ids
