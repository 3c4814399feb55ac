"""Point Transformer V3 (Wu et al., arXiv:2312.10035): the network that labels points.

A U-Net over voxels. Its encoder pools them from grid to coarser grid, its decoder goes back up,
and each block mixes tokens in two ways: a sparse convolution of near ones, and attention along a
space-filling curve. Names of parts are those of Pointcept's PT-v3m1, whose weights then fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rewis3d.config import demand
from rewis3d.models.point_block import Block
from rewis3d.models.point_geometry import STEM_KERNEL, Level, PointGeometry, build_geometry
from rewis3d.models.point_pooling import Cells, Pooling, Unpooling, batch_norm
from rewis3d.models.points import PointBatch
from rewis3d.models.serialization import ORDERS
from rewis3d.models.sparse_conv import Neighbours, SubmanifoldConv3d


@dataclass(frozen=True, slots=True)
class PointNetworkConfig:
    """The shape of the network; as it stands, the published one (METHOD.md section 2)."""

    in_channels: int = 6
    """Features of a point: xyz and rgb, and more where points carry more."""
    grid_size: float = 0.05
    """Edge length of a voxel in the scene's unit: points in one voxel are one token."""
    encoder_depths: tuple[int, ...] = (2, 2, 2, 6, 2)
    """Blocks at each resolution, finest first."""
    encoder_channels: tuple[int, ...] = (32, 64, 128, 256, 512)
    """Channels of a token there."""
    encoder_heads: tuple[int, ...] = (2, 4, 8, 16, 32)
    """Heads of the attention there."""
    decoder_depths: tuple[int, ...] = (2, 2, 2, 2)
    """Blocks at each resolution but the coarsest, finest first."""
    decoder_channels: tuple[int, ...] = (64, 64, 128, 256)
    """Channels of a token there, on the way back."""
    decoder_heads: tuple[int, ...] = (4, 4, 8, 16)
    """Heads of the attention there, on the way back."""
    strides: tuple[int, ...] = (2, 2, 2, 2)
    """Voxels along the edge of the cell that is pooled to one, from each resolution to the next;
    powers of two."""
    patch: int = 1024
    """Tokens that attend to each other."""
    orders: tuple[str, ...] = ORDERS
    """Curves along which patches are cut: block i of a resolution takes the i-th, in turn."""
    mlp_ratio: int = 4
    """Hidden channels of a block's perceptron per channel."""
    drop_path: float = 0.3
    """Share of tokens that a block leaves out in training at the coarsest resolution; it falls
    evenly to 0 at the finest, where encoder and decoder begin and end."""
    momentum: float = 0.01
    """Share of a batch in the running statistics of BatchNorm, which a network that predicts uses.
    They must keep up with the weights: a training of a few hundred steps needs more."""
    m1_quirk: bool = True
    """After unpooling, the first block's convolution sees the skip connection alone, not the sum:
    what weights trained with PT-v3m1 expect (Pointcept/PointTransformerV3 issues 65 and 149)."""

    def __post_init__(self) -> None:
        """Refuse what is no network; Rewis3dError names the setting."""
        stages = len(self.encoder_depths)
        demand(self, "encoder_depths", stages >= 2, "of two resolutions or more")
        for name in ("encoder_channels", "encoder_heads"):
            demand(self, name, len(getattr(self, name)) == stages, f"{stages} numbers")
        for name in ("decoder_depths", "decoder_channels", "decoder_heads", "strides"):
            demand(self, name, len(getattr(self, name)) == stages - 1, f"{stages - 1} numbers")
        for part in ("encoder", "decoder"):
            heads, channels = getattr(self, f"{part}_heads"), getattr(self, f"{part}_channels")
            divide = all(c % h == 0 for c, h in zip(channels, heads, strict=True))
            demand(self, f"{part}_heads", divide, f"divisors of the channels {channels}")
        powers = all(stride in (1, 2, 4, 8) for stride in self.strides)
        demand(self, "strides", powers, "powers of two up to 8")
        known = bool(self.orders) and set(self.orders) <= set(ORDERS)
        demand(self, "orders", known, f"some of {', '.join(ORDERS)}")
        demand(self, "drop_path", 0 <= self.drop_path < 1, "0 or more and less than 1")
        demand(self, "momentum", 0 < self.momentum <= 1, "more than 0 and at most 1")
        demand(self, "grid_size", self.grid_size > 0, "more than 0")
        for name in ("in_channels", "patch", "mlp_ratio"):
            demand(self, name, getattr(self, name) >= 1, "1 or more")


PUBLISHED: Final = PointNetworkConfig()
TINY: Final = PointNetworkConfig(
    encoder_depths=(1, 1, 1, 1),
    encoder_channels=(32, 64, 128, 128),
    encoder_heads=(2, 4, 8, 8),
    decoder_depths=(1, 1, 1),
    decoder_channels=(64, 64, 128),
    decoder_heads=(4, 4, 8),
    strides=(2, 2, 2),
    patch=256,
    momentum=0.1,
)
"""For a CPU: 2.5 million weights, seconds a step up to 30 000 voxels (METHOD.md section 8)."""


class PointSegmenter(nn.Module):
    """Clouds in, logits of each point out."""

    def __init__(self, config: PointNetworkConfig, classes: int) -> None:
        super().__init__()
        self.config = config
        self.backbone = PointTransformer(config)
        self.seg_head = nn.Linear(config.decoder_channels[0], classes)

    def geometry(self, batch: PointBatch) -> PointGeometry:
        """Return what depends on the points' places alone, for the caller to keep."""
        config = self.config
        return build_geometry(
            batch,
            grid_size=config.grid_size,
            orders=config.orders,
            strides=config.strides,
            patch=config.patch,
        )

    def forward(
        self,
        batch: PointBatch,
        *,
        geometry: PointGeometry | None = None,
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "n k"]:
        """Return the points' logits; `geometry` is made here unless it was before.

        In training mode it draws from `generator` (orders, dropped tokens); ValueError where that
        is missing, and by BatchNorm where the coarsest resolution has a single token.
        """
        geometry = geometry or self.geometry(batch)
        tokens = geometry.voxels.pooled(batch.features)
        if not self.training:
            features = self.backbone(tokens, geometry)
        elif generator is not None:
            features = self.backbone(tokens, geometry.shuffled(generator), generator)
        else:
            raise ValueError("a network that trains draws at random: pass a generator")
        return geometry.voxels.gathered(self.seg_head(features))


class PointTransformer(nn.Module):
    """The backbone: tokens in, tokens with the finest decoder's channels out."""

    def __init__(self, config: PointNetworkConfig) -> None:
        super().__init__()
        self.embedding = Embedding(config.in_channels, config.encoder_channels[0])
        self.enc = nn.ModuleDict(
            {f"enc{stage}": EncoderStage(config, stage) for stage in range(len(config.strides) + 1)}
        )
        self.dec = nn.ModuleDict(
            {f"dec{stage}": DecoderStage(config, stage) for stage in range(len(config.strides))}
        )
        for module in self.modules():
            if isinstance(module, nn.BatchNorm1d):
                module.momentum = config.momentum

    def forward(
        self,
        tokens: Float[Tensor, "t f"],
        geometry: PointGeometry,
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "t c"]:
        """Return the finest tokens' features, having been to the coarsest grid and back.

        With a generator blocks drop tokens.
        """
        x = self.embedding(tokens, geometry.stem)
        skips = []
        for stage, level in zip(self.enc.values(), geometry.levels, strict=True):
            x = stage(x, level, generator)
            skips.append(x)
        x = skips.pop()
        for index in reversed(range(len(skips))):
            level, cells = geometry.levels[index], geometry.levels[index + 1].cells
            x = self.dec[f"dec{index}"](x, skips[index], level, cells, generator)
        return x


class Embedding(nn.Module):
    """The stem: what points come with becomes channels."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        convolution = SubmanifoldConv3d(inputs, outputs, kernel=STEM_KERNEL, bias=False)
        self.stem = nn.ModuleDict({"conv": convolution, "norm": batch_norm(outputs)})
        self.act = nn.GELU()

    def forward(self, x: Float[Tensor, "t f"], near: Neighbours) -> Float[Tensor, "t c"]:
        """Return the finest tokens."""
        return self.act(self.stem["norm"](self.stem["conv"](x, near)))


class EncoderStage(nn.ModuleDict):
    """Pooling from the resolution before, where there is one, then blocks."""

    def __init__(self, config: PointNetworkConfig, stage: int) -> None:
        channels = config.encoder_channels[stage]
        drops = drop_rates(config.drop_path, config.encoder_depths)[stage]
        super().__init__()
        if stage:
            self["down"] = Pooling(config.encoder_channels[stage - 1], channels)
        self.update(blocks(config, channels, config.encoder_heads[stage], drops))

    def forward(
        self, x: Float[Tensor, "t i"], level: Level, generator: torch.Generator | None
    ) -> Float[Tensor, "u o"]:
        """Return the level's tokens from those of the level before."""
        for part in self.values():
            pools = isinstance(part, Pooling)
            x = part(x, level.cells) if pools else part(x, level, generator)
        return x


class DecoderStage(nn.ModuleDict):
    """Unpooling to a finer resolution, then blocks."""

    def __init__(self, config: PointNetworkConfig, stage: int) -> None:
        coarser = (*config.decoder_channels, config.encoder_channels[-1])[stage + 1]
        channels = config.decoder_channels[stage]
        drops = drop_rates(config.drop_path, config.decoder_depths)[stage]
        super().__init__({"up": Unpooling(coarser, config.encoder_channels[stage], channels)})
        self.update(blocks(config, channels, config.decoder_heads[stage], drops[::-1]))
        self.m1_quirk = config.m1_quirk

    def forward(
        self,
        x: Float[Tensor, "u i"],
        skip: Float[Tensor, "t s"],
        level: Level,
        cells: Cells,
        generator: torch.Generator | None,
    ) -> Float[Tensor, "t o"]:
        """Return the level's tokens from those of the coarser one that `cells` lead to."""
        up, *rest = self.values()
        x, fine = up(x, skip, cells)
        for index, block in enumerate(rest):
            quirk = self.m1_quirk and index == 0
            x = block(x, level, generator, convolved=fine if quirk else None)
        return x


def blocks(
    config: PointNetworkConfig, channels: int, heads: int, drops: Sequence[float]
) -> dict[str, Block]:
    """Return the blocks of a resolution by name, one for each of its drop rates."""
    return {
        f"block{index}": Block(
            channels,
            heads,
            order=index % len(config.orders),
            hidden=config.mlp_ratio * channels,
            drop_path=drop,
        )
        for index, drop in enumerate(drops)
    }


def drop_rates(last: float, depths: Sequence[int]) -> list[list[float]]:
    """Return a rate for each block of each resolution, rising evenly from 0 to `last`."""
    step = last / max(1, sum(depths) - 1)
    block = count()
    return [[step * next(block) for _ in range(depth)] for depth in depths]
