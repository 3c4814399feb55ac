"""Packed batches: each sample's own content and pairs come back, whole or in parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rewis3d.augment.sample import TrainingSample, augmented
from rewis3d.batch import Batch, collate
from rewis3d.material import CloudAugment, ImageAugment
from rewis3d.types import IGNORED, UNLABELLED, TemporalLabels
from tests.rewis3d.augment.samples import sample_of

HEIGHT, WIDTH = 24, 32
IMAGE = ImageAugment(crop_height=HEIGHT, crop_width=WIDTH, cutout_size=5)
KINDS = st.lists(st.sampled_from(["cloud", "none", "empty"]), min_size=1, max_size=6)


def sample(kind: str, seed: int) -> TrainingSample:
    """Return a view with a cloud, without one, or with a cloud of no points."""
    count = {"cloud": 5 + seed % 20, "none": 5, "empty": 0}[kind]
    view = sample_of(30, 40, pairs=count, seed=seed, cloud=kind != "none")
    view = replace(view, frame_id=100 + seed)
    rng = np.random.default_rng(seed)
    return augmented(view, image=IMAGE, cloud=CloudAugment(), rng=rng)


def samples(kinds: Sequence[str]) -> list[TrainingSample]:
    return [sample(kind, seed) for seed, kind in enumerate(kinds)]


def points_of(batch: Batch, view: int) -> slice:
    return slice(int(batch.offsets[view - 1]) if view else 0, int(batch.offsets[view]))


def pairs_of(batch: Batch, view: int) -> list[tuple[int, int, int]]:
    """Point of the view's own cloud, row and column of its own image, for each of its pairs."""
    found = []
    for pixel, point in zip(batch.pair_pixel.tolist(), batch.pair_point.tolist(), strict=True):
        image, rest = divmod(pixel, HEIGHT * WIDTH)
        if image == view:
            found.append((point - points_of(batch, view).start, *divmod(rest, WIDTH)))
    return found


def own_pairs(one: TrainingSample) -> list[tuple[int, int, int]]:
    return [
        (int(point), int(y), int(x))
        for point, (x, y) in zip(one.view.pair_point, one.view.pair_xy, strict=True)
    ]


def assert_holds(batch: Batch, view: int, one: TrainingSample) -> None:
    """Every field of a view in a batch is the sample's."""
    own, cloud = points_of(batch, view), one.view.cloud
    assert int(batch.frame[view]) == one.view.frame_id
    assert np.array_equal(batch.rgb[view].numpy(), one.view.image.transpose(2, 0, 1))
    assert np.array_equal(batch.rgb_student[view].numpy(), one.image_student.transpose(2, 0, 1))
    assert np.array_equal(batch.labels[view].numpy(), one.view.labels)
    assert bool(batch.has_cloud[view]) == (cloud is not None)
    assert pairs_of(batch, view) == own_pairs(one)
    assert own.stop - own.start == (0 if cloud is None else len(cloud.xyz))
    if cloud is not None:
        assert one.xyz_student is not None
        assert np.array_equal(batch.xyz[own].numpy(), cloud.xyz)
        assert np.array_equal(batch.xyz_student[own].numpy(), one.xyz_student)
        assert batch.colour[own].numpy() == pytest.approx(cloud.rgb / 255)
        assert np.array_equal(batch.confidence[own].numpy(), cloud.confidence)
        assert np.array_equal(batch.point_labels[own].numpy(), cloud.labels)


@given(KINDS)
@settings(max_examples=40, deadline=None)
def test_each_sample_comes_back(kinds: list[str]) -> None:
    packed = samples(kinds)
    batch = collate(packed)
    for view, one in enumerate(packed):
        assert_holds(batch, view, one)
    assert len(batch.xyz) == int(batch.offsets[-1])
    assert len(batch.pair_point) == sum(len(own_pairs(one)) for one in packed)
    assert batch.features is None


@given(KINDS, st.integers(1, 7))
@settings(max_examples=40, deadline=None)
def test_parts_of_a_batch_are_batches_of_their_samples(kinds: list[str], micro: int) -> None:
    packed = samples(kinds)
    parts = list(collate(packed).split(micro))
    assert [len(part.frame) for part in parts[:-1]] == [micro] * (len(parts) - 1)
    for index, part in enumerate(parts):
        expected = collate(packed[index * micro : (index + 1) * micro])
        for field in fields(Batch):
            one, other = getattr(part, field.name), getattr(expected, field.name)
            assert one is other is None or torch.equal(one, other)


def told(one: TrainingSample) -> TrainingSample:
    """Return the view with something that the frames around tell it: its red, and how much."""
    red = one.view.image[:, :, 0]
    heard = TemporalLabels(
        np.where(red > 60, red, UNLABELLED).astype(np.uint8), red / np.float32(9)
    )
    return replace(one, view=replace(one.view, temporal=heard))


def test_what_frames_tell_a_view_comes_along_and_is_nothing_for_the_others() -> None:
    first, second, third = samples(["cloud", "none", "cloud"])
    batch = collate([first, told(second), third])
    part = next(batch.split(2))
    for packed in (batch, part):
        assert packed.temporal_labels is not None
        assert packed.temporal_weights is not None
        assert (packed.temporal_labels[0] == UNLABELLED).all()
        assert (packed.temporal_weights[0] == 0).all()
        heard = told(second).view.temporal
        assert heard is not None
        assert np.array_equal(packed.temporal_labels[1].numpy(), heard.labels)
        assert np.array_equal(packed.temporal_weights[1].numpy(), heard.weights)
    assert collate([first, second]).temporal_labels is None


def test_a_part_has_a_view_at_least() -> None:
    with pytest.raises(ValueError, match="not 0"):
        list(collate(samples(["cloud"])).split(0))


def test_types_are_those_that_networks_and_losses_take() -> None:
    batch = collate(samples(["cloud", "none"]))
    assert batch.rgb.dtype == batch.xyz.dtype == batch.colour.dtype == torch.float32
    assert batch.labels.dtype == batch.point_labels.dtype == batch.offsets.dtype == torch.int64
    assert batch.rgb.is_contiguous()


@pytest.mark.parametrize("where", ["pixel", "point"])
def test_a_pair_with_an_ignored_end_takes_part_in_nothing(where: str) -> None:
    one = sample("cloud", 9)
    cloud = one.view.cloud
    assert cloud is not None
    first, *others = own_pairs(one)
    labels, point_labels = one.view.labels.copy(), cloud.labels.copy()
    if where == "pixel":
        labels[first[1], first[2]] = IGNORED
        others = [pair for pair in others if pair[1:] != first[1:]]
    else:
        point_labels[first[0]] = IGNORED
    view = replace(one.view, labels=labels, cloud=replace(cloud, labels=point_labels))
    batch = collate([sample("cloud", 3), replace(one, view=view)])
    assert pairs_of(batch, 1) == others
    assert len(batch.xyz) == 2 * (5 + 3) + 2 * (5 + 9)  # its point stays


def test_unlabelled_pairs_stay() -> None:
    one = sample("cloud", 9)
    view = replace(one.view, labels=np.full_like(one.view.labels, UNLABELLED))
    assert pairs_of(collate([replace(one, view=view)]), 0) == own_pairs(one)


def with_features(one: TrainingSample) -> TrainingSample:
    count = 0 if one.xyz_student is None else len(one.xyz_student)
    return replace(one, features=np.full((count, 4), one.view.frame_id, np.float32))


def test_features_go_with_their_points() -> None:
    packed = samples(["cloud", "none", "cloud"])
    batch = collate([with_features(packed[0]), packed[1], with_features(packed[2])])
    assert batch.features is not None
    assert (batch.features[points_of(batch, 0)] == 100).all()
    assert (batch.features[points_of(batch, 2)] == 102).all()
    last = list(batch.split(2))[1]
    assert last.features is not None
    assert (last.features == 102).all()
    with pytest.raises(ValueError, match="of 2 clouds 1 have features"):
        collate([with_features(packed[0]), packed[2]])


def test_views_of_unlike_sizes_are_refused() -> None:
    one = sample("none", 1)
    view = replace(one.view, image=one.view.image[:-1], labels=one.view.labels[:-1])
    smaller = replace(one, view=view, image_student=one.image_student[:-1])
    with pytest.raises(ValueError, match=r"\(23, 32\), \(24, 32\)"):
        collate([one, smaller])
    with pytest.raises(ValueError, match="one size"):
        collate([])


def test_a_batch_moves_as_a_whole() -> None:
    batch = collate([told(with_features(one)) for one in samples(["cloud", "cloud"])])
    there = batch.to(torch.device("meta"))
    for field in fields(Batch):
        assert getattr(there, field.name).device.type == "meta"
        assert getattr(there, field.name).shape == getattr(batch, field.name).shape
    here = batch.to(torch.device("cpu"))
    assert here.rgb is batch.rgb


@pytest.mark.gpu
def test_a_batch_goes_to_the_gpu_and_back() -> None:
    batch = collate(samples(["cloud", "none", "empty"]))
    back = batch.to(torch.device("cuda")).to(torch.device("cpu"))
    for field in fields(Batch):
        one, other = getattr(batch, field.name), getattr(back, field.name)
        assert one is other is None or torch.equal(one, other)
