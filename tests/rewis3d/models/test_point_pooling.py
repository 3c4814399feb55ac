"""Pooling keeps the largest of a cell, unpooling brings it back to its tokens."""

from __future__ import annotations

import torch
from torch import nn

from rewis3d.models.point_pooling import Cells, Pooling, Unpooling

CELLS = Cells(torch.tensor([0, 0, 1, 1, 1]), torch.tensor([2, 3]))
X = torch.tensor([[1.0, 5.0], [4.0, 2.0], [-1.0, -3.0], [-2.0, -4.0], [-5.0, -2.0]])


def plain(layer: nn.Module) -> None:
    assert isinstance(layer, nn.Linear)
    nn.init.eye_(layer.weight)
    nn.init.zeros_(layer.bias)


def test_the_largest_of_each_cell_by_hand() -> None:
    pooling = Pooling(2, 2).eval()
    plain(pooling.proj)
    x = X.clone().requires_grad_()
    found = pooling(x, CELLS)
    largest = torch.tensor([[4.0, 5.0], [-1.0, -2.0]])
    torch.testing.assert_close(found, nn.functional.gelu(largest / (1 + 1e-3) ** 0.5))
    found.sum().backward()
    assert x.grad is not None
    assert (x.grad != 0).tolist() == [
        [False, True],
        [True, False],
        [True, False],
        [False, False],
        [False, True],
    ]


def test_each_token_gets_its_cells_share_beside_its_own() -> None:
    unpooling = Unpooling(2, 2, 2).eval()
    plain(unpooling.proj[0])
    plain(unpooling.proj_skip[0])
    coarse = torch.tensor([[10.0, 0.0], [0.0, 10.0]])
    both, fine = unpooling(coarse, X, CELLS)
    scale = (1 + 1e-3) ** 0.5
    torch.testing.assert_close(fine, nn.functional.gelu(X / scale))
    share = nn.functional.gelu(coarse / scale)
    torch.testing.assert_close(both - fine, share[[0, 0, 1, 1, 1]])
