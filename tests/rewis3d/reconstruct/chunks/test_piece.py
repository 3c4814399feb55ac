"""What chunks found, held against each other."""

from __future__ import annotations

import numpy as np

from rewis3d.reconstruct.chunks.piece import Sample, in_common
from rewis3d.reconstruct.chunks.similarity import Similarity

from .worlds import piece


def test_frames_in_common_have_the_depths_of_the_same_pixels() -> None:
    one, other = (
        piece(0, range(6), Similarity.identity()),
        piece(1, range(4, 9), Similarity.identity()),
    )
    few = Sample(np.array([3, 7, 190]), np.array([1.0, 2.0, 3.0]))
    (first, second) = in_common(one, other)
    assert len(first.depth_a) == 200
    other.samples[5] = few  # type: ignore[index]
    second = in_common(one, other)[1]
    np.testing.assert_array_equal(second.depth_b, few.depth)
    np.testing.assert_array_equal(second.depth_a, one.samples[5].depth[[3, 7, 190]])


def test_how_far_a_frame_is_from_the_chunks_ends() -> None:
    chunk = piece(0, range(10, 15), Similarity.identity(), placed=[11, 12])
    assert [chunk.inside(frame) for frame in range(10, 15)] == [0, 1, 2, 1, 0]
    assert chunk.placed == {11, 12}
