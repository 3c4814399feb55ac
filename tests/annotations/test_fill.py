"""A mask as one path."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from annotations.fill import walk
from annotations.rasterise import coverage

masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.booleans())


def repainted(mask):
    rows, cols, covered = coverage(walk(mask).astype(np.float32), 1.0, *mask.shape)
    image = np.zeros_like(mask)
    image[rows, cols] = covered
    return image


@given(masks)
def test_the_path_paints_each_connected_region_again(mask):
    count, regions = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    for region in range(1, count):
        assert (repainted(regions == region) == (regions == region)).all()


@pytest.mark.parametrize(
    ("picture", "vertices"),
    [("#", 1), ("####", 2), ("##\n##", 5), ("#..\n.#.\n..#", 3)],
)
def test_the_path_is_short(picture, vertices):
    mask = np.array([[c == "#" for c in line] for line in picture.splitlines()])
    assert len(walk(mask)) == vertices
