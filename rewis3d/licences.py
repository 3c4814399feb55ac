"""Under which licence published weights come: said before they are used, never guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_SEGFORMER: Final = "NVIDIA Source Code License for SegFormer (not for commercial use)"
KNOWN: Final = {
    "facebook/map-anything-apache": "Apache-2.0",
    "facebook/map-anything": "CC-BY-NC-4.0 (not for commercial use)",
    "depth-anything/Depth-Anything-V2-Metric-Indoor-Small-hf": "Apache-2.0",
    "depth-anything/Depth-Anything-V2-Metric-Outdoor-Small-hf": "Apache-2.0",
    **{f"nvidia/mit-b{size}": _SEGFORMER for size in range(6)},
}
"""Hub ids and what their model cards say."""
_CARD_LINES: Final = 60
"""How far into a model card its front matter may reach."""


def licence_of(weights: str) -> str:
    """Return the licence of weights, a hub id or a local folder, as their card names it.

    Where nothing here knows it, the answer says where to look. Nothing is asked of the network.
    """
    if weights in KNOWN:
        return KNOWN[weights]
    card = Path(weights).expanduser() / "README.md"
    if card.is_file():
        lines = card.read_text(errors="replace").splitlines()[:_CARD_LINES]
        named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("license:")]
        name = named[0] if named else ""
        return name if name not in ("", "other") else f"not named in {card}"
    return f"not known here; see the model card of {weights}"
