"""Changes of world."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from rewis3d.geometry import is_rigid, transform
from rewis3d.reconstruct.chunks.similarity import Similarity

SEEDS = st.integers(0, 10_000)


def some(seed: int) -> Similarity:
    rng = np.random.default_rng(seed)
    R = Rotation.random(rng=rng).as_matrix()
    return Similarity(float(np.exp(rng.uniform(-2, 2))), R, rng.normal(0, 5, 3))


def some_pose(seed: int) -> np.ndarray:
    S = some(seed)
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = S.R, S.t
    return T


@given(SEEDS, SEEDS)
def test_one_after_the_other_is_their_product(a: int, b: int) -> None:
    S_a_b, S_b_c = some(a), some(b + 1)
    xyz = np.random.default_rng(a).normal(size=(5, 3))
    np.testing.assert_allclose(
        (S_a_b @ S_b_c).points(xyz), S_a_b.points(S_b_c.points(xyz)), rtol=1e-9, atol=1e-9
    )


@given(SEEDS)
def test_there_and_back_changes_nothing(seed: int) -> None:
    S = some(seed)
    xyz = np.random.default_rng(seed).normal(size=(5, 3))
    np.testing.assert_allclose(S.inverse().points(S.points(xyz)), xyz, atol=1e-9)
    np.testing.assert_allclose((S @ S.inverse()).points(xyz), xyz, atol=1e-9)


@given(SEEDS)
def test_a_camera_sees_the_same_in_both_worlds_at_depths_that_are_scaled(seed: int) -> None:
    S, T_b_camera = some(seed), some_pose(seed + 1)
    seen = np.random.default_rng(seed).normal(size=(5, 3))
    T_a_camera = S.pose(T_b_camera)
    assert is_rigid(T_a_camera)
    np.testing.assert_allclose(
        transform(T_a_camera, S.scale * seen), S.points(transform(T_b_camera, seen)), atol=1e-8
    )


@given(SEEDS)
def test_a_smaller_unit_makes_everything_larger(seed: int) -> None:
    xyz = np.random.default_rng(seed).normal(size=(5, 3))
    np.testing.assert_allclose(some(seed).grown(3.0).points(xyz), 3 * some(seed).points(xyz))
