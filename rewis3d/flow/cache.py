"""The motion between two frames, kept on disk: it depends on their pixels alone."""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
import torch
from jaxtyping import UInt8

from rewis3d.array_cache import ArrayCache
from rewis3d.flow.motion import Flow, Motion, motion

VERSION: Final = 2
"""Goes up when the motion of two frames changes although they do not."""
_STEPS: Final = 32
"""What a pixel of the way is kept in: whole numbers of 16 bits, up to 1024 pixels."""


def motion_between(
    one: UInt8[np.ndarray, "h w 3"], other: UInt8[np.ndarray, "h w 3"], kept: ArrayCache
) -> Motion:
    """Return the motion between two frames on the grid, from the cache where it is there.

    The same comes back both times: what is kept is rounded, and so is what was just computed.
    """
    key = f"motion-{VERSION}-{_digest(one)}-{_digest(other)}"
    found = kept.read(key)
    if found is None:
        made = motion(one, other)
        found = [part for flow in (made.there, made.back) for part in _packed(flow)]
        kept.write(key, found)
    return Motion(_unpacked(*found[:2]), _unpacked(*found[2:]))


def _digest(image: UInt8[np.ndarray, "h w 3"]) -> str:
    shape = str(image.shape).encode()
    return hashlib.sha256(shape + np.ascontiguousarray(image).tobytes()).hexdigest()[:24]


def _packed(flow: Flow) -> list[torch.Tensor]:
    steps = np.clip(np.rint(flow.xy * _STEPS), -32768, 32767).astype(np.int16)
    trust = np.rint(flow.trust * 255).astype(np.uint8)
    return [torch.from_numpy(steps), torch.from_numpy(trust)]


def _unpacked(steps: torch.Tensor, trust: torch.Tensor) -> Flow:
    return Flow(
        steps.numpy().astype(np.float32) / np.float32(_STEPS),
        trust.numpy().astype(np.float32) / np.float32(255),
    )
