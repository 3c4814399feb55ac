"""What the strokes of a clip say about its other frames, through a reconstructed scene.

A scene has grids of its own; what it carries is given on the grid of the flow, so that both ways
of carrying can be put together (rewis3d/carried_labels.py).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from jaxtyping import Int64

from rewis3d.carry import Carried, carry, lift_frame
from rewis3d.clip import Clip
from rewis3d.flow.carry import REACH
from rewis3d.flow.motion import grid_size
from rewis3d.lifting import surface_of
from rewis3d.readoff import Drawn
from rewis3d.scene import Scene, SceneView, ViewGeometry


def scene_labels(
    clip: Clip,
    scenes: Sequence[Scene],
    drawn: Drawn,
    *,
    without: Collection[int],
    reach: int = REACH,
) -> dict[int, list[Carried]]:
    """Return what drawn frames say about others at most `reach` away, by frame id.

    Cells are those of the flow's grid. A frame with strokes hears nothing of others. `without`
    names the labels of classes without geometry.
    """
    found: dict[int, list[Carried]] = {}
    place = {view.frame_id: index for index, view in enumerate(clip.views)}
    for scene in scenes:
        views = [view for view in scene.views if view.frame_id in place]
        marks = {view.frame_id: drawn(clip.views[place[view.frame_id]]) for view in views}
        lifted = [
            lift_frame(mask, scene.index, view, without=without)
            for view in views
            if (mask := marks[view.frame_id]) is not None
        ]
        for view in views:
            here = place[view.frame_id]
            near = [one for one in lifted if abs(place[one.frame_id] - here) <= reach]
            if marks[view.frame_id] is not None or not near:
                continue
            surface = surface_of(view)
            found[view.frame_id] = [
                on_flow_grid(carry(one, view, surface), one.view, view) for one in near
            ]
    return found


def on_flow_grid(carried: Carried, source: SceneView, view: SceneView) -> Carried:
    """Return labels on the grid of the flow: a cell there takes that of the cell it lies in."""
    place_of = np.full(view.depth.size + 1, -1)  # the last one stands for "outside"
    place_of[carried.cells] = np.arange(len(carried.cells))
    places = place_of[_cells_below(view.geometry)].reshape(-1)
    cells = np.flatnonzero(places >= 0)
    chosen = places[cells]
    return Carried(
        carried.frame_id,
        cells.astype(np.int32),
        carried.labels[chosen],
        carried.confidence[chosen],
        _above(carried.source_cells, source.geometry)[chosen].astype(np.int32),
    )


def _cells_below(view: ViewGeometry) -> Int64[np.ndarray, "r c"]:
    """Return the cell of a view's grid that each cell of the flow's grid lies in; -1 for none."""
    rows, columns = grid_size(view.image_height, view.image_width)
    count = max(rows, columns)
    centres = (np.arange(count) + 0.5)[:, None] * [
        view.image_width / columns,
        view.image_height / rows,
    ]
    column, row = np.floor(view.grid.to_grid(centres)).astype(np.int64).T
    column, row = column[:columns], row[:rows, None]
    width, height = view.camera.width, view.camera.height
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    return np.where(inside, row * width + column, -1)


def _above(cells: np.ndarray, view: ViewGeometry) -> Int64[np.ndarray, "n"]:
    """Return the cells of the flow's grid that cells of a view's grid have their centres in."""
    rows, columns = grid_size(view.image_height, view.image_width)
    row, column = np.divmod(cells.astype(np.int64), view.camera.width)
    xy = view.grid.to_image(np.stack([column + 0.5, row + 0.5], axis=1))
    at = np.floor(xy * [columns / view.image_width, rows / view.image_height]).astype(np.int64)
    at = np.clip(at, 0, [columns - 1, rows - 1])
    return at[:, 1] * columns + at[:, 0]
