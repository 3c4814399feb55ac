"""Which device a run computes on."""

from __future__ import annotations

import torch

from rewis3d.types import Rewis3dError


def pick(wanted: str) -> torch.device:
    """Return the device of a config ("auto": CUDA where there is one); Rewis3dError if missing."""
    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise Rewis3dError("setting device is 'cuda', but torch finds no CUDA device here")
    return torch.device("cuda" if wanted != "cpu" and available else "cpu")
