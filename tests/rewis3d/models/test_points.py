"""Packed clouds and their voxels."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rewis3d.models.points import WIDEST, PointBatch, voxelise
from rewis3d.models.serialization import z_order

places = st.tuples(*[st.integers(-40, 40)] * 3)
clouds = st.lists(st.lists(places, max_size=30), min_size=1, max_size=3).filter(any)


def batch(*cells: list[tuple[int, int, int]]) -> PointBatch:
    """Points in quarters of a unit."""
    packed = []
    for cloud in cells:
        xyz = torch.tensor(cloud, dtype=torch.float32).reshape(-1, 3) / 4
        packed.append((xyz, torch.arange(2.0 * len(cloud)).reshape(-1, 2)))
    return PointBatch.pack(packed)


def slow_voxels(points: PointBatch) -> list[tuple[int, tuple[int, ...]]]:
    """Twin of voxelise at a size of 1: the cloud and the voxel of each point."""
    found = []
    for index in range(points.clouds):
        first, last = points.offsets[index : index + 2].tolist()
        cloud = points.xyz[first:last].tolist()
        low = [min(xyz[axis] for xyz in cloud) for axis in range(3)] if cloud else []
        found += [
            (index, tuple(int(a - b) for a, b in zip(xyz, low, strict=True))) for xyz in cloud
        ]
    return found


@given(clouds)
def test_points_of_a_voxel_are_one_token(cells: list[list[tuple[int, int, int]]]) -> None:
    points = batch(*cells)
    voxels, wanted = voxelise(points, 1.0), slow_voxels(points)
    assert len(voxels.grid) == len(set(wanted))
    tokens = list(zip(voxels.cloud.tolist(), map(tuple, voxels.grid.tolist()), strict=True))
    assert [tokens[token] for token in voxels.of_point] == wanted
    keys = voxels.cloud << 48 | z_order(voxels.grid)
    assert (keys.diff() > 0).all()


@given(clouds)
def test_a_token_has_the_mean_of_its_points_and_gives_it_back(
    cells: list[list[tuple[int, int, int]]],
) -> None:
    points = batch(*cells)
    voxels, places = voxelise(points, 1.0), slow_voxels(points)
    back = voxels.gathered(voxels.pooled(points.features))
    for place, mean in zip(places, back, strict=True):
        together = torch.tensor([other == place for other in places])
        torch.testing.assert_close(mean, points.features[together].mean(0))


def test_a_cloud_is_packed_behind_the_other() -> None:
    points = batch([(0, 0, 0), (1, 0, 0)], [], [(2, 0, 0)])
    assert points.clouds == 3
    assert points.offsets.tolist() == [0, 2, 2, 3]
    assert points.cloud.tolist() == [0, 0, 2]
    assert torch.equal(points.to("cpu").xyz, points.xyz)


@pytest.mark.parametrize("offsets", [[], [0], [1, 3], [0, 2], [0, 3, 2, 3]])
def test_offsets_that_do_not_fit_are_refused(offsets: list[int]) -> None:
    with pytest.raises(ValueError, match="offsets"):
        PointBatch(torch.zeros(3, 3), torch.zeros(3, 6), torch.tensor(offsets, dtype=torch.int64))


def line(*x: float) -> Tensor:
    return torch.tensor([[each, 0.0, 0.0] for each in x]).reshape(-1, 3)


@pytest.mark.parametrize(
    ("xyz", "message"),
    [
        (line(), "without points"),
        (line(0, float("nan")), "not finite"),
        (line(0, WIDEST), f"{WIDEST + 1} voxels of 1.0 wide"),
    ],
)
def test_what_has_no_voxels_is_refused(xyz: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        voxelise(PointBatch.pack([(xyz, xyz)]), 1.0)


def test_the_widest_cloud_fits() -> None:
    xyz = line(0, WIDEST - 1)
    assert voxelise(PointBatch.pack([(xyz, xyz)]), 1.0).grid[:, 0].tolist() == [0, WIDEST - 1]
