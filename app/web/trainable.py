"""Which kinds of rounds can be trained on this machine, as far as that shows without torch."""

from __future__ import annotations

import ctypes
import os
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from rewis3d.config import QuickConfig
from rewis3d.hub import weights_are_here
from rewis3d.licences import licence_of
from rewis3d.method import MethodConfig
from rewis3d.presets import PRESETS

WANT_GPU: Final = ("interactive", "paper", "released")
"""A processor would take days for their 3D network and its points."""
_DRIVER: Final = "libcuda.so.1"


@dataclass(frozen=True, slots=True)
class Trainable:
    """A preset, and whether it can be trained here."""

    name: str
    minutes: float | None
    """How long it trains; None where that is not counted in minutes."""
    epochs: int | None
    """The same in passes over the frames that it learns from."""
    ready: bool
    found: str
    """Why it can't, for people; "" where it can, or where only a try would tell."""
    hint: str | None = None
    """How to get what is missing."""


def trainable() -> list[Trainable]:
    """Look at every preset."""
    return [_looked_at(name) for name in PRESETS]


def _looked_at(name: str) -> Trainable:
    config = PRESETS[name]
    if isinstance(config, QuickConfig):
        return Trainable(name, None, None, ready=True, found="")
    missing = _missing(name, config)
    return Trainable(
        name,
        minutes=config.run.minutes or None,
        epochs=config.run.epochs or None,
        ready=missing is None,
        found="" if missing is None else missing[0],
        hint=None if missing is None else missing[1],
    )


def _missing(name: str, config: MethodConfig) -> tuple[str, str | None] | None:
    """Return what a preset lacks here and how to get it; None where nothing is known to lack."""
    lacks = no_cuda() if name in WANT_GPU else None
    if lacks is not None:
        return lacks, None
    weights = config.networks.weights
    if weights and not weights_are_here(weights, pickled=True):
        found = f"weights {weights} (licence: {licence_of(weights)}) are not here"
        return found, f"hf download {weights}"
    return None


def no_cuda() -> str | None:
    """Return why torch can use no CUDA device here; None where it may."""
    try:
        if version("torch").endswith("+cpu"):
            return "PyTorch is installed for the processor alone"
    except PackageNotFoundError:
        return "PyTorch is not installed"
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1"):
        return "CUDA_VISIBLE_DEVICES hides every GPU"
    if sys.platform == "linux" and not _has_driver():
        return "there is no NVIDIA GPU with a driver"
    return None


def _has_driver() -> bool:
    """Say whether the library that every CUDA program loads first is here; nothing is started."""
    try:
        ctypes.CDLL(_DRIVER)
    except OSError:
        return False
    return True
