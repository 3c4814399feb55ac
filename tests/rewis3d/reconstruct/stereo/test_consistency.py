from __future__ import annotations

import numpy as np

from rewis3d.reconstruct.stereo.consistency import CLOSE, DepthMap, agreement
from tests.rewis3d.reconstruct.stereo.clip import BOARDS, CAMERA, sideways
from tests.rewis3d.reconstruct.stereo.rendering import render

POSES = sideways(4)


def exact(index: int) -> DepthMap:
    return DepthMap(render(BOARDS, CAMERA, POSES[index])[1], CAMERA, POSES[index])


def test_exact_depths_agree_wherever_both_see_the_place() -> None:
    found = agreement(exact(1), [exact(0), exact(2)])
    assert (found.count == 2).mean() > 0.8
    assert (found.count[found.asked == 2] == 2).mean() > 0.93  # what is hidden behind the box
    held = found.count == 2
    truth = exact(1).depth
    assert np.abs(found.depth - truth)[held].max() < 0.02 * truth.max()
    assert np.median(found.spread[held]) < 1e-3


def test_a_wrong_depth_agrees_with_nobody() -> None:
    wrong = exact(1)
    wrong.depth[20:40, 20:40] *= 1.15
    found = agreement(wrong, [exact(0), exact(2)])
    assert (found.count[22:38, 22:38] == 0).mean() > 0.97


def test_one_that_is_off_does_not_move_the_median() -> None:
    off = exact(2)
    off = DepthMap(off.depth * np.float32(1 + 0.8 * CLOSE), off.camera, off.T_world_camera)
    found = agreement(exact(1), [exact(0), off, exact(3)])
    truth = exact(1).depth
    held = found.count == 3
    assert held.mean() > 0.4
    assert np.median(np.abs(found.depth - truth)[held] / truth[held]) < 1e-3
    assert np.median(found.spread[held]) > 1e-3


def test_no_depth_stays_none() -> None:
    empty = DepthMap(np.zeros((72, 96), np.float32), CAMERA, POSES[1])
    assert agreement(empty, [exact(0)]).depth.max() == 0
    assert agreement(exact(1), [empty]).count.max() == 0
    assert agreement(exact(1), []).count.max() == 0


def test_a_view_that_sees_farther_speaks_against_a_depth() -> None:
    near = exact(1)
    near.depth[20:40, 20:40] *= 0.8
    found = agreement(near, [exact(0), exact(2)])
    assert (found.against[22:38, 22:38] > 0).mean() > 0.9
    far = exact(1)
    far.depth[4:18, 60:85] *= 1.2  # behind the wall: hidden, which refutes nothing
    assert agreement(far, [exact(0), exact(2)]).against[6:16, 62:83].max() == 0
    assert (agreement(exact(1), [exact(0), exact(2)]).against > 0).mean() < 0.03
