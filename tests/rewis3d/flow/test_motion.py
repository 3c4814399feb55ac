"""Flow between two frames: where pixels go, and where that can't be trusted."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from rewis3d.flow.motion import LONGEST, Flow, Motion, grid_size, motion, on_grid

SIZE = (60, 80)


def texture(seed: int, size: tuple[int, int] = (100, 120)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (*size, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    return np.clip(4 * (smooth - 128) + 128, 0, 255).astype(np.uint8)


def window(image: np.ndarray, row: int, column: int) -> np.ndarray:
    return np.ascontiguousarray(image[row : row + SIZE[0], column : column + SIZE[1]])


def inner(values: np.ndarray, rim: int = 10) -> np.ndarray:
    return values[rim:-rim, rim:-rim]


@pytest.mark.parametrize("shift", [(0, 0), (3, 5), (-4, 2)])
def test_a_shift_is_found_and_trusted(shift: tuple[int, int]) -> None:
    # What lies at (row, column) of the first window lies at (row - shift) of the second.
    image = texture(0)
    found = motion(window(image, 20, 20), window(image, 20 + shift[0], 20 + shift[1]))
    for flow, sign in ((found.there, -1), (found.back, 1)):
        assert inner(flow.xy[:, :, 0]) == pytest.approx(sign * shift[1], abs=0.5)
        assert inner(flow.xy[:, :, 1]) == pytest.approx(sign * shift[0], abs=0.5)
        assert np.median(inner(flow.trust)) > 0.8
    assert not found.cut


def test_what_left_the_frame_is_not_trusted() -> None:
    image = texture(1)
    found = motion(window(image, 20, 20), window(image, 20, 32))
    assert found.there.trust[:, :11].mean() < 0.1  # they have left on the left
    assert found.back.trust[:, -11:].mean() < 0.1


def test_what_is_covered_is_not_trusted() -> None:
    # A square moves by 8 pixels over a still ground: what it covers has nowhere to go.
    ground, square = texture(2, SIZE), texture(3, (24, 24))
    one, other = ground.copy(), ground.copy()
    one[18:42, 20:44] = square
    other[18:42, 28:52] = square
    found = motion(one, other)
    assert np.median(found.there.trust[22:38, 24:40]) > 0.8
    assert found.there.xy[22:38, 24:40, 0] == pytest.approx(8, abs=1)
    assert np.median(found.there.trust[22:38, 46:51]) < 0.3
    assert np.median(found.back.trust[22:38, 21:26]) < 0.3


def test_frames_of_two_places_are_a_cut() -> None:
    assert motion(texture(4, SIZE), texture(5, SIZE)).cut


def test_another_colour_is_not_trusted() -> None:
    image = texture(6)
    one, other = window(image, 20, 20), window(image, 20, 20).copy()
    other[20:40, 30:50, 0] = 255 - other[20:40, 30:50, 0]
    found = motion(one, other)
    assert np.median(found.there.trust[22:38, 32:48]) < 0.5
    assert np.median(found.there.trust[:15]) > 0.8


def test_values_are_pulled_along_the_flow() -> None:
    xy = np.zeros((4, 5, 2), np.float32)
    xy[:, :, 0] = 1
    flow = Flow(xy, np.ones((4, 5), np.float32))
    values = torch.arange(4 * 5 * 6).reshape(6, 4, 5).float()
    pulled = flow.pull(values)
    torch.testing.assert_close(pulled[:, :, :-1], values[:, :, 1:])
    torch.testing.assert_close(pulled[:, :, -1], torch.zeros(6, 4))
    border = flow.pull(values, beyond="border")
    torch.testing.assert_close(border[:, :, -1], values[:, :, -1])
    xy[:, :, 0] = 0.5
    pulled = Flow(xy, flow.trust).pull(values)
    torch.testing.assert_close(pulled[:, :, :-1], (values[:, :, :-1] + values[:, :, 1:]) / 2)


def test_large_frames_are_looked_at_on_a_grid() -> None:
    assert grid_size(360, 480) == (360, 480)
    assert grid_size(1080, 1920) == (360, LONGEST)
    assert grid_size(1920, 1080) == (LONGEST, 360)
    assert on_grid(np.zeros((1080, 1920, 3), np.uint8)).shape == (360, LONGEST, 3)
    small = texture(7, SIZE)
    assert on_grid(small) is small


def test_a_cut_needs_both_ways_to_fail() -> None:
    still = np.zeros((4, 5, 2), np.float32)
    none, full = (Flow(still, np.full((4, 5), trust, np.float32)) for trust in (0.0, 1.0))
    assert Motion(none, none).cut
    assert not Motion(none, full).cut


def test_on_a_coarser_grid_things_go_as_far() -> None:
    # Everything lies 8 pixels to the right and 4 up in the other frame, or 2 and 1 cells of 4.
    there = Flow(np.full((*SIZE, 2), (8, -4), np.float32), np.full(SIZE, 0.5, np.float32))
    coarse = Motion(there, there).resized((SIZE[0] // 4, SIZE[1] // 4)).back
    assert coarse.xy.shape == (15, 20, 2)
    assert (coarse.xy == (2, -1)).all()
    assert (coarse.trust == 0.5).all()
    values = torch.arange(300.0).reshape(1, 15, 20)
    torch.testing.assert_close(coarse.pull(values)[0, 1:, :-2], values[0, :-1, 2:])
    assert there.resized(SIZE) is there
