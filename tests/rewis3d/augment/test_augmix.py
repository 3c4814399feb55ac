"""Each operation on values worked out by hand, none of which moves a pixel, and their mixture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewis3d.augment.augmix import (
    OPERATIONS,
    Operation,
    augmix,
    autocontrast,
    brightened,
    coloured,
    contrasted,
    equalised,
    posterised,
    sharpened,
    solarised,
)


def grey(*values: int) -> np.ndarray:
    return np.repeat(np.array([values], np.uint8)[..., None], 3, axis=-1)


def first(operation: Operation, image: np.ndarray, strength: float) -> list[int]:
    """The red values of the first row."""
    return operation(image, strength)[0, :, 0].tolist()


@pytest.mark.parametrize(
    ("operation", "strength", "values", "expected"),
    [
        (autocontrast, 0.2, (50, 100, 150), [0, 128, 255]),
        (autocontrast, 0.2, (50, 50, 50), [50, 50, 50]),
        (equalised, 0.2, (10, 11, 12), [0, 128, 255]),
        (posterised, 0.2, (0, 15, 16, 255), [0, 0, 16, 240]),
        (posterised, 1.0, (127, 128, 255), [0, 128, 128]),
        (solarised, 0.0, (0, 200, 255), [0, 200, 255]),
        (solarised, -0.5, (0, 127, 128, 255), [0, 127, 127, 0]),
        (brightened, 0.2, (0, 100, 240), [0, 118, 255]),
        (brightened, -1.0, (0, 100, 240), [0, 10, 24]),
        (contrasted, 0.2, (50, 150), [41, 159]),
        (contrasted, -1.0, (50, 150), [95, 105]),
        (coloured, 0.2, (50, 150), [50, 150]),
        (sharpened, 0.2, (90, 90, 90), [90, 90, 90]),
    ],
)
def test_an_operation_does_what_it_says(
    operation: Operation, strength: float, values: tuple[int, ...], expected: list[int]
) -> None:
    assert first(operation, grey(*values), strength) == expected


def test_colours_go_towards_their_grey() -> None:
    red = np.array([[[200, 0, 0]]], np.uint8)
    # its grey is 59.8; a tenth of the colour stays
    assert coloured(red, -1.0).tolist() == [[[74, 54, 54]]]
    assert coloured(red, 0.0).tolist() == [[[200, 0, 0]]]


def test_an_edge_is_sharpened() -> None:
    edge = grey(*[100] * 4, *[140] * 4).repeat(5, axis=0)
    # beside the edge the mean of 9, the middle five times, is 100 + 3 / 13 x 40 = 109.2
    assert sharpened(edge, 1.0)[2, :, 0].tolist() == [100, 100, 100, 92, 148, 140, 140, 140]


@given(st.sampled_from(OPERATIONS), st.floats(-1, 1), st.integers(0, 99))
@settings(max_examples=60)
def test_no_operation_moves_a_pixel(operation: Operation, strength: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (6, 8, 3), np.uint8)
    mirrored = np.ascontiguousarray(image[::-1, ::-1])
    assert np.array_equal(operation(mirrored, strength), operation(image, strength)[::-1, ::-1])
    if operation is not sharpened:
        order = rng.permutation(48)
        mixed = image.reshape(48, 3)[order].reshape(6, 8, 3)
        found = operation(image, strength).reshape(48, 3)[order]
        assert np.array_equal(operation(mixed, strength).reshape(48, 3), found)


@given(st.integers(0, 999), st.sampled_from([1, 2, 10]), st.integers(1, 4), st.integers(1, 3))
@settings(max_examples=30)
def test_a_mixture_keeps_its_pixels_in_their_places(
    seed: int, severity: int, width: int, depth: int
) -> None:
    """Six flat stripes stay flat but for their borders, whatever is mixed."""
    stripes = np.random.default_rng(seed).integers(0, 256, (1, 6, 3), np.uint8)
    image = stripes.repeat(10, axis=1).repeat(9, axis=0)
    rng = np.random.default_rng(seed)
    found = augmix(image, severity=severity, width=width, depth=depth, rng=rng)
    assert found.shape == image.shape
    inside = found.reshape(9, 6, 10, 3)[:, :, 3:7]
    assert (inside == inside[:1, :, :1]).all()


def test_a_mixture_is_of_the_image_and_its_chains(monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.full((2, 2, 3), 100, np.uint8)
    black = (lambda image, _: np.zeros_like(image),)
    monkeypatch.setattr("rewis3d.augment.augmix.OPERATIONS", black)
    rng = np.random.default_rng(4)
    found = augmix(image, severity=2, width=3, depth=3, rng=rng)
    again = np.random.default_rng(4)
    again.dirichlet(np.ones(3))
    assert found == pytest.approx(np.full((2, 2, 3), 100 * (1 - again.beta(1, 1))), abs=0.5)


def test_levels_go_up_to_the_severity(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[float] = []

    def listen(image: np.ndarray, strength: float) -> np.ndarray:
        told.append(strength)
        return image

    monkeypatch.setattr("rewis3d.augment.augmix.OPERATIONS", (listen,))
    image = np.full((2, 2, 3), 100, np.uint8)
    for seed in range(100):
        augmix(image, severity=2, width=3, depth=3, rng=np.random.default_rng(seed))
    assert 0.01 <= np.abs(told).min() < 0.02
    assert 0.19 < np.abs(told).max() <= 0.2
    assert 300 < len(told) < 900
    assert 0.4 < np.mean(np.array(told) < 0) < 0.6
