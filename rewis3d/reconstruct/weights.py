"""Which published weights can be used without a download. No torch."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_FILES: Final = ("config.json", "model.safetensors")


def weights_are_here(weights: str) -> bool:
    """Say whether weights lie on this disk: a local folder, or a hub id in the hub's cache."""
    from huggingface_hub import try_to_load_from_cache  # slow to import
    from huggingface_hub.errors import HFValidationError

    folder = Path(weights).expanduser()
    if folder.is_dir():
        return all((folder / file).is_file() for file in _FILES)
    try:
        return all(isinstance(try_to_load_from_cache(weights, file), str) for file in _FILES)
    except HFValidationError:  # no hub id, and no folder either
        return False
