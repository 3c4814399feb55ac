"""The similarity between two chunks, from the frames that both have placed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from rewis3d.geometry import rotation_angle
from rewis3d.reconstruct.chunks.seam import fit, middle
from rewis3d.reconstruct.chunks.similarity import Similarity

from .worlds import CLOUD, WAYS, disturbed, shared, similarity


def assert_same(got: Similarity, wanted: Similarity) -> None:
    assert got.scale == pytest.approx(wanted.scale, rel=1e-9)
    np.testing.assert_allclose(got.R, wanted.R, atol=1e-9)
    np.testing.assert_allclose(got.points(CLOUD), wanted.points(CLOUD), atol=1e-7)


@given(st.integers(0, 10_000), st.sampled_from(WAYS), st.integers(3, 20), st.data())
def test_it_is_exact_however_the_camera_moves_and_whoever_is_wrong(
    seed: int, way: str, count: int, data: st.DataObject
) -> None:
    """Also on a straight line, where it stands still, and with fewer than half the frames wrong."""
    wanted = similarity(seed)
    frames = shared(wanted, way, count)
    wrong = data.draw(st.sets(st.integers(0, count - 1), max_size=(count - 1) // 2))
    found = fit([disturbed(f, seed + at) if at in wrong else f for at, f in enumerate(frames)])
    assert found.refusal is None
    assert_same(found.S_a_b, wanted)
    assert found.turn is not None
    assert max(found.turn, found.shift or 0, found.depth or 0) < 1e-5


@given(st.integers(0, 10_000), st.sampled_from(WAYS))
def test_half_of_the_depths_of_every_frame_may_be_wrong(seed: int, way: str) -> None:
    wanted, rng = similarity(seed), np.random.default_rng(seed)
    frames = []
    for frame in shared(wanted, way, 7):
        wrong = rng.permutation(len(CLOUD)) < 0.45 * len(CLOUD)
        factor = np.where(wrong, rng.choice([0.2, 4.0], len(CLOUD)), 1)
        frames.append(replace(frame, depth_b=frame.depth_b * factor))
    assert_same(fit(frames).S_a_b, wanted)


@pytest.mark.parametrize("way", WAYS)
def test_noise_is_averaged_out_and_told(way: str) -> None:
    wanted, rng = similarity(5), np.random.default_rng(5)
    frames = []
    for frame in shared(wanted, way, 20):
        T = frame.T_b_camera.copy()
        T[:3, :3] = T[:3, :3] @ Rotation.from_rotvec(rng.normal(0, 0.002, 3)).as_matrix()
        T[:3, 3] += rng.normal(0, 0.02, 3) / wanted.scale
        depth = frame.depth_b * np.exp(rng.normal(0, 0.02, len(CLOUD)))
        frames.append(replace(frame, T_b_camera=T, depth_b=depth))
    found = fit(frames)
    assert found.refusal is None
    assert found.S_a_b.scale == pytest.approx(wanted.scale, rel=0.002)
    assert rotation_angle(found.S_a_b.R.T @ wanted.R) < 0.1
    assert 0.05 < (found.turn or 0) < 0.4  # degrees: .002 in each of three directions
    assert 0.0005 < (found.shift or 0) < 0.004  # .03 off at 18
    assert found.depth == pytest.approx(0.0135, abs=0.002)  # the median of 2 % noise


def test_what_does_not_fit_is_refused_with_figures() -> None:
    frames = [disturbed(frame, at) for at, frame in enumerate(shared(similarity(1), "curve", 9))]
    assert "degrees" in (fit(frames).refusal or "")
    still = shared(similarity(2), "curve", 9)
    rng = np.random.default_rng(0)
    other = [
        replace(frame, depth_b=frame.depth_b * np.exp(rng.normal(0, 0.5, len(CLOUD))))
        for frame in still
    ]
    assert "depths by 3" in (fit(other).refusal or "")  # .67 of .5


def test_too_little_in_common_is_refused() -> None:
    frames = shared(similarity(3), "curve", 4)
    assert fit(frames[:2]).refusal == "both have placed 2 frames only"
    blind = [replace(frame, depth_a=frame.depth_a * 0) for frame in frames]
    assert fit(blind).refusal == "depths in common in 0 frames only"
    assert fit([*frames, *blind]).refusal is None


def test_the_middle_is_where_most_are() -> None:
    assert middle(np.array([[1.0], [1.2], [1.1], [50.0], [-9.0]])) == pytest.approx([1.1])
    assert middle(np.array([[2.0, 0.0]])) == pytest.approx([2, 0])
