"""Weights that others publish on the Hugging Face hub, as far as they lie on this disk.

Nothing here asks the network for anything, and nothing needs torch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

CONFIG_FILE: Final = "config.json"
SAFE_FILE: Final = "model.safetensors"
PICKLED_FILE: Final = "pytorch_model.bin"


def folder_of(weights: str) -> Path | None:
    """Return the folder of weights: a local one, or that of a hub id in the hub's cache.

    None where there is neither.
    """
    from huggingface_hub import try_to_load_from_cache  # slow to import
    from huggingface_hub.errors import HFValidationError

    folder = Path(weights).expanduser()
    if folder.is_dir():
        return folder
    try:
        config = try_to_load_from_cache(weights, CONFIG_FILE)
    except HFValidationError:  # no hub id, and no folder either
        return None
    return Path(config).parent if isinstance(config, str) else None


def weights_are_here(weights: str, *, pickled: bool = False) -> bool:
    """Say whether weights lie on this disk with their config.

    `pickled`: pytorch_model.bin counts too, for who reads it with `weights_only`.
    """
    folder = folder_of(weights)
    if folder is None or not (folder / CONFIG_FILE).is_file():
        return False
    files = (SAFE_FILE, PICKLED_FILE) if pickled else (SAFE_FILE,)
    return any((folder / file).is_file() for file in files)
