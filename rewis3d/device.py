"""Which device a run computes on."""

from __future__ import annotations

import torch

from rewis3d.types import Rewis3dError


def pick(wanted: str) -> torch.device:
    """Return the device of a config ("auto": CUDA where there is one); Rewis3dError if missing.

    Convolutions on CUDA keep full float32 from then on: TF32 moves logits by about 1e-3, and the
    cached maps of a frame have to be the same whichever device made them.
    """
    torch.backends.cudnn.allow_tf32 = False
    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise Rewis3dError("setting device is 'cuda', but torch finds no CUDA device here")
    return torch.device("cuda" if wanted != "cpu" and available else "cpu")
