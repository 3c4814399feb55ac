"""The 3D network of a round, kept for the rounds after it: points.safetensors and points.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from rewis3d.models.network import regrow
from rewis3d.models.ptv3 import PointNetworkConfig, PointSegmenter
from rewis3d.types import ClassSpec, Rewis3dError

WEIGHTS_FILE: Final = "points.safetensors"
RECORD_FILE: Final = "points.json"


def save_points(network: PointSegmenter, classes: Sequence[ClassSpec], folder: Path) -> None:
    """Write a network and the classes of its logits into a folder; the record comes last."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECORD_FILE).unlink(missing_ok=True)
    aside = folder / f"{WEIGHTS_FILE}.partial"
    save_file({key: part.cpu().contiguous() for key, part in network.state_dict().items()}, aside)
    aside.replace(folder / WEIGHTS_FILE)
    record = {
        "network": json.loads(json.dumps(asdict(network.config))),
        "classes": [spec.class_id for spec in classes],
    }
    aside = folder / f"{RECORD_FILE}.partial"
    aside.write_text(json.dumps(record))
    aside.replace(folder / RECORD_FILE)


def load_points(
    folder: Path,
    config: PointNetworkConfig,
    classes: Sequence[ClassSpec],
    *,
    generator: torch.Generator,
) -> PointSegmenter | None:
    """Return the network that an earlier round left in a folder, for these classes.

    What it knows of a class goes by the class's id; see `regrow` for new ones. None where there is
    none, or one of another config. Rewis3dError where its files are broken.
    """
    try:
        record = json.loads((folder / RECORD_FILE).read_text())
        if record["network"] != json.loads(json.dumps(asdict(config))):
            return None
        network = PointSegmenter(config, classes=len(record["classes"]))
        network.load_state_dict(load_file(folder / WEIGHTS_FILE))
        new = [spec.class_id for spec in classes]
        regrow(network.seg_head, record["classes"], new, generator=generator)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        first = next(iter(str(error).splitlines()), "")
        raise Rewis3dError(f"{folder}: not a 3D network that can be read ({first})") from error
    return network
