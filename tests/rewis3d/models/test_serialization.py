"""Space-filling curves: the codes that Pointcept gives, and what makes a curve one."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rewis3d.models.serialization import BITS, ORDERS, hilbert, levels, serialized, z_order
from tests.rewis3d.models.record_ptv3 import CURVES, DEPTHS, GOLDEN

RECORDED = np.load(GOLDEN / CURVES)
coordinates = st.tuples(*[st.integers(0, 2**BITS - 1)] * 3)


def codes(grid: Tensor, depth: int, order: str = "hilbert") -> Tensor:
    cloud = torch.zeros(len(grid), dtype=torch.int64)
    return serialized(grid, cloud, torch.full_like(cloud, depth), order)


def cube(depth: int) -> Tensor:
    return torch.tensor(list(product(range(2**depth), repeat=3)))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("depth", DEPTHS)
def test_codes_are_those_of_pointcept(depth: int, order: str) -> None:
    grid = torch.from_numpy(RECORDED[f"grid_{depth}"])
    assert codes(grid, depth, order).tolist() == RECORDED[f"{order}_{depth}"].tolist()


@given(coordinates)
def test_a_morton_code_has_the_bits_of_x_y_and_z_in_turn(xyz: tuple[int, int, int]) -> None:
    bits = [f"{axis:0{BITS}b}" for axis in xyz]
    wanted = int("".join("".join(level) for level in zip(*bits, strict=True)), 2)
    assert z_order(torch.tensor([xyz])).tolist() == [wanted]


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_a_hilbert_curve_visits_every_voxel_of_its_cube_and_steps_to_a_neighbour(
    depth: int,
) -> None:
    grid = cube(depth)
    code = hilbert(grid, torch.full((len(grid),), depth))
    assert code.sort().values.tolist() == list(range(8**depth))
    steps = grid[code.argsort()].diff(dim=0).abs().sum(1)
    assert (steps == 1).all()


@pytest.mark.parametrize("order", ORDERS)
def test_a_code_without_its_last_three_bits_is_that_of_the_coarser_cell(order: str) -> None:
    grid = cube(4)
    assert torch.equal(codes(grid, 4, order) >> 3, codes(grid >> 1, 3, order))


def test_trans_swaps_x_and_y() -> None:
    grid = cube(2)
    for order in ("z", "hilbert"):
        swapped = codes(grid[:, [1, 0, 2]], 2, f"{order}-trans")
        assert torch.equal(codes(grid, 2, order), swapped)


def test_keys_sort_by_cloud_first_and_each_cloud_has_its_own_depth() -> None:
    small, large = cube(2), cube(3)
    cloud = torch.tensor([1] * len(small) + [0] * len(large))
    depth = torch.tensor([2] * len(small) + [3] * len(large))
    keys = serialized(torch.cat([small, large]), cloud, depth, "hilbert")
    assert torch.equal(keys[: len(small)] - (1 << 48), codes(small, 2))
    assert torch.equal(keys[len(small) :], codes(large, 3))


def test_levels_are_the_binary_digits_of_the_coordinates_that_there_are() -> None:
    largest = [0, 1, 2, 3, 6, 7, 65_531]
    wanted = [(value + 1).bit_length() for value in largest]
    assert levels(torch.tensor(largest)).tolist() == wanted == [1, 2, 2, 3, 3, 4, 16]
