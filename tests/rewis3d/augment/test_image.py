"""After any change of an image, what is at a place is what was there, and pairs know where."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewis3d.augment.image import disturbed, framed
from rewis3d.material import ImageAugment
from rewis3d.types import TemporalLabels, ViewSample
from tests.rewis3d.augment.samples import PLAIN, sample_of

SIZES = st.tuples(st.integers(20, 110), st.integers(20, 110))
SEEDS = st.integers(0, 2**32)
SHARED = replace(PLAIN, flip=0.5)


def changed(sample: ViewSample, augment: ImageAugment = SHARED, seed: int = 0) -> ViewSample:
    return framed(sample, augment, rng=np.random.default_rng(seed))


def values_at(image: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Read an image between its pixels."""
    at = (xy - 0.5).astype(np.float32)
    image = image.astype(np.float32)
    return cv2.remap(
        image, at[:, :1], at[:, 1:], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )[:, 0]


@given(SIZES, SEEDS)
@settings(max_examples=60, deadline=None)
def test_a_pair_s_place_still_shows_what_it_showed(size: tuple[int, int], seed: int) -> None:
    sample = sample_of(*size)
    # the outermost pixels have no neighbours to be read between
    inner = np.all(np.abs(sample.pair_xy / [size[1], size[0]] - 0.5) < 0.5 - 2 / min(size), axis=1)
    sample = replace(sample, pair_point=sample.pair_point[inner], pair_xy=sample.pair_xy[inner])
    was = dict(zip(sample.pair_point.tolist(), sample.pair_xy, strict=True))
    found = changed(sample, seed=seed)
    inside = np.all((found.pair_xy > 1) & (found.pair_xy < [PLAIN.crop_width - 1, 39]), axis=1)
    showed = np.array([was[point] for point in found.pair_point[inside].tolist()]).reshape(-1, 2)
    shows = values_at(found.image, found.pair_xy[inside])[:, :2] / 2 + 0.5
    # columns and rows are shown by steps of half a pixel
    assert np.abs(shows - showed).max(initial=0) < 0.5


@given(SIZES, SEEDS)
@settings(max_examples=40, deadline=None)
def test_what_frames_tell_is_cut_as_the_labels_are(size: tuple[int, int], seed: int) -> None:
    sample = sample_of(*size)
    weights = sample.labels.astype(np.float32) / 2
    told = replace(sample, temporal=TemporalLabels(sample.labels, weights))
    found = changed(told, seed=seed)
    assert found.temporal is not None
    assert np.array_equal(found.temporal.labels, found.labels)
    assert np.array_equal(found.temporal.weights, found.labels / np.float32(2))


@given(SIZES, SEEDS, st.integers(0, 999))
@settings(max_examples=60, deadline=None)
def test_a_pair_finds_the_code_that_was_painted_at_its_place(
    size: tuple[int, int], seed: int, where: int
) -> None:
    """Every pair has its own square of 11 pixels with its own colour and label."""
    rng = np.random.default_rng(where)
    across, down = size[1] // 11, size[0] // 11
    count = across * down
    corner = np.stack(np.divmod(np.arange(count), across)[::-1], axis=1) * 11
    colours = rng.permutation(4096)[:count]
    codes = np.stack([colours % 16, colours // 16 % 16, colours // 256], axis=1) * 16
    sample = sample_of(*size, pairs=count)
    image, labels = np.zeros_like(sample.image), np.zeros_like(sample.labels)
    for pair, (x, y) in enumerate(corner):
        image[y : y + 11, x : x + 11], labels[y : y + 11, x : x + 11] = codes[pair], pair + 1
    points = rng.permutation(2 * count)[:count]
    sample = replace(
        sample,
        image=image,
        labels=labels,
        pair_point=points,
        pair_xy=(corner + rng.uniform(5, 6, (count, 2))).astype(np.float32),
    )
    found = changed(sample, seed=seed)
    pair_of = {int(point): pair for pair, point in enumerate(points)}
    pairs = [pair_of[int(point)] for point in found.pair_point]
    x, y = np.floor(found.pair_xy).astype(int).T
    assert pairs == sorted(pairs)
    assert found.labels[y, x].tolist() == [pair + 1 for pair in pairs]
    assert np.array_equal(found.image[y, x], codes[pairs])


@given(SIZES, SEEDS)
@settings(max_examples=60, deadline=None)
def test_labels_lie_where_the_image_does(size: tuple[int, int], seed: int) -> None:
    found = changed(sample_of(*size), seed=seed)
    assert found.labels.shape == found.image.shape[:2] == (PLAIN.crop_height, PLAIN.crop_width)
    # red and green say which pixel it was, within the one that resizing takes
    x, y = found.image[..., 0] / 2, found.image[..., 1] / 2
    row, column = np.divmod(found.labels.astype(int), 16)
    shift = np.maximum(np.abs(x - (column * 8 + 3.5)), np.abs(y - (row * 8 + 3.5)))
    assert shift.max() <= 3.5 + 1.5


@given(SIZES, SEEDS)
@settings(max_examples=40, deadline=None)
def test_pairs_in_the_crop_stay_and_others_go(size: tuple[int, int], seed: int) -> None:
    sample = sample_of(*size)
    found = changed(sample, seed=seed)
    assert found.cloud is sample.cloud
    assert (found.pair_xy >= 0).all()
    assert (found.pair_xy < [PLAIN.crop_width, PLAIN.crop_height]).all()
    order = {point: i for i, point in enumerate(sample.pair_point.tolist())}
    kept = [order[point] for point in found.pair_point.tolist()]
    assert kept == sorted(kept)
    # the crop's own place, from its pixels: red and green rise by 2 a column and row
    reds, greens = found.image[..., 0] / 2 + 0.5, found.image[..., 1] / 2 + 0.5
    margin = 2.5
    sure = (sample.pair_xy[:, 0] > reds.min() + margin) & (
        sample.pair_xy[:, 0] < reds.max() - margin
    )
    sure &= (sample.pair_xy[:, 1] > greens.min() + margin) & (
        sample.pair_xy[:, 1] < greens.max() - margin
    )
    assert set(np.flatnonzero(sure)) <= set(kept)


def test_without_resizing_a_crop_is_a_window() -> None:
    sample = sample_of(60, 80, pairs=500)
    sample = replace(sample, pair_xy=np.floor(sample.pair_xy))  # some on the crop's very edge
    still = replace(PLAIN, resize_least=1.0, resize_most=1.0, aspect=0.0)
    found = changed(sample, still, seed=3)
    left, top = found.image[0, 0, :2] // 2
    window = np.s_[top : top + 40, left : left + 56]
    assert np.array_equal(found.image, sample.image[window])
    assert np.array_equal(found.labels, sample.labels[window])
    moved = sample.pair_xy - [left, top]
    inside = ((moved >= 0) & (moved < [56, 40])).all(axis=1)
    assert found.pair_xy == pytest.approx(moved[inside])
    assert np.array_equal(found.pair_point, sample.pair_point[inside])
    assert (moved == [56, 40]).any(axis=0).all()
    mirrored = changed(sample, replace(still, flip=1.0), seed=3)
    assert np.array_equal(mirrored.image, sample.image[window][:, ::-1])
    moved[:, 0] = 56 - moved[:, 0]
    inside = ((moved >= 0) & (moved < [56, 40])).all(axis=1)
    assert mirrored.pair_xy == pytest.approx(moved[inside])


@pytest.mark.parametrize("size", [(20, 28), (35, 49), (80, 112), (100, 140)])
def test_labels_are_those_of_the_nearest_pixels(size: tuple[int, int]) -> None:
    sample = sample_of(*size)
    factor = 40 / size[0]
    found = changed(sample, replace(PLAIN, resize_least=factor, resize_most=factor, aspect=0.0))
    # pixel i of the crop, which is the whole image, has its centre at i + 1/2
    row = [(2 * i + 1) * size[0] // 80 for i in range(40)]
    column = [(2 * j + 1) * size[1] // 112 for j in range(56)]
    assert np.array_equal(found.labels, sample.labels[np.ix_(row, column)])


def test_an_image_smaller_than_the_crop_is_enlarged_in_proportion() -> None:
    tiny = sample_of(20, 56)
    found = changed(tiny, replace(PLAIN, aspect=0.0, resize_most=0.6))
    # twice as high as it was, and so twice as wide: the crop shows half of the columns
    assert np.ptp(found.image[..., 0] / 2) == pytest.approx(27, abs=1)
    assert np.ptp(found.image[..., 1] / 2) == pytest.approx(19, abs=1)


def test_a_view_without_a_cloud_is_cut_as_one_with_a_cloud() -> None:
    one, other = changed(sample_of(60, 80)), changed(sample_of(60, 80, cloud=False))
    assert np.array_equal(one.image, other.image)
    assert len(other.pair_point) == 0


NOISE = np.random.default_rng(0).integers(1, 256, (120, 160, 3), np.uint8)


def test_nothing_is_disturbed_where_nothing_is_wanted() -> None:
    assert np.array_equal(disturbed(NOISE, PLAIN, rng=np.random.default_rng(0)), NOISE)


def test_black_squares_are_cut_out_of_the_student_s_image() -> None:
    before = NOISE.copy()
    once = replace(PLAIN, cutout=1.0, cutout_size=30)
    found = disturbed(NOISE, once, rng=np.random.default_rng(0))
    black = (found == 0).all(axis=-1)
    rows, columns = np.flatnonzero(black.any(axis=1)), np.flatnonzero(black.any(axis=0))
    assert len(rows) == np.ptp(rows) + 1 == 30
    assert len(columns) == np.ptp(columns) + 1 == 30
    assert black.sum() == 900
    assert np.array_equal(found[~black], NOISE[~black])
    assert np.array_equal(NOISE, before)
    twice = disturbed(NOISE, replace(once, cutout_again=1.0), rng=np.random.default_rng(0))
    assert 900 < (twice == 0).all(axis=-1).sum() <= 1800


def test_a_square_as_large_as_the_image_blackens_it() -> None:
    found = disturbed(
        NOISE, replace(PLAIN, cutout=1.0, cutout_size=500), rng=np.random.default_rng()
    )
    assert not found.any()


def test_a_blur_is_a_gaussian_s() -> None:
    still = replace(PLAIN, blur=1.0, blur_least=1.0, blur_most=1.0)
    dot = np.zeros((21, 21, 3), np.uint8)
    dot[10, 10] = 255
    found = disturbed(dot, still, rng=np.random.default_rng(0))[..., 0] / 255
    weights = np.exp(-(np.arange(-3, 4.0) ** 2) / 2)
    weights /= weights.sum()
    assert found[7:14, 7:14] == pytest.approx(np.outer(weights, weights), abs=0.003)
    assert found.sum() == pytest.approx(found[7:14, 7:14].sum())


def test_a_seed_gives_one_image() -> None:
    every = ImageAugment(crop_height=40, crop_width=56, blur=1.0, augmix=1.0, cutout_size=9)
    first, again, other = (
        disturbed(NOISE, every, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@given(SIZES, SEEDS)
@settings(max_examples=20, deadline=None)
def test_a_whole_frame_stays_where_it_is(size: tuple[int, int], seed: int) -> None:
    sample = sample_of(*size)
    found = changed(sample, replace(SHARED, framing="whole", flip=0.0), seed)
    assert np.array_equal(found.image, sample.image)
    assert np.array_equal(found.labels, sample.labels)
    assert np.array_equal(found.pair_xy, sample.pair_xy)
    assert np.array_equal(found.pair_point, sample.pair_point)
    mirrored = changed(sample, replace(SHARED, framing="whole", flip=1.0), seed)
    assert np.array_equal(mirrored.image, sample.image[:, ::-1])
    assert mirrored.pair_xy[:, 0] == pytest.approx(size[1] - sample.pair_xy[:, 0])
