from __future__ import annotations

import numpy as np

from rewis3d.geometry import pixel_centres
from rewis3d.reconstruct.stereo.polish import REACH, polish
from rewis3d.reconstruct.stereo.sweep import Matcher
from tests.rewis3d.reconstruct.stereo.clip import CAMERA, picture
from tests.rewis3d.reconstruct.stereo.rendering import Board, render

FLOOR = [Board((-30, 1.0, 0.5), (60, 0, 0), (0, 0, 60), 2, grain=0.05)]


def test_a_slanted_surface_is_found_to_a_fraction_of_a_step() -> None:
    T = np.eye(4)
    poses = []
    for x in (-0.5, 0.5):
        poses.append(T.copy())
        poses[-1][0, 3] = x
    matcher = Matcher(picture(FLOOR, T), [picture(FLOOR, each) for each in poses])
    depth = render(FLOOR, CAMERA, T)[1]
    low = np.s_[48:]  # rows that see the floor near by
    exact = np.where(depth > 0, 1 / np.maximum(depth, 1e-6), 0).astype(np.float32)
    step = 0.01
    wave = np.sin(pixel_centres(72, 96)[..., 0] / 20).astype(np.float32)
    found, score = polish(matcher, exact + (REACH - 1) * step * wave, step=step)
    off = np.abs(found - exact)[low]
    assert np.median(off) < 0.15 * step
    assert np.median(score[low]) > 0.8
