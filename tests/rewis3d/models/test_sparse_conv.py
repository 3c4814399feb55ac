"""Submanifold convolution against torch's own on a dense grid, and its gradients."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from rewis3d.models.points import WIDEST
from rewis3d.models.sparse_conv import Neighbours, SubmanifoldConv3d, neighbours

SIDE = 5
voxels = st.lists(
    st.tuples(st.integers(0, 1), *[st.integers(0, SIDE - 1)] * 3), unique=True, min_size=1
)


def table(cells: list[tuple[int, ...]], kernel: int) -> Neighbours:
    places = torch.tensor(cells)
    return neighbours(places[:, 1:], places[:, 0], kernel)


def dense(x: Tensor, cells: list[tuple[int, ...]], layer: SubmanifoldConv3d) -> Tensor:
    """Twin of the layer: put the tokens on a dense grid, convolve, read them off."""
    places = torch.tensor(cells).unbind(1)
    grid = x.new_zeros(2, SIDE, SIDE, SIDE, x.shape[1])
    grid = grid.index_put(places, x)
    weight = layer.weight.permute(0, 4, 1, 2, 3)
    padding = layer.weight.shape[1] // 2
    sums = functional.conv3d(grid.permute(0, 4, 1, 2, 3), weight, layer.bias, padding=padding)
    return sums.permute(0, 2, 3, 4, 1)[places]


@settings(max_examples=40)
@given(voxels, st.sampled_from([1, 3, 5]), st.booleans())
def test_values_and_gradients_are_those_of_a_dense_grid(
    cells: list[tuple[int, ...]], kernel: int, bias: bool
) -> None:
    layer = SubmanifoldConv3d(2, 3, kernel=kernel, bias=bias).double()
    x = torch.randn(len(cells), 2, dtype=torch.float64, requires_grad=True)
    found, wanted = layer(x, table(cells, kernel)), dense(x, cells, layer)
    torch.testing.assert_close(found, wanted)
    inputs, weights = (x, *layer.parameters()), torch.randn_like(wanted)
    gradients = torch.autograd.grad((found * weights).sum(), inputs)
    torch.testing.assert_close(gradients, torch.autograd.grad((wanted * weights).sum(), inputs))


def test_gradients_pass_gradcheck() -> None:
    cells = [(0, 0, 0, 0), (0, 1, 0, 0), (0, 1, 1, 2), (0, 2, 2, 2), (1, 0, 0, 0), (1, 4, 4, 4)]
    layer, near = SubmanifoldConv3d(2, 3, kernel=3).double(), table(cells, 3)
    x = torch.randn(len(cells), 2, dtype=torch.float64, requires_grad=True)

    def of(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return torch.func.functional_call(layer, {"weight": weight, "bias": bias}, (x, near))

    assert torch.autograd.gradcheck(of, (x, *(part.clone() for part in layer.parameters())))


@given(voxels, st.sampled_from([1, 3, 5]))
def test_pairs_are_all_neighbours_of_the_same_cloud(
    cells: list[tuple[int, ...]], kernel: int
) -> None:
    reach = kernel // 2
    found = []
    for here, there in table(cells, kernel).pairs:
        found += list(zip(here.tolist(), there.tolist(), strict=True))
    wanted = [
        (i, j)
        for i, a in enumerate(cells)
        for j, b in enumerate(cells)
        if a[0] == b[0]
        and b[1:] < a[1:]  # the half of the kernel before the centre
        and all(abs(p - q) <= reach for p, q in zip(a[1:], b[1:], strict=True))
    ]
    assert sorted(found) == sorted(wanted)


def test_the_ends_of_the_grid_are_not_neighbours_of_each_other() -> None:
    last = WIDEST - 1
    corners = [(0, x, y, z) for x in (0, last) for y in (0, last) for z in (0, last)]
    cells = [*corners, (1, 0, 0, 0), (1, 0, 0, 2)]
    pairs = [pair for pair in table(cells, 5).pairs if len(pair[0])]
    assert [(here.tolist(), there.tolist()) for here, there in pairs] == [([9], [8])]


def test_a_table_of_another_kernel_is_refused() -> None:
    with pytest.raises(ValueError, match="kernel 5, not 3"):
        SubmanifoldConv3d(1, 1, kernel=3)(torch.zeros(1, 1), table([(0, 0, 0, 0)], 5))


def test_autocast_convolves_in_half_precision_and_learns_in_full() -> None:
    cells = [(0, x, y, 0) for x in range(5) for y in range(5)]
    layer, near = SubmanifoldConv3d(8, 4, kernel=3), table(cells, 3)
    x = torch.randn(len(cells), 8)
    with torch.autocast("cpu", torch.bfloat16):
        y = layer(x, near)
    assert y.dtype == torch.bfloat16
    torch.testing.assert_close(y.float(), layer(x, near), atol=0.03, rtol=0.03)
    y.float().square().mean().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.dtype == torch.float32


def test_features_that_do_not_learn_cost_no_gradient() -> None:
    layer, near = SubmanifoldConv3d(2, 2, kernel=3, bias=False), table([(0, 0, 0, 0)], 3)
    x = torch.randn(1, 2)
    layer(x, near).sum().backward()
    assert x.grad is None
    assert layer.weight.grad is not None
    layer.weight.requires_grad_(False)
    x.requires_grad_()
    layer(x, near).sum().backward()
    torch.testing.assert_close(x.grad, layer.weight[:, 1, 1, 1].sum(0)[None])
