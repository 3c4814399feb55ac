"""A view as both networks see it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rewis3d.augment.sample import TrainingSample, augmented
from rewis3d.material import CloudAugment, ImageAugment
from rewis3d.types import ViewSample
from tests.rewis3d.augment.samples import PLAIN, STILL, sample_of

EVERY = ImageAugment(crop_height=40, crop_width=56, cutout_size=9)


def seen(
    sample: ViewSample,
    image: ImageAugment = EVERY,
    cloud: CloudAugment = CloudAugment(),
    *,
    seed: int = 0,
) -> TrainingSample:
    return augmented(sample, image=image, cloud=cloud, rng=np.random.default_rng(seed))


def test_only_the_student_is_disturbed() -> None:
    plain, found = seen(sample_of(60, 80), PLAIN, STILL), seen(sample_of(60, 80), PLAIN)
    assert found.view.cloud is not None
    assert found.xyz_student is not None
    assert plain.xyz_student is not None
    assert np.array_equal(found.image_student, found.view.image)
    assert np.array_equal(found.view.cloud.xyz, plain.xyz_student)
    assert not np.array_equal(found.view.cloud.xyz, found.xyz_student)
    disturbed = seen(sample_of(60, 80), replace(EVERY, flip=0.0))
    assert np.array_equal(disturbed.view.image, plain.view.image)
    assert not np.array_equal(disturbed.image_student, plain.view.image)


def test_the_image_is_the_same_with_and_without_a_cloud() -> None:
    for seed in range(5):
        one = seen(sample_of(60, 80), seed=seed)
        other = seen(sample_of(60, 80, cloud=False), seed=seed)
        assert np.array_equal(one.image_student, other.image_student)
        assert np.array_equal(one.view.labels, other.view.labels)
        assert other.xyz_student is None


def test_a_seed_gives_one_sample() -> None:
    first, again, other = (seen(sample_of(60, 80), seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.image_student, again.image_student)
    assert np.array_equal(first.view.pair_xy, again.view.pair_xy)
    assert not np.array_equal(first.image_student, other.image_student)
