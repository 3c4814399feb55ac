from __future__ import annotations

import numpy as np

from rewis3d.reconstruct.stereo.match import Sides, match
from tests.rewis3d.reconstruct.stereo.clip import BOARDS, CAMERA, RANGE, picture, sideways
from tests.rewis3d.reconstruct.stereo.rendering import Board, render


def test_depths_of_a_wall_are_exact() -> None:
    wall = [Board((-9, -6, 5), (18, 0, 0), (0, 12, 0), 1, grain=0.25)]
    views = [picture(wall, T) for T in sideways(5)]
    sources = [views[1], views[3], views[0], views[4]]
    found = match(
        views[2], Sides(sources[:2], sources, sources), near=RANGE[0], far=RANGE[1], planes=32
    )
    assert np.median(np.abs(found - 5) / 5) < 0.003
    assert (np.abs(found - 5) < 0.05).mean() > 0.95


def test_depths_of_a_scene_are_near_the_truth() -> None:
    poses = sideways(5)
    views = [picture(BOARDS, T) for T in poses]
    sources = [views[1], views[3], views[0], views[4]]
    found = match(
        views[2], Sides(sources, sources, sources), near=RANGE[0], far=RANGE[1], planes=48
    )
    truth = render(BOARDS, CAMERA, poses[2])[1]
    error = np.abs(found - truth) / truth
    assert np.median(error) < 0.01
    assert (error < 0.03).mean() > 0.85


def test_what_is_as_good_as_infinite_has_no_depth() -> None:
    far = [Board((-900, -600, 500), (1800, 0, 0), (0, 1200, 0), 1, grain=25)]
    views = [picture(far, T) for T in sideways(3)]
    found = match(views[1], Sides(*[views[::2]] * 3), near=2.0, far=9.0, planes=32)
    assert (found > 0).mean() < 0.02
