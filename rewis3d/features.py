"""The backbone's maps of a frame: computed once, kept on disk, read at single pixels."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor
from torch.nn import functional

from rewis3d.array_cache import ArrayCache
from rewis3d.images import read_rgb
from rewis3d.job import View
from rewis3d.models.segmenter import Segmenter, normalised
from rewis3d.models.weights import LITE0_SHA256
from rewis3d.recent import Recent

VERSION: Final = 2
"""Goes up when the maps of a frame change although its image and the weights do not."""
KEPT_BYTES: Final = 256 << 20
"""What decoded images may take in memory."""


def cache_key(image: bytes, network: Segmenter) -> str:
    """Return the name of a frame's maps: from its file's bytes and all that the maps depend on."""
    kind = f"{VERSION} {LITE0_SHA256} {network.scale} {network.longest}"
    return f"{hashlib.sha256(image).hexdigest()[:32]}-{zlib.crc32(kind.encode()):08x}"


def as_batch(rgb: UInt8[np.ndarray, "h w 3"], device: torch.device) -> Float[Tensor, "1 3 h w"]:
    """Return a frame as the network takes it."""
    return torch.from_numpy(rgb).to(device).permute(2, 0, 1)[None].float()


def hypercolumns(
    maps: Sequence[Tensor], rgb: Float[Tensor, "1 3 h w"], rc: Int64[Tensor, "n 2"]
) -> Float[Tensor, "n f"]:
    """Return what the head sees of single pixels: the same as enlarging every map, then taking."""
    height, width = rgb.shape[2:]
    size = torch.tensor((height, width), device=rc.device)
    yx = (rc + 0.5) * (2 / size) - 1
    grid = yx.flip(1)[None, None].to(rgb.dtype)
    colour = normalised(rgb[:, :, rc[:, 0], rc[:, 1], None])[0, :, :, 0]
    parts = [
        functional.grid_sample(
            part, grid, mode="bilinear", padding_mode="border", align_corners=False
        )[0, :, 0]
        for part in maps
    ]
    return torch.cat((colour, *parts, grid[0, 0].T)).T


class Frames:
    """The frames of a job with their maps, which come from the cache where they are in it.

    Several threads may ask at once.
    """

    def __init__(self, folder: Path, cache: ArrayCache, device: torch.device) -> None:
        self._folder = folder
        self._cache = cache
        self._images: Recent[str] = Recent(KEPT_BYTES)
        self.device = device

    def image(self, view: View) -> UInt8[np.ndarray, "h w 3"]:
        """Return a frame's colours; nobody may write to them."""
        path = self._folder / view.image
        return self._images.get(view.image, lambda: read_rgb(path, view.height, view.width))

    def rgb(self, view: View) -> Float[Tensor, "1 3 h w"]:
        """Return a frame's colours (0 to 255) on the device."""
        return as_batch(self.image(view), self.device)

    def read(self, network: Segmenter, view: View) -> tuple[Float[Tensor, "1 3 h w"], list[Tensor]]:
        """Return a frame's colours (0 to 255) and its maps on the device.

        ValueError where the backbone was trained: its maps are its own, and the cache's are not.
        """
        if not network.untouched:
            raise ValueError("the cache holds maps of ImageNet's backbone, not of a trained one")
        rgb = self.rgb(view)
        key = cache_key((self._folder / view.image).read_bytes(), network)
        maps = self._cache.read(key)
        if maps is None:
            with torch.inference_mode():
                maps = network.maps(rgb)
            # half precision would halve the file and move logits by more than 0.001
            self._cache.write(key, maps)
        return rgb, [part.to(self.device) for part in maps]
