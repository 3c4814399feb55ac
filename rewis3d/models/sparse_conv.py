"""Submanifold sparse convolution: values at the occupied voxels, made from occupied voxels alone.

Graham et al., "3D Semantic Segmentation with Submanifold Sparse Convolutional Networks",
arXiv:1711.10275. What spconv calls SubMConv3d, with its layout of weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

Pair = tuple[Tensor, Tensor]

_CACHED_BYTES: Final = 1 << 18
"""Of what is gathered at once on a CPU: a second-level cache holds it, and what is made of it."""
_FEWEST_ROWS: Final = 256
"""Of a product on a CPU, however wide the rows are."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Which tokens lie beside each other under a cubic kernel; any number of layers may share it.

    The kernel's first half is enough: where b lies at an offset from a, a lies at the opposite
    offset from b, which is as far from the end of the kernel as the other is from its start.
    """

    kernel: int
    """Edge length in voxels, odd."""
    pairs: tuple[Pair, ...]
    """For each offset before the centre, in the order of the weights: tokens, and those that lie
    at the offset from them. No token is twice in either."""


@torch.no_grad()
def neighbours(grid: Int64[Tensor, "t 3"], cloud: Int64[Tensor, "t"], kernel: int) -> Neighbours:
    """Find the pairs of voxels of the same cloud that a kernel brings together.

    Coordinates are 0 or more and below 2 ** 16 - 2 * (kernel // 2); no voxel is there twice.
    Every voxel has a number in which x, y and z have 16 bits each, with a margin that keeps
    neighbours from running into the next field: a neighbour is a sum away.
    """
    reach = kernel // 2
    keys, tokens = _numbered(cloud, *(grid + reach).unbind(1)).sort()
    half = list(product(range(-reach, reach + 1), repeat=3))[: kernel**3 // 2]
    steps = [(x << 32) + (y << 16) + z for x, y, z in half]
    wanted = keys + torch.tensor(steps, dtype=torch.int64, device=keys.device)[:, None]
    places = torch.searchsorted(keys, wanted).clamp_(max=len(keys) - 1)
    found = keys[places] == wanted
    offset, here = found.nonzero(as_tuple=True)
    there = tokens[places[offset, here]]
    sizes = found.sum(1).tolist()
    pairs = zip(tokens[here].split(sizes), there.split(sizes), strict=True)
    return Neighbours(kernel, tuple(pairs))


def _numbered(cloud: Tensor, x: Tensor, y: Tensor, z: Tensor) -> Int64[Tensor, "t"]:
    return cloud << 48 | x << 32 | y << 16 | z


class SubmanifoldConv3d(nn.Module):
    """Convolution at the occupied voxels: out[a] = bias + sum over k of weight[k] in[a + k]."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int, bias: bool = True) -> None:
        super().__init__()
        shape = (outputs, kernel, kernel, kernel, inputs)
        bound = 1 / math.sqrt(inputs * kernel**3)  # as torch's own convolutions begin
        self.weight = nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(outputs).uniform_(-bound, bound)) if bias else None

    def forward(self, x: Float[Tensor, "t i"], near: Neighbours) -> Float[Tensor, "t o"]:
        """Return the sums at each token; ValueError for neighbours of another kernel."""
        if near.kernel != self.weight.shape[1]:
            raise ValueError(f"got neighbours of kernel {near.kernel}, not {self.weight.shape[1]}")
        weight = self.weight.flatten(1, 3).permute(1, 2, 0)
        if torch.is_autocast_enabled(x.device.type):  # which can't see into our own function
            dtype = torch.get_autocast_dtype(x.device.type)
            x, weight = x.to(dtype), weight.to(dtype)
        y = _Convolution.apply(x, weight, near)
        return y if self.bias is None else y + self.bias.to(y.dtype)


class _Convolution(torch.autograd.Function):
    """The sums and their gradients, from weights (kernel ** 3, inputs, outputs)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, near: Neighbours) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.near = near
        return _convolved(x, weight, near)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  # stub of the decorator
        ctx: Any, grad: Tensor
    ) -> tuple[Tensor | None, Tensor | None, None]:
        x, weight = ctx.saved_tensors
        wants_x, wants_weight, _ = ctx.needs_input_grad
        # what went from b to a comes back from a to b: the kernel point-mirrored and transposed
        back = _convolved(grad, weight.flip(0).transpose(1, 2), ctx.near) if wants_x else None
        return back, _correlated(x, grad, ctx.near) if wants_weight else None, None


def _convolved(
    x: Float[Tensor, "t i"], weight: Float[Tensor, "k i o"], near: Neighbours
) -> Float[Tensor, "t o"]:
    """Gather, multiply and add for each offset; half precision is summed up in float32."""
    centre, last = len(weight) // 2, len(weight) - 1
    y = x @ weight[centre]
    total = y if y.dtype == torch.float64 else y.float()
    rows = _rows(near, x)
    gathered, made = x.new_empty(rows, x.shape[1]), x.new_empty(rows, y.shape[1])

    def add(here: Tensor, there: Tensor, of_offset: Tensor) -> None:
        """Add to `here` what `there` sends; both buffers are used again for every call."""
        sent, arrived = gathered[: len(here)], made[: len(here)]
        torch.index_select(x, 0, there, out=sent)
        torch.mm(sent, of_offset, out=arrived)
        total.index_add_(0, here, arrived.to(total.dtype))

    for offset, pair in enumerate(near.pairs):
        for here, there in zip(*(part.split(rows) for part in pair), strict=True):
            add(here, there, weight[offset])
            add(there, here, weight[last - offset])
    return total.to(y.dtype)


def _rows(near: Neighbours, x: Tensor) -> int:
    """Return how many pairs are multiplied at once: on a CPU as many as its cache has room for.

    With memory that is new each time, and too large for the cache, a CPU takes twice as long.
    """
    most = max([1, *(len(here) for here, _ in near.pairs)])
    return most if x.is_cuda else min(most, max(_FEWEST_ROWS, _CACHED_BYTES // x[:1].nbytes))


def _correlated(
    x: Float[Tensor, "t i"], grad: Float[Tensor, "t o"], near: Neighbours
) -> Float[Tensor, "k i o"]:
    """Return the gradient of the weights."""
    forth, back = [], []
    for here, there in near.pairs:
        forth.append(x.index_select(0, there).T @ grad.index_select(0, here))
        back.append(x.index_select(0, here).T @ grad.index_select(0, there))
    return torch.stack([*forth, x.T @ grad, *reversed(back)])
