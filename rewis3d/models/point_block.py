"""The block of Point Transformer V3: what it does to tokens again and again."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from rewis3d.models.point_attention import PatchAttention
from rewis3d.models.point_geometry import BLOCK_KERNEL, Level
from rewis3d.models.sparse_conv import Neighbours, SubmanifoldConv3d


class Block(nn.Module):
    """Convolution of near tokens, attention along a curve, perceptron: each adds to its input."""

    def __init__(
        self, channels: int, heads: int, *, order: int, hidden: int, drop_path: float
    ) -> None:
        super().__init__()
        self.order = order
        self.drop_path = drop_path
        self.cpe = PositionalEncoding(channels)
        # lists of one, as weights of PT-v3m1 have it
        self.norm1 = nn.Sequential(nn.LayerNorm(channels))
        self.attn = PatchAttention(channels, heads)
        self.norm2 = nn.Sequential(nn.LayerNorm(channels))
        self.mlp = nn.Sequential(Perceptron(channels, hidden))

    def forward(
        self,
        x: Float[Tensor, "t c"],
        level: Level,
        generator: torch.Generator | None,
        *,
        convolved: Float[Tensor, "t c"] | None = None,
    ) -> Float[Tensor, "t c"]:
        """Return the tokens; the convolution sees `convolved` instead of them where it is given.

        Without a generator no token is dropped.
        """
        x = x + self.cpe(x if convolved is None else convolved, level.near)
        seen = self.attn(self.norm1(x), level.patches[self.order])
        x = x + dropped(seen, self.drop_path, generator)
        return x + dropped(self.mlp(self.norm2(x)), self.drop_path, generator)


class PositionalEncoding(nn.ModuleList):
    """What tells attention where tokens are: a convolution of those around each."""

    def __init__(self, channels: int) -> None:
        convolution = SubmanifoldConv3d(channels, channels, kernel=BLOCK_KERNEL)
        super().__init__([convolution, nn.Linear(channels, channels), nn.LayerNorm(channels)])

    def forward(self, x: Float[Tensor, "t c"], near: Neighbours) -> Float[Tensor, "t c"]:
        """Return what is added to the tokens."""
        convolution, linear, norm = self
        return norm(linear(convolution(x, near)))


class Perceptron(nn.Module):
    """One hidden layer over the channels of a token."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, hidden)
        self.fc2 = nn.Linear(hidden, channels)

    def forward(self, x: Float[Tensor, "t c"]) -> Float[Tensor, "t c"]:
        """Return each token's new channels."""
        return self.fc2(functional.gelu(self.fc1(x)))


def dropped(
    x: Float[Tensor, "t c"], rate: float, generator: torch.Generator | None
) -> Float[Tensor, "t c"]:
    """Return the residuals, a share of the tokens' left out and the others' made up for it.

    Stochastic depth (arXiv:1603.09382) token by token. Without a generator nothing is left out.
    """
    if generator is None or rate == 0:
        return x
    draws = torch.rand((len(x), 1), generator=generator, device=generator.device)
    return x * ((draws >= rate).to(x) / (1 - rate))
