"""Windows that overlap: where they lie, and that every pixel is the mean of those that see it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from rewis3d.models.windows import logits, spans


class Spy:
    """A network of two classes: brightness at half the size, and how many times it was asked."""

    classes = 2

    def __init__(self, window: tuple[int, int] | None) -> None:
        self.window = window
        self.asked: list[tuple[int, int]] = []

    def coarse(self, rgb: torch.Tensor) -> torch.Tensor:
        height, width = rgb.shape[2:]
        self.asked.append((height, width))
        grey = functional.interpolate(rgb.mean(1, keepdim=True), (height // 2, width // 2))
        return torch.cat((grey, torch.full_like(grey, len(self.asked))), 1)


def noise(height: int, width: int) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))


def test_kitti_takes_five_windows() -> None:
    starts = [span.start for span in spans(1408, 512)]
    assert starts == [0, 224, 448, 672, 896]
    assert spans(376, 376) == [slice(0, 376)]
    assert spans(300, 376) == [slice(0, 300)]


@given(size=st.integers(1, 5000), window=st.integers(2, 700))
def test_windows_cover_an_axis_and_overlap_by_half(size: int, window: int) -> None:
    found = spans(size, window)
    assert (found[0].start, found[-1].stop) == (0, size)
    assert {span.stop - span.start for span in found} == {min(size, window)}
    steps = np.diff([span.start for span in found])
    # rounding to whole pixels moves a window by half a pixel at most
    assert np.all(steps > 0)
    assert np.all(steps <= window / 2 + 1)


@pytest.mark.parametrize("window", [None, (20, 30), (50, 50)])
def test_a_frame_that_fits_is_seen_whole(window: tuple[int, int] | None) -> None:
    spy = Spy(window)
    assert logits(spy, noise(20, 30)).shape == (1, 2, 10, 15)
    assert spy.asked == [(20, 30)]


def test_every_pixel_is_the_mean_of_its_windows() -> None:
    rgb = noise(40, 44)
    spy = Spy((40, 20))
    found = logits(spy, rgb)
    places = [slice(0, 20), slice(8, 28), slice(16, 36), slice(24, 44)]
    assert spy.asked == [(40, 20)] * len(places)
    said: list[list[np.ndarray]] = [[] for _ in range(44)]
    for number, place in enumerate(places, start=1):
        part = functional.interpolate(rgb[:, :, :, place].mean(1, keepdim=True), (20, 10))
        large = functional.interpolate(part, (40, 20), mode="bilinear")[0, 0].numpy()
        for column in range(20):
            both = np.stack([large[:, column], np.full(40, number)])
            said[place.start + column].append(both)
    wanted = np.stack([np.mean(columns, axis=0) for columns in said], axis=-1)
    np.testing.assert_allclose(found[0], wanted, atol=1e-5)


def test_a_flipped_frame_is_asked_too() -> None:
    rgb = noise(20, 30)
    spy = Spy(None)
    found = logits(spy, rgb, flip=True)
    once, mirrored = Spy(None).coarse(rgb), Spy(None).coarse(rgb.flip(3)).flip(3)
    torch.testing.assert_close(found[:, :1], (once[:, :1] + mirrored[:, :1]) / 2)
    assert (found[:, 1] == 1.5).all()  # the means of its first and its second answer
