"""How the pixels of a frame move to the next one of its clip, and how far that can be trusted.

Dense inverse search (T. Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016;
cv2.DISOpticalFlow) down to the finest scale: thin things are lost above it. The flow there and the
flow back are computed apart. A pixel that both bring back to itself, in a like colour, is trusted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor
from torch.nn import functional

LONGEST: Final = 640
"""Pixels of the longer side of the grid on which flow is computed, at most."""
MISS: Final = 1.0
"""Pixels of the grid by which there and back may miss a pixel that hardly moves, and ..."""
MISS_SHARE: Final = 0.02
"""... the share of the way there and back that comes to it."""
COLOUR: Final = 20.0
"""Distance of colours, in CIE Lab, that counts as much as such a miss."""
CUT: Final = 0.2
"""Mean trust below which two frames show nothing in common: between them is a cut."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Where the pixels of one frame are in another one."""

    xy: Float32[np.ndarray, "h w 2"]
    """Their way in pixels of the grid, x to the right and y down."""
    trust: Float32[np.ndarray, "h w"]
    """0 to 1."""

    def pull(
        self, values: Float32[Tensor, "k h w"], *, beyond: Literal["zeros", "border"] = "zeros"
    ) -> Float32[Tensor, "k h w"]:
        """Return, at each pixel of the one frame, what lies at its place in the other.

        Between pixels values are mixed; outside of the frame they are 0, or as at its border.
        """
        height, width = self.trust.shape
        x, y = _places(self.xy)
        places = np.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], axis=2)
        grid = torch.from_numpy(places).to(values)[None]
        return functional.grid_sample(
            values[None], grid, mode="bilinear", padding_mode=beyond, align_corners=False
        )[0]

    def resized(self, size: tuple[int, int]) -> Flow:
        """Return the flow on a grid of another size."""
        if self.trust.shape == size:
            return self
        rows, columns = size
        factor = np.array([columns, rows]) / self.trust.shape[::-1]
        xy, trust = (cv2.resize(part, (columns, rows)) for part in (self.xy, self.trust))
        return Flow((xy * factor).astype(np.float32), np.asarray(trust, np.float32))


@dataclass(frozen=True, slots=True)
class Motion:
    """Between a frame and the next one."""

    there: Flow
    """Of the frame's pixels, to the next one."""
    back: Flow
    """Of the next one's, to the frame."""

    @property
    def cut(self) -> bool:
        """The two frames show nothing in common."""
        return max(float(self.there.trust.mean()), float(self.back.trust.mean())) < CUT

    def resized(self, size: tuple[int, int]) -> Motion:
        """Return the motion on a grid of another size."""
        return Motion(self.there.resized(size), self.back.resized(size))


def grid_size(height: int, width: int) -> tuple[int, int]:
    """Return the size of the grid for frames of a size."""
    scale = min(1.0, LONGEST / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def on_grid(rgb: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "r c 3"]:
    """Return a frame on the grid."""
    rows, columns = grid_size(*rgb.shape[:2])
    if (rows, columns) == rgb.shape[:2]:
        return rgb
    return np.asarray(cv2.resize(rgb, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)


def motion(one: UInt8[np.ndarray, "h w 3"], other: UInt8[np.ndarray, "h w 3"]) -> Motion:
    """Return the motion between two frames on the grid (`on_grid`)."""
    greys = [cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) for rgb in (one, other)]
    there, back = _search(*greys), _search(*reversed(greys))
    own, its = lab(one), lab(other)
    return Motion(
        Flow(there, _trust(there, back, own, its)), Flow(back, _trust(back, there, its, own))
    )


def lab(rgb: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 3"]:
    """Return colours in CIE Lab, to whole numbers of the 8 bits that OpenCV keeps it in."""
    packed = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB), np.float32)
    return (packed - np.array([0, 128, 128], np.float32)) * np.array([100 / 255, 1, 1], np.float32)


def _search(one: np.ndarray, other: np.ndarray) -> Float32[np.ndarray, "h w 2"]:
    """Return the flow from one grey frame to another."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(0)
    search.setVariationalRefinementIterations(1)
    blank = np.zeros((*one.shape, 2), np.float32)
    return np.asarray(search.calc(one, other, blank), np.float32)


def _places(
    xy: Float32[np.ndarray, "h w 2"],
) -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """Return where pixels go, in indices of the grid."""
    height, width = xy.shape[:2]
    x = xy[:, :, 0] + np.arange(width, dtype=np.float32)
    return x, xy[:, :, 1] + np.arange(height, dtype=np.float32)[:, None]


def _trust(
    there: Float32[np.ndarray, "h w 2"],
    back: Float32[np.ndarray, "h w 2"],
    own: Float32[np.ndarray, "h w 3"],
    other: Float32[np.ndarray, "h w 3"],
) -> Float32[np.ndarray, "h w"]:
    """Return how far a flow is to be trusted, by the flow back and by colours (CIE Lab)."""
    x, y = _places(there)
    outside = (1e6, 1e6)
    returned = cv2.remap(
        back, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=outside
    )
    miss = np.linalg.norm(there + returned, axis=2)
    way = np.linalg.norm(there, axis=2) + np.linalg.norm(returned, axis=2)
    colour = cv2.remap(other, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    differs = np.linalg.norm(own - colour, axis=2) / COLOUR
    unlike = np.square(miss / (MISS + MISS_SHARE * way)) + np.square(differs)
    return np.exp(-unlike).astype(np.float32)
