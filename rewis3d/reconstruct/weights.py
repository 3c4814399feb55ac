"""Which published weights can be used without a download. No torch."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from huggingface_hub import try_to_load_from_cache

_FILES: Final = ("config.json", "model.safetensors")


def weights_are_here(weights: str) -> bool:
    """Say whether weights can be used without a download: a local folder or the hub's cache."""
    if Path(weights).expanduser().is_dir():
        return True
    return all(isinstance(try_to_load_from_cache(weights, name), str) for name in _FILES)
