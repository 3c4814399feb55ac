"""Slow, obvious twins of what the project does cleverly: the tests compare the two."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Bool, Float64

    from app.street.camera import Camera
    from app.street.scene import Scene
    from rewis3d.scene import SceneView


def nearest_to_beats(times: Sequence[float], fps: float) -> list[int]:
    """Twin of app.ingest.pace.nearest: look at every time for each beat, the first on a tie."""
    taken: list[int] = []
    beat = 0
    while times and beat / fps <= times[-1] + 1e-6 / fps:
        index = min(range(len(times)), key=lambda each: abs(times[each] * fps - beat))
        if index not in taken:
            taken.append(index)
        beat += 1
    return taken


def covered_pixels(
    xy: Sequence[tuple[float, float]], width: float, rows: int, cols: int
) -> list[list[bool]]:
    """Twin of annotations.rasterise.coverage: measure every pixel from every segment."""
    segments = list(pairwise(xy)) or [(xy[0], xy[0])]
    image = [
        [
            any(_squared_distance(j + 0.5, i + 0.5, *ends) <= width**2 / 4 for ends in segments)
            for j in range(cols)
        ]
        for i in range(rows)
    ]
    for x, y in xy if width <= 1 or len(xy) == 1 else ():
        if 0 <= floor(y) < rows and 0 <= floor(x) < cols:
            image[floor(y)][floor(x)] = True
    return image


def _squared_distance(x: float, y: float, a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the squared distance of a point from a segment."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    px, py = x - a[0], y - a[1]
    squared = dx * dx + dy * dy
    along = min(1.0, max(0.0, (px * dx + py * dy) / squared)) if squared else 0.0
    return (px - along * dx) ** 2 + (py - along * dy) ** 2


def lifted_cell(
    mask: Sequence[Sequence[int]],
    cell: tuple[int, int],
    scale: tuple[float, float],
    offset: tuple[float, float],
) -> int:
    """Twin of rewis3d.lifting.lift: count the votes of every piece of every pixel for one cell."""
    pieces_x, pieces_y = (ceil(each) for each in scale)
    votes: dict[int, int] = {}
    for i, row in enumerate(mask):
        for j, label in enumerate(row):
            for piece_y in range(pieces_y):
                for piece_x in range(pieces_x):
                    x = (j + (piece_x + 0.5) / pieces_x) * scale[0] + offset[0]
                    y = (i + (piece_y + 0.5) / pieces_y) * scale[1] + offset[1]
                    if label != 255 and (floor(y), floor(x)) == cell:
                        votes[label] = votes.get(label, 0) + 1
    best = [label for label, count in votes.items() if count == max(votes.values())]
    return best[0] if len(best) == 1 else 255


def best_of_cell(
    said: Sequence[tuple[int, float]], similar: float
) -> tuple[int, tuple[int, int] | None]:
    """Twin of rewis3d.propagate.fuse for one cell: (label, confidence) of each frame in turn.

    Return the label, 255 where two classes are similar, and the best two labels if there are two.
    """
    best: dict[int, float] = {}
    for label, confidence in said:
        best[label] = max(best.get(label, 0.0), confidence)
    ranked = sorted(best, key=lambda label: -best[label])
    if not ranked:
        return 255, None
    if len(ranked) == 1:
        return ranked[0], None
    two = (ranked[0], ranked[1])
    return (255 if best[two[1]] >= similar * best[two[0]] else two[0]), two


def nearest_part(scene: Scene, camera: Camera, x: float, y: float) -> tuple[int, float | None]:
    """Twin of app.street.surface.surface for one place in the image: try part after part.

    Return the part's index and its depth, or -1 and None.
    """
    ray = camera.T_world_camera[:3, :3] @ np.linalg.solve(camera.K, (x, y, 1.0))
    start = camera.position
    hits: list[tuple[float, int]] = []
    for index, corners in enumerate(scene.corners):
        normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
        if abs(normal @ ray) > 1e-12:
            depth = normal @ (corners[0] - start) / (normal @ ray)
            place = start + depth * ray
            turns = [
                np.cross(b - a, place - a) @ normal for a, b in pairwise([*corners, corners[0]])
            ]
            if all(turn >= 0 for turn in turns):
                hits.append((depth, index))
    for index, (centre, axes) in enumerate(zip(scene.centres, scene.axes, strict=True)):
        o, d = np.linalg.solve(axes, start - centre), np.linalg.solve(axes, ray)
        root = (o @ d) ** 2 - (d @ d) * (o @ o - 1)
        if root > 0:
            hits.append(((-(o @ d) - root**0.5) / (d @ d), len(scene.corners) + index))
    depth, part = min((hit for hit in hits if hit[0] > 0.2), default=(None, -1))
    return part, depth


def points_over(
    xyz: Float64[np.ndarray, "n 3"], view: SceneView, wanted: Bool[np.ndarray, "r c"]
) -> Bool[np.ndarray, "n"]:
    """Say which points fall on wanted cells of a view, one by one."""
    camera = view.geometry.camera
    R, t = view.geometry.T_world_camera[:3, :3], view.geometry.T_world_camera[:3, 3]
    found = np.zeros(len(xyz), np.bool_)
    for index, point in enumerate(xyz):
        x, y, z = R.T @ (point - t)
        if z <= 0:
            continue
        column = int(np.floor(camera.K[0, 0] * x / z + camera.K[0, 2]))
        row = int(np.floor(camera.K[1, 1] * y / z + camera.K[1, 2]))
        if 0 <= column < camera.width and 0 <= row < camera.height:
            found[index] = wanted[row, column]
    return found


def correlation(first: Sequence[Sequence[float]], second: Sequence[Sequence[float]]) -> float:
    """Twin of rewis3d.reconstruct.stereo.likeness.compare for one pair of windows."""
    a, b = [x for row in first for x in row], [x for row in second for x in row]
    n = len(a)
    mean_a, mean_b = sum(a) / n, sum(b) / n
    covariance = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True)) / n
    variance_a = sum((x - mean_a) ** 2 for x in a) / n + 1.0**2  # the noise of a camera
    variance_b = sum((x - mean_b) ** 2 for x in b) / n + 1.0**2
    return covariance / (variance_a * variance_b) ** 0.5


def path_costs(
    costs: Sequence[Sequence[Sequence[float]]],
    grey: Sequence[Sequence[float]],
    step: float,
    jump: float,
    edge: float,
) -> list[list[list[float]]]:
    """Twin of rewis3d.reconstruct.stereo.sgm.aggregate: each of eight paths on its own."""
    height, width, planes = len(costs), len(costs[0]), len(costs[0][0])
    total = [[[0.0] * planes for _ in range(width)] for _ in range(height)]
    ways = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]
    for down, right in ways:
        for row in range(height):
            for column in range(width):
                path = _path_from(costs, grey, (row, column), (down, right), (step, jump, edge))
                for plane in range(planes):
                    total[row][column][plane] += path[plane]
    return total


def _path_from(
    costs: Sequence[Sequence[Sequence[float]]],
    grey: Sequence[Sequence[float]],
    place: tuple[int, int],
    way: tuple[int, int],
    penalties: tuple[float, float, float],
) -> list[float]:
    """Return the costs of one path that ends at a place, from the image's border on."""
    (row, column), (down, right), (step, jump, edge) = place, way, penalties
    before = (row - down, column - right)
    if not (0 <= before[0] < len(costs) and 0 <= before[1] < len(costs[0])):
        return list(costs[row][column])
    last = _path_from(costs, grey, before, way, penalties)
    contrast = abs(grey[row][column] - grey[before[0]][before[1]])
    fall = floor(max(jump / (1 + contrast / edge), step) + 0.5)
    found = []
    for plane, cost in enumerate(costs[row][column]):
        beside = [last[i] + step for i in (plane - 1, plane + 1) if 0 <= i < len(last)]
        found.append(cost + min([last[plane], min(last) + fall, *beside]) - min(last))
    return found
