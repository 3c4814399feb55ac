"""Maps on disk, and pixels read from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from rewis3d.array_cache import ArrayCache
from rewis3d.features import Frames, cache_key, hypercolumns
from rewis3d.job import View
from rewis3d.models.lite import Lite0
from rewis3d.models.network import ready
from rewis3d.models.segmenter import Head, Segmenter, normalised, positions
from rewis3d.presets import resolve

SIZES = ((24, 32), (12, 16), (6, 8), (3, 4), (2, 2))
CHANNELS = (16, 24, 40, 112, 320)


def network(**settings: str) -> Segmenter:
    config = resolve("quick", settings)
    head = Head(hidden=8, classes=3)
    return Segmenter(Lite0(), head, scale=config.scale, longest=config.longest).eval()


def some_maps(seed: int = 0) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    shapes = zip(CHANNELS, SIZES, strict=True)
    return [torch.randn(1, c, *size, generator=random) for c, size in shapes]


def test_a_pixels_column_is_that_of_the_enlarged_maps():
    rgb = torch.rand(1, 3, 30, 44) * 255
    maps = some_maps()
    rc = torch.tensor([[0, 0], [29, 43], [7, 20], [15, 1]])
    colour = normalised(rgb)
    large = [functional.interpolate(part, (30, 44), mode="bilinear") for part in maps]
    dense = torch.cat((colour, *large, positions(colour)), 1)
    torch.testing.assert_close(
        hypercolumns(maps, rgb, rc), dense[0, :, rc[:, 0], rc[:, 1]].T, atol=1e-5, rtol=1e-5
    )


def test_decoding_equals_the_head_on_the_columns_of_the_grid():
    net = network()
    rgb = torch.rand(1, 3, *SIZES[1]) * 255  # the grid itself: nothing is enlarged or shrunk
    maps = some_maps()
    maps[0] = functional.interpolate(maps[1][:, :16], SIZES[0], mode="nearest")
    rc = torch.from_numpy(np.argwhere(np.ones(SIZES[1])))
    with torch.inference_mode():
        dense = net.decode(maps, rgb)[0].flatten(1).T
        grid = [functional.interpolate(maps[0], SIZES[1], mode="bilinear"), *maps[1:]]
        torch.testing.assert_close(
            dense, net.head(hypercolumns(grid, rgb, rc)), atol=1e-4, rtol=1e-4
        )


def test_folding_changes_no_logit():
    net = network()
    rgb = torch.rand(1, 3, 40, 30) * 255
    with torch.inference_mode():
        torch.testing.assert_close(ready(net)(rgb), net.eval()(rgb), atol=1e-4, rtol=1e-4)


def test_the_key_depends_on_the_image_and_the_scale():
    keys = {
        cache_key(b"x", network()),
        cache_key(b"y", network()),
        cache_key(b"x", network(scale="1")),
        cache_key(b"x", network(longest="64")),
    }
    assert len(keys) == 4


def test_maps_of_a_trained_backbone_are_not_asked_for(tmp_path: Path):
    frames = Frames(tmp_path, ArrayCache(tmp_path / "cache"), torch.device("cpu"))
    with pytest.raises(ValueError, match="not of a trained one"):
        frames.read(network().trainable(), View(0, "0.png", 8, 8))
