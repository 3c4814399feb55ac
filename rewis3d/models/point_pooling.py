"""Pooling from a grid to the next coarser one, and back; names as in Pointcept's state dict."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Cells:
    """Which tokens fall into the same cell of the next coarser grid, where it is one token."""

    of_token: Int64[Tensor, "t"]
    """Never falling: tokens are in z-order, in which those of a cell stand together."""
    sizes: Int64[Tensor, "u"]
    """Tokens in each cell."""


def batch_norm(channels: int) -> nn.BatchNorm1d:
    """Return the network's batch normalisation, with Pointcept's constant; the network's
    configuration says how fast its statistics move."""
    return nn.BatchNorm1d(channels, eps=1e-3)


class Pooling(nn.Module):
    """Project, then keep the largest value in each cell."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.proj = nn.Linear(inputs, outputs)
        self.norm = nn.Sequential(batch_norm(outputs))
        self.act = nn.GELU()

    def forward(self, x: Float[Tensor, "t i"], cells: Cells) -> Float[Tensor, "u o"]:
        """Return the tokens of the coarser grid."""
        largest = torch.segment_reduce(self.proj(x), "max", lengths=cells.sizes, axis=0)
        return self.act(self.norm(largest))


class Unpooling(nn.Module):
    """Bring the tokens of the coarser grid to what was there before pooling."""

    def __init__(self, inputs: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.proj = nn.Sequential(nn.Linear(inputs, outputs), batch_norm(outputs), nn.GELU())
        self.proj_skip = nn.Sequential(nn.Linear(skip, outputs), batch_norm(outputs), nn.GELU())

    def forward(
        self, x: Float[Tensor, "u i"], skip: Float[Tensor, "t s"], cells: Cells
    ) -> tuple[Float[Tensor, "t o"], Float[Tensor, "t o"]]:
        """Return both added up, and the skip connection's part alone."""
        fine = self.proj_skip(skip)
        return fine + self.proj(x).index_select(0, cells.of_token), fine
