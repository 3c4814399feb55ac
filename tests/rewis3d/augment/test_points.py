"""The student's cloud: the same points in the same order, somewhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewis3d.augment.points import moved, rotation
from rewis3d.material import CloudAugment
from tests.rewis3d.augment.samples import STILL, cloud_of

SEEDS = st.integers(0, 2**32)
TURNED = replace(STILL, rotate=1.0)


def student(augment: CloudAugment, seed: int, *, count: int = 30, tilt: float = 0.2) -> np.ndarray:
    return moved(cloud_of(count, tilt=tilt), augment, rng=np.random.default_rng(seed))


def distances(xyz: np.ndarray) -> np.ndarray:
    return np.linalg.norm(xyz[:, None] - xyz[None], axis=-1)


def test_where_nothing_is_wanted_nothing_moves() -> None:
    cloud = cloud_of(30)
    found = student(STILL, 0)
    assert np.array_equal(found, cloud.xyz)
    assert found.dtype == np.float32


@given(SEEDS, st.sampled_from(["up", "optical"]))
@settings(max_examples=40)
def test_a_rotation_keeps_distances_and_what_lies_along_its_axis(seed: int, axis: str) -> None:
    cloud = cloud_of(30)
    found = student(replace(TURNED, rotation_axis=axis), seed)
    assert distances(found) == pytest.approx(distances(cloud.xyz), abs=1e-3)
    along = np.array([0, 0, 1.0]) if axis == "up" else cloud.optical_axis
    assert found @ along == pytest.approx(cloud.xyz @ along, abs=1e-4)


def test_rotations_are_by_any_angle() -> None:
    ahead = replace(cloud_of(1), xyz=np.array([[0, 1, 0]], np.float32))
    found = [moved(ahead, TURNED, rng=np.random.default_rng(seed))[0] for seed in range(200)]
    angles = np.degrees([np.arctan2(-x, y) for x, y, _ in found])
    counts = np.histogram(angles, bins=8, range=(-180, 180))[0]
    assert counts.min() > 10
    half = replace(TURNED, rotate=0.5)
    still = [np.array_equal(student(half, seed), cloud_of(30).xyz) for seed in range(100)]
    assert 30 < sum(still) < 70


@given(SEEDS)
@settings(max_examples=40)
def test_flips_are_in_the_ground_plane(seed: int) -> None:
    xyz = cloud_of(30).xyz
    found = student(replace(STILL, point_flip=0.5), seed)
    assert any(
        np.array_equal(found, xyz * np.array([x, y, 1], np.float32))
        for x in (-1, 1)
        for y in (-1, 1)
    )
    assert np.array_equal(
        student(replace(STILL, point_flip=1.0), seed), xyz * np.array([-1, -1, 1], np.float32)
    )


@given(SEEDS)
@settings(max_examples=40)
def test_a_cloud_is_scaled_as_a_whole(seed: int) -> None:
    xyz = cloud_of(30).xyz
    found = student(replace(STILL, point_scale=0.1), seed)
    factor = float(found[0, 0] / xyz[0, 0])
    assert 0.9 <= factor <= 1.1
    assert found == pytest.approx(xyz * factor, rel=1e-5)


def test_jitter_is_small_and_each_point_s_own() -> None:
    off = student(replace(STILL, jitter=0.005, jitter_clip=0.02), 0, count=20_000)
    off = off - cloud_of(20_000).xyz
    assert off.std() == pytest.approx(0.005, rel=0.05)
    assert np.abs(off).max() <= 0.02 + 1e-6
    assert abs(float(np.corrcoef(off[:, 0], off[:, 1])[0, 1])) < 0.03
    wild = student(replace(STILL, jitter=1.0, jitter_clip=0.02), 0)
    assert np.abs(wild - cloud_of(30).xyz).max() == pytest.approx(0.02, abs=1e-5)


@given(SEEDS)
@settings(max_examples=30)
def test_a_point_keeps_its_index(seed: int) -> None:
    """Everything at once keeps shapes: each point is still the nearest to where it should be."""
    xyz = cloud_of(30).xyz
    found = student(CloudAugment(rotate=1.0), seed)
    scale = np.linalg.norm(found, axis=1) / np.linalg.norm(xyz, axis=1)
    assert scale == pytest.approx(np.full(30, np.median(scale)), abs=0.03)
    # the best linear map from one cloud to the other explains every point
    T, *_ = np.linalg.lstsq(xyz, found, rcond=None)
    assert np.abs(xyz @ T - found).max() < 0.05


def test_a_seed_gives_one_cloud() -> None:
    first, again, other = (student(CloudAugment(), seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_quarter_turn_about_up_takes_ahead_to_the_left() -> None:
    R = rotation(np.array([0.0, 0, 1]), np.pi / 2)
    assert R[:, 1] == pytest.approx([-1, 0, 0])


def test_a_cloud_without_points_stays_without() -> None:
    assert student(CloudAugment(), 0, count=0).shape == (0, 3)
