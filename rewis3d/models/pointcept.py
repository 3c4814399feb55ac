"""Pointcept's own Point Transformer V3 where it is installed, and weights trained with it.

Pointcept (github.com/Pointcept/Pointcept, MIT) is no package of an index and needs CUDA for
training. Written against its commit d74c646; what it gives is recorded beside the tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rewis3d.models.points import PointBatch, Voxels, voxelise
from rewis3d.models.ptv3 import PointNetworkConfig, PointSegmenter
from rewis3d.types import Rewis3dError

INSTALL: Final = (
    "clone github.com/Pointcept/Pointcept, put the clone on PYTHONPATH, and install what its README"
    " lists for your CUDA: spconv, torch-scatter, torch-cluster, flash-attn, its own pointops, and"
    " timm, addict, peft"
)
_SEGMENTOR: Final = "backbone."
"""Keys of a whole segmentor begin so, or with seg_head; those of a bare backbone do not."""


def load_pointcept(
    network: PointSegmenter | PointceptSegmenter, state: Mapping[str, Tensor]
) -> None:
    """Load the state dict of a PT-v3m1 or of a segmentor around one, as Pointcept saves them.

    A bare backbone leaves the head as it is. Rewis3dError where a key or a shape does not fit;
    the network is then as it was.
    """
    state = {key.removeprefix("module."): part for key, part in state.items()}  # DDP's own prefix
    whole = any(key.startswith(_SEGMENTOR) for key in state)
    target = network if whole else network.backbone
    ours = target.state_dict()
    unknown, missing = sorted(state.keys() - ours.keys()), sorted(ours.keys() - state.keys())
    if unknown or missing:
        raise Rewis3dError(f"weights do not fit: unknown {unknown[:3]}, missing {missing[:3]}")
    for key, part in ours.items():
        if state[key].shape != part.shape:
            found, wanted = tuple(state[key].shape), tuple(part.shape)
            raise Rewis3dError(f"weights do not fit: {key} is {found}, wanted {wanted}")
    target.load_state_dict(state)


def segmenter(
    config: PointNetworkConfig, classes: int, device: torch.device
) -> PointSegmenter | PointceptSegmenter:
    """Return a new network on its device: Pointcept's on CUDA where it is installed, else ours.

    Either takes the other's state dict.
    """
    theirs = device.type == "cuda" and find_spec("pointcept") is not None and config.m1_quirk
    kind = PointceptSegmenter if theirs else PointSegmenter
    return kind(config, classes).to(device)


class PointceptSegmenter(nn.Module):
    """`PointSegmenter` with Pointcept's backbone: the same doors, keys and, in evaluation, results.

    With clouds of different sizes results differ a little: Pointcept's Hilbert curves are those of
    the largest cloud's cube, and without flash-attn its patches are as small as the smallest cloud.
    """

    def __init__(self, config: PointNetworkConfig, classes: int) -> None:
        super().__init__()
        self.config = config
        self.backbone = transformer(config)
        self.seg_head = nn.Linear(config.decoder_channels[0], classes)

    def train(self, mode: bool = True) -> PointceptSegmenter:
        """Switch between training and evaluation; Pointcept would shuffle orders in both."""
        for part in self.backbone.modules():
            if hasattr(part, "shuffle_orders"):
                part.shuffle_orders = mode
        return super().train(mode)

    def geometry(self, batch: PointBatch) -> Voxels:
        """Return what depends on the points' places alone; Pointcept makes the rest each time."""
        return voxelise(batch, self.config.grid_size)

    def forward(
        self,
        batch: PointBatch,
        *,
        geometry: Voxels | None = None,
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "n k"]:
        """Return the points' logits, as `PointSegmenter` does."""
        if self.training and generator is None:
            raise ValueError("a network that trains draws at random: pass a generator")
        voxels = geometry or self.geometry(batch)
        tokens = {
            "coord": voxels.pooled(batch.xyz),
            "grid_coord": voxels.grid.int(),
            "feat": voxels.pooled(batch.features),
            "offset": voxels.cloud.bincount(minlength=voxels.clouds).cumsum(0),
        }
        with _seeded(generator, batch.xyz.device):
            features = self.backbone(tokens).feat
        return voxels.gathered(self.seg_head(features))


def transformer(config: PointNetworkConfig) -> Any:
    """Return Pointcept's PT-v3m1; Rewis3dError where it, or what it needs, is not installed."""
    if find_spec("pointcept") is None:
        raise Rewis3dError(f"Pointcept is not installed here: {INSTALL}")
    if not config.m1_quirk:
        raise Rewis3dError("setting m1_quirk is False; Pointcept's PT-v3m1 knows no other way")
    try:
        from pointcept.models.point_transformer_v3.point_transformer_v3m1_base import (  # pyright: ignore[reportMissingImports]  # optional
            PointTransformerV3,
        )
    except ImportError as error:
        raise Rewis3dError(f"Pointcept needs {error.name}, which is missing: {INSTALL}") from error
    stages = len(config.encoder_depths)
    return PointTransformerV3(
        in_channels=config.in_channels,
        order=config.orders,
        stride=config.strides,
        enc_depths=config.encoder_depths,
        enc_channels=config.encoder_channels,
        enc_num_head=config.encoder_heads,
        enc_patch_size=(config.patch,) * stages,
        dec_depths=config.decoder_depths,
        dec_channels=config.decoder_channels,
        dec_num_head=config.decoder_heads,
        dec_patch_size=(config.patch,) * (stages - 1),
        mlp_ratio=config.mlp_ratio,
        drop_path=config.drop_path,
        enable_flash=find_spec("flash_attn") is not None,
    )


@contextmanager
def _seeded(generator: torch.Generator | None, device: torch.device) -> Iterator[None]:
    """Let torch's global generators, from which Pointcept draws, depend on ours, for a while."""
    if generator is None:
        yield
        return
    seed = torch.randint(2**62, (), generator=generator, device=generator.device)
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(int(seed))
        yield
