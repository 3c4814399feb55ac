from __future__ import annotations

from pathlib import Path
from uuid import UUID

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from annotations.curves import arc
from annotations.rasterise import coverage
from annotations.simulate import (
    KINDS,
    MIN_REGION,
    SimulatedStroke,
    frame_rng,
    simulate,
    spread,
)
from annotations.types import AnnotationError, Stroke

CAMVID = Path(__file__).parents[2].parent / "shared/data/camvid_0016E5_15hz/labels"


def covered(stroke: SimulatedStroke, shape: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(shape, bool)
    rows, cols, inside = coverage(stroke.xy, stroke.width, *shape)
    mask[rows, cols] = inside
    return mask


def draw(labels: np.ndarray, **options) -> list[SimulatedStroke]:
    options = {"rng": frame_rng(0, 0), "classes": range(4), **options}
    return simulate(labels, options.pop("classes"), **options)


@st.composite
def label_maps(draw_from) -> np.ndarray:
    """Blobs of four classes and of unlabelled pixels, sheared so that borders are slanted."""
    cells = draw_from(arrays(np.uint8, (3, 4), elements=st.sampled_from([0, 1, 2, 3, 255])))
    labels = np.kron(cells, np.ones((16, 15), np.uint8))
    shear = draw_from(st.integers(-2, 2))
    return np.stack([np.roll(row, shear * y // 2) for y, row in enumerate(labels)])


@given(
    label_maps(),
    st.sampled_from(KINDS),
    st.sampled_from((0.25, 0.5, 0.75, 1.0)),
    st.integers(0, 99),
)
def test_no_stroke_covers_a_pixel_of_another_class(labels, kind, length, seed):
    strokes = draw(labels, kind=kind, length=length, rng=frame_rng(seed, 7))
    for stroke in strokes:
        mask = covered(stroke, labels.shape)
        assert mask.any()
        assert (labels[mask] == stroke.class_id).all()


@given(label_maps())
def test_every_region_of_a_class_gets_one_scribble(labels):
    strokes = draw(labels, classes=(0, 2))
    for class_id in (0, 2):
        count, regions = cv2.connectedComponents((labels == class_id).astype(np.uint8))
        wanted = [i for i in range(1, count) if (regions == i).sum() >= MIN_REGION]
        masks = [covered(s, labels.shape) for s in strokes if s.class_id == class_id]
        assert sorted(regions[mask].max() for mask in masks) == wanted
    assert {stroke.class_id for stroke in strokes} <= {0, 2}


def test_regions_that_are_too_small_are_passed_over():
    labels = np.full((40, 40), 255, np.uint8)
    labels[5:13, 5:15] = 0  # 80 pixels
    labels[25:33, 5:15] = 1
    labels[25, 5] = 255  # 79
    for kind in ("scribbles", "coarse"):
        assert [stroke.class_id for stroke in draw(labels, kind=kind)] == [0]


def test_the_same_seed_and_frame_give_the_same_strokes():
    labels = np.zeros((60, 80), np.uint8)
    labels[:, 40:] = 1
    first, again = draw(labels, rng=frame_rng(3, 5)), draw(labels, rng=frame_rng(3, 5))
    assert all(np.array_equal(a.xy, b.xy) for a, b in zip(first, again, strict=True))
    for other in (frame_rng(4, 5), frame_rng(3, 6)):
        assert not np.array_equal(first[0].xy, draw(labels, rng=other)[0].xy)


def test_a_shorter_scribble_is_the_middle_of_the_whole_one():
    labels = np.zeros((100, 200), np.uint8)
    whole = draw(labels)[0]
    for length in (0.25, 0.5, 0.75):
        part = draw(labels, length=length)[0]
        reach = arc(part.xy.astype(float))[-1] / arc(whole.xy.astype(float))[-1]
        assert reach == pytest.approx(length, abs=0.01)
        assert (covered(part, labels.shape) <= covered(whole, labels.shape)).all()


def test_scribbles_are_long_and_three_pixels_wide():
    stroke = draw(np.zeros((100, 200), np.uint8))[0]
    assert stroke.width == 3
    assert arc(stroke.xy.astype(float))[-1] > 100


def test_a_thin_pole_gets_a_thin_stroke():
    labels = np.full((120, 60), 1, np.uint8)
    labels[10:110, 30] = 0
    pole = draw(labels, classes=(0,))[0]
    assert pole.width == 1
    assert covered(pole, labels.shape).sum() > 60


def test_points_are_one_per_class_or_one_per_region():
    labels = np.full((40, 60), 3, np.uint8)
    labels[5:20, 5:20] = labels[5:20, 40:55] = 0
    labels[30, 30] = 1
    once = draw(labels, kind="points")
    assert [stroke.class_id for stroke in once] == [0, 1, 3]
    assert all(stroke.xy.shape == (1, 2) and stroke.width == 1 for stroke in once)
    each = draw(labels, kind="points", per_instance=True)
    assert [stroke.class_id for stroke in each] == [0, 0, 3]


def test_a_class_of_one_pixel_is_hit_in_its_centre():
    labels = np.ones((9, 9), np.uint8)
    labels[4, 6] = 0
    assert draw(labels, kind="points", classes=(0,))[0].xy.tolist() == [[6.5, 4.5]]


def test_a_coarse_polygon_fills_most_and_keeps_off_the_border():
    labels = np.full((80, 80), 1, np.uint8)
    labels[10:70, 10:70] = 0
    labels[30:50, 30:50] = 1  # a hole
    ring = labels == 0
    mask = covered(draw(labels, kind="coarse", classes=(0,))[0], labels.shape)
    assert mask.sum() > 0.5 * ring.sum()
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    border = cv2.dilate((~ring).astype(np.uint8), cross) > 0
    assert not (mask & border).any()


def test_frames_are_spread_over_the_clip():
    assert spread(101, 3) == [16, 50, 84]  # (i + 0.5) 101 / 3 = 16.8, 50.5, 84.2
    assert spread(5, 5) == [0, 1, 2, 3, 4]
    assert spread(1, 1) == [0]
    for chosen in (0, 6):
        with pytest.raises(AnnotationError, match=f"can't choose {chosen} of 5 frames"):
            spread(5, chosen)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "boxes"}, "unknown kind of strokes 'boxes'; known: scribbles, points, coarse"),
        ({"length": 1.5}, "length 150% is not a share of a scribble"),
        ({"width": 0.5}, "a brush of 0.5 pixels"),
    ],
)
def test_what_makes_no_sense_is_named(options, message):
    with pytest.raises(AnnotationError, match=message):
        draw(np.zeros((20, 20), np.uint8), **options)


def test_a_negative_seed_is_named():
    with pytest.raises(AnnotationError, match="seed -1 is negative"):
        frame_rng(-1, 0)


def test_it_becomes_a_stroke_of_a_frame():
    found = draw(np.zeros((60, 80), np.uint8))[0]
    stroke = found.on(5, author="simulated", uuid=UUID(int=1))
    assert stroke == Stroke(str(UUID(int=1)), 5, 0, found.xy, 3.0, "simulated")


@pytest.mark.shared_data
def test_scribbles_label_two_to_four_percent_of_a_real_frame():
    files = sorted(CAMVID.glob("*.png"))
    for index in spread(len(files), 3):
        labels = cv2.imread(str(files[index]), cv2.IMREAD_UNCHANGED).astype(np.uint8)
        strokes = draw(labels, classes=range(11), rng=frame_rng(0, index))
        painted = np.any([covered(stroke, labels.shape) for stroke in strokes], axis=0)
        assert 0.02 <= painted.mean() <= 0.04
