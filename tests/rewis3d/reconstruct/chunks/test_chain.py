"""Chunks of one clip, each with a world of its own, and what becomes of them together."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from rewis3d.geometry import inverse, rotation_angle
from rewis3d.reconstruct.chunks.chain import Chained, chain
from rewis3d.reconstruct.chunks.piece import Piece

from .worlds import piece, pose, similarity

CHUNKS = [range(12), range(8, 20), range(16, 28)]


def frames(found: Chained) -> list[list[int]]:
    return [[view.frame_id for view in scene.views] for scene in found.scenes]


def assert_true(found: Chained, scene: int = 0) -> None:
    """Steps and turns from frame to frame are the true ones, up to one factor for all."""
    views = found.scenes[scene].views
    factors = []
    for one, other in pairwise(views):
        got = inverse(one.T_world_camera) @ other.T_world_camera
        wanted = inverse(pose("curve", one.frame_id)) @ pose("curve", other.frame_id)
        assert rotation_angle(got[:3, :3].T @ wanted[:3, :3]) < 1e-5
        factors.append(np.linalg.norm(got[:3, 3]) / np.linalg.norm(wanted[:3, 3]))
    assert factors == pytest.approx([factors[0]] * len(factors), rel=1e-6)


def test_chunks_become_one_scene_in_which_every_frame_lies_once() -> None:
    found = chain([piece(n, chunk, similarity(n)) for n, chunk in enumerate(CHUNKS)])
    assert frames(found) == [list(range(28))]
    assert_true(found)
    assert found.scenes[0].unit == "normalised"


def test_a_frame_is_taken_from_the_chunk_whose_ends_are_farther_away() -> None:
    pieces = [piece(n, chunk, similarity(n)) for n, chunk in enumerate(CHUNKS)]
    placed = chain(pieces).placed
    assert [placed[frame].piece for frame in range(6, 14)] == [0, 0, 0, 0, 1, 1, 1, 1]
    without = [piece(0, CHUNKS[0], similarity(0), placed=[*range(9), 11]), *pieces[1:]]
    assert [chain(without).placed[frame].piece for frame in (8, 9, 10, 11)] == [0, 1, 1, 1]


def test_depths_take_the_scale_of_their_piece() -> None:
    found = chain([piece(n, chunk, similarity(n)) for n, chunk in enumerate(CHUNKS)])
    scales = [similarity(n).scale for n in range(3)]
    got = [found.placed[frame].scale for frame in (0, 14, 27)]
    assert np.array(got) * scales == pytest.approx([got[0] * scales[0]] * 3)


def test_the_unit_is_what_most_frames_call_one() -> None:
    """The second of three chunks thinks that everything is twice as large."""
    honest = similarity(0)
    pieces = [
        piece(n, chunk, honest.grown(2.0) if n == 1 else honest) for n, chunk in enumerate(CHUNKS)
    ]
    placed = chain(pieces).placed
    assert placed[0].scale == pytest.approx(1)
    assert placed[14].scale == pytest.approx(0.5)


def test_a_chunk_that_does_not_fit_stays_a_scene_of_its_own() -> None:
    wrong = piece(1, CHUNKS[1], similarity(1), wrong=range(8, 12))
    found = chain([piece(0, CHUNKS[0], similarity(0)), wrong])
    assert frames(found) == [list(range(10)), list(range(10, 20))]
    assert found.edges[0].fit.refusal is not None


def test_pieces_that_another_chunk_holds_together_are_joined() -> None:
    first = [
        piece(0, range(24), similarity(0), placed=range(12)),
        piece(0, range(24), similarity(5), placed=range(12, 24)),
    ]
    found = chain([*first, piece(1, range(8, 32), similarity(1))])
    assert frames(found) == [list(range(32))]
    assert_true(found)


def test_a_world_without_frames_of_its_own_is_left_out() -> None:
    pieces = [
        piece(0, CHUNKS[0], similarity(0)),
        piece(1, CHUNKS[1], similarity(1), placed=range(8, 12), wrong=range(8, 12)),
    ]
    assert frames(chain(pieces)) == [list(range(12))]


def test_pieces_without_common_frames_and_none_at_all() -> None:
    apart: list[Piece] = [piece(0, range(4), similarity(0)), piece(1, range(4, 8), similarity(1))]
    found = chain(apart)
    assert frames(found) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert found.edges == ()
    assert {placed.scale for placed in found.placed.values()} == {1.0}
    assert chain([]) == Chained((), {}, ())
