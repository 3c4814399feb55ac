"""Label maps on the grid of the flow."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from rewis3d.flow.motion import grid_size
from rewis3d.lifting import majority
from rewis3d.types import UNLABELLED


def labels_on_grid(
    labels: UInt8[np.ndarray, "h w"], size: tuple[int, int] | None = None
) -> UInt8[np.ndarray, "r c"]:
    """Return a frame's labels on a grid, by default that of its flow.

    A cell takes the label of most labelled pixels whose centres lie in it, UNLABELLED on a tie: a
    thin stroke stays whole where the grid is coarser than the frame.
    """
    size = size or grid_size(*labels.shape)
    if size == labels.shape:
        return labels
    row, column = np.nonzero(labels != UNLABELLED)
    cell_row = ((row + 0.5) * size[0] / labels.shape[0]).astype(np.int64)
    cell_column = ((column + 0.5) * size[1] / labels.shape[1]).astype(np.int64)
    cells = cell_row * size[1] + cell_column
    return majority(cells, labels[row, column], size[0] * size[1]).reshape(size)
