"""A SegFormer of random weights, small enough for tests, laid out as published ones are."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import SegformerConfig, SegformerForImageClassification

from rewis3d.models.segformer import SegFormer, pretrained


def save(folder: Path, *, stages: int = 4) -> Path:
    """Write an image classifier's weights, as NVIDIA's are, and return the folder."""
    config = SegformerConfig(
        num_encoder_blocks=stages,
        depths=[1, 1, 1, 1][:stages],
        hidden_sizes=[8, 16, 24, 32][:stages],
        num_attention_heads=[1, 2, 3, 4][:stages],
        decoder_hidden_size=16,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        SegformerForImageClassification(config).save_pretrained(folder)
    return folder


def network(
    folder: Path, *, classes: int = 2, seed: int = 0, window: tuple[int, int] | None = None
) -> SegFormer:
    """Return a network from weights that `save` wrote, whose logits have mean 0, deviation 1."""
    generator = torch.Generator().manual_seed(seed)
    found = pretrained(str(folder), classes=classes, generator=generator, window=window)
    layer = found.classifier
    assert layer.bias is not None
    noise = 255 * torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    layer.weight.data /= found.coarse(noise).std((0, 2, 3))[:, None, None, None]
    layer.bias.data -= found.coarse(noise).mean((0, 2, 3))
    return found
