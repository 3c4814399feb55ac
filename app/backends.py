"""What can reconstruct on this machine, and how to get what can't. Nothing is downloaded here."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

from rewis3d.hub import weights_are_here
from rewis3d.licences import licence_of
from rewis3d.reconstruct.config import ReconstructConfig

_SOURCE: Final = "git+https://github.com/facebookresearch/map-anything.git"


@dataclass(frozen=True, slots=True)
class Backend:
    """One way to reconstruct."""

    name: str
    """As in the setting `backend`."""
    ready: bool
    found: str
    """One line for people."""
    hint: str | None = None
    """How to get what is missing."""


def backends() -> list[Backend]:
    """Look at every backend but `given`, which needs nothing but its files."""
    config = ReconstructConfig()
    return [_colmap(), _mapanything(config.weights), _depth(config.depth_weights)]


def _colmap() -> Backend:
    missing = [name for name in ("pycolmap", "numba") if find_spec(name) is None]
    if missing:
        return Backend("colmap", False, f"{missing[0]} is missing", f"pip install {missing[0]}")
    return Backend("colmap", True, "built in: pycolmap and numba are here")


def _mapanything(weights: str) -> Backend:
    if find_spec("mapanything") is None:
        hint = f"it needs torchvision, so an environment of its own: pip install {_SOURCE}"
        return Backend("mapanything", False, "optional: reconstruction by a network", hint)
    return _with_weights("mapanything", weights)


def _depth(weights: str) -> Backend:
    return _with_weights("depth", weights)


def _with_weights(name: str, weights: str) -> Backend:
    if weights_are_here(weights):
        return Backend(name, True, f"weights {weights}, licence {licence_of(weights)}")
    missing = f"weights {weights} (licence {licence_of(weights)}) are not here"
    return Backend(name, False, missing, f"hf download {weights}")
