"""Decoding by strips of rows gives what decoding the whole frame gives."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from rewis3d.models.segmenter import Head, Segmenter
from rewis3d.models.strips import decode, enlarged
from rewis3d.models.weights import lite0


@pytest.mark.parametrize("size", [(33, 47), (64, 128), (90, 40)])
@pytest.mark.parametrize("hidden", [1, 24])
def test_the_same_logits_as_the_whole_frame(size: tuple[int, int], hidden: int) -> None:
    torch.manual_seed(0)
    network = Segmenter(lite0(), Head(hidden=hidden, classes=5), scale=2.0, longest=320).eval()
    rgb = 255 * torch.rand(1, 3, *size)
    with torch.inference_mode():
        maps = network.maps(rgb)
        whole = network.decode(maps, rgb)
    torch.testing.assert_close(decode(network, maps, rgb), whole, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("cells", "size"), [((3, 4), (10, 9)), ((5, 5), (5, 5)), ((1, 2), (7, 3))])
def test_rows_of_an_enlarged_map(cells: tuple[int, int], size: tuple[int, int]) -> None:
    maps = torch.rand(1, 2, *cells, generator=torch.Generator().manual_seed(0))
    whole = functional.interpolate(maps, size, mode="bilinear", align_corners=False)
    for first in range(size[0]):
        rows = range(first, min(first + 3, size[0]))
        found = enlarged(maps, size, rows)
        torch.testing.assert_close(found, whole[:, :, rows.start : rows.stop])
