"""Weights that any machine makes again from the names of a state dict, without the package."""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

import numpy as np
import torch
from torch import Tensor


def seeded(state: Mapping[str, Tensor], seed: int = 0) -> dict[str, Tensor]:
    """Return a state dict of the same keys and shapes; each key has a generator of its own.

    Matrices and kernels are as large as torch's own begin (uniform, 1 / sqrt(inputs) at most);
    what scales (norms, variances) lies about 1, all else about 0.
    """
    return {key: _tensor(key, part, seed) for key, part in state.items()}


def _tensor(key: str, like: Tensor, seed: int) -> Tensor:
    if not like.is_floating_point():
        return torch.zeros_like(like)  # batches that a norm has seen
    draws = np.random.default_rng([seed, crc32(key.encode())]).uniform(-1, 1, tuple(like.shape))
    if like.ndim > 1:
        draws /= np.sqrt(np.prod(like.shape[1:]))
    else:
        scales = key.endswith(("weight", "running_var"))
        draws = 1 + draws / 4 if scales else draws / 10
    return torch.from_numpy(draws).to(like)
