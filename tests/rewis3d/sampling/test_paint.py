"""What cells show: mean colours, lifted labels, made once for each frame."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewis3d.geometry import pinhole
from rewis3d.lifting import lift
from rewis3d.sampling.paint import PaintFile, cell_colours, painted
from rewis3d.scene import GridMap, ViewGeometry
from rewis3d.types import IGNORED, UNLABELLED


def grid_of(
    image: tuple[int, int],
    cells: tuple[int, int],
    scale: tuple[float, float],
    offset: tuple[float, float] = (0.0, 0.0),
) -> ViewGeometry:
    camera = pinhole(20.0, cells[1], cells[0])
    return ViewGeometry(1, *image, camera, np.eye(4), GridMap(scale, offset), "given")


def overlap(low: float, high: float, pixel: int) -> float:
    return max(0.0, min(high, pixel + 1) - max(low, pixel))


def mean_under(image: np.ndarray, view: ViewGeometry, row: int, column: int) -> np.ndarray:
    """Twin: weigh every pixel of the image by what of it lies under the cell."""
    corners = view.grid.to_image(np.array([[column, row], [column + 1.0, row + 1.0]]))
    (left, top), (right, bottom) = corners
    total, area = np.zeros(3), 0.0
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            weight = overlap(left, right, j) * overlap(top, bottom, i)
            total, area = total + weight * image[i, j], area + weight
    return total / area if area else total


@given(
    st.integers(0, 999),
    st.floats(0.2, 3),
    st.floats(0.2, 3),
    st.floats(-3, 3),
    st.floats(-3, 3),
)
@settings(max_examples=15)
def test_a_cell_has_the_mean_colour_under_it(
    seed: int, scale_x: float, scale_y: float, x: float, y: float
) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), np.uint8)
    view = grid_of((5, 7), (4, 6), (scale_x, scale_y), (x, y))
    colours = cell_colours(image, view)
    for row in range(4):
        for column in range(6):
            expected = mean_under(image, view, row, column)
            assert np.abs(colours[row, column] - expected).max() <= 0.5 + 1e-6


def test_a_grid_of_the_image_s_size_has_its_colours() -> None:
    image = np.random.default_rng(1).integers(0, 256, (5, 7, 3), np.uint8)
    assert np.array_equal(cell_colours(image, grid_of((5, 7), (5, 7), (1.0, 1.0))), image)


def test_cells_show_colour_and_label() -> None:
    rng = np.random.default_rng(2)
    image = rng.integers(0, 256, (8, 12, 3), np.uint8)
    labels = rng.choice(np.array([0, 3, IGNORED, UNLABELLED], np.uint8), (8, 12))
    view = grid_of((8, 12), (4, 6), (0.5, 0.5))
    cells = painted(image, labels, view)
    assert np.array_equal(cells[:, :3].reshape(4, 6, 3), cell_colours(image, view))
    assert np.array_equal(cells[:, 3].reshape(4, 6), lift(labels, view))
    assert (painted(image, None, view)[:, 3] == UNLABELLED).all()


@pytest.fixture
def asked() -> list[int]:
    return []


@pytest.fixture
def paint(asked: list[int]) -> Callable[[int], np.ndarray]:
    def paint(frame: int) -> np.ndarray:
        asked.append(frame)
        return np.full((frame, 4), frame, np.uint8)

    return paint


def test_each_frame_is_painted_once_into_its_own_room(
    paint: Callable[[int], np.ndarray], asked: list[int], tmp_path: Path
) -> None:
    file = PaintFile({5: 5, 2: 2, 9: 9}, paint, folder=tmp_path)
    assert asked == []
    for frame in (2, 9, 5, 2, 5, 9):
        assert np.array_equal(file(frame), np.full((frame, 4), frame, np.uint8))
    assert asked == [2, 9, 5]
    assert list(tmp_path.iterdir()) == []  # nothing to clean up


def test_a_frame_without_room_is_named(paint: Callable[[int], np.ndarray], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frame 7"):
        PaintFile({5: 5}, paint, folder=tmp_path)(7)
    with pytest.raises(ValueError, match="frame 7"):
        PaintFile({}, paint, folder=tmp_path)(7)


def test_what_failed_is_painted_anew(tmp_path: Path) -> None:
    answers = iter([OSError("gone"), np.zeros((1, 4), np.uint8)])

    def paint(frame: int) -> np.ndarray:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    file = PaintFile({1: 1}, paint, folder=tmp_path)
    with pytest.raises(OSError, match="gone"):
        file(1)
    assert file(1).tolist() == [[0, 0, 0, 0]]
