"""The tables of each resolution."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import torch

from rewis3d.models.point_geometry import PointGeometry, build_geometry
from rewis3d.models.points import PointBatch, voxelise
from rewis3d.models.serialization import ORDERS
from tests.rewis3d.models.surfaces import GRID, street

PATCH = 16


def build(batch: PointBatch, *strides: int) -> PointGeometry:
    return build_geometry(batch, grid_size=GRID, orders=ORDERS, strides=strides, patch=PATCH)


def sizes(geometry: PointGeometry) -> list[int]:
    return [len(level.patches[0].slot) for level in geometry.levels]


def test_a_coarser_grid_has_a_token_for_each_cell_that_is_not_empty() -> None:
    batch = street(300, 80, 1)
    geometry = build(batch, 2, 4)
    voxels = voxelise(batch, GRID)
    places = list(zip(voxels.cloud.tolist(), *voxels.grid.T.tolist(), strict=True))
    token = torch.arange(len(places))
    for stride, level, count in zip((2, 8), geometry.levels[1:], sizes(geometry)[1:], strict=True):
        assert level.cells is not None
        token = level.cells.of_token[token]
        cells = [(cloud, *(each // stride for each in xyz)) for cloud, *xyz in places]
        assert len(set(cells)) == count == len(level.cells.sizes)
        assert len(set(zip(cells, token.tolist(), strict=True))) == count  # one token, one cell
    sums = [level.cells.sizes.sum().item() for level in geometry.levels if level.cells]
    assert sums == sizes(geometry)[:-1]


def test_patches_follow_their_curve_at_every_resolution() -> None:
    """In a full cube each step of a Hilbert curve is to a neighbour, also on the coarser grids."""
    grid = torch.cartesian_prod(*[torch.arange(8)] * 3)
    batch = PointBatch.pack([(grid * GRID, grid * GRID)] * 2)
    voxels, geometry = voxelise(batch, GRID), build(batch, 2, 2)
    places = voxels.grid
    for level in geometry.levels:
        if level.cells is not None:
            places = places[level.cells.sizes.cumsum(0) - 1] >> 1
        for order, patches in zip(ORDERS, level.patches, strict=True):
            steps = places[patches.tokens].diff(dim=1).abs().sum(2)
            assert (steps == 1).all() == order.startswith("hilbert")


def test_the_coarsest_levels_may_be_single_tokens() -> None:
    geometry = build(street(30, 30), 8, 8, 8, 8)
    assert sizes(geometry)[-1] == 2
    assert all(a >= b for a, b in pairwise(sizes(geometry)))
    assert not any(len(here) for here, _ in geometry.levels[-1].near.pairs)


def test_shuffling_turns_the_orders_and_nothing_else() -> None:
    geometry = build(street(200), 2, 2)
    turns: Counter[tuple[int, ...]] = Counter()
    for seed in range(20):
        shuffled = geometry.shuffled(torch.Generator().manual_seed(seed))
        assert shuffled.stem is geometry.stem
        for level, before in zip(shuffled.levels, geometry.levels, strict=True):
            assert level.near is before.near
            ours = [id(patches) for patches in before.patches]
            turns[tuple(ours.index(id(patches)) for patches in level.patches)] += 1
    assert len(turns) > 12  # of 24
    one, same = (geometry.shuffled(torch.Generator().manual_seed(3)).levels for _ in range(2))
    assert [[*map(id, level.patches)] for level in one] == [
        [*map(id, level.patches)] for level in same
    ]
