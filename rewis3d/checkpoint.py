"""A round's model as a folder: model.safetensors and model.json. All of it is there, or nothing."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load, save

from rewis3d.config import QuickConfig
from rewis3d.models.lite import Lite0
from rewis3d.models.segmenter import Head, Segmenter
from rewis3d.presets import read_as, to_json
from rewis3d.reports import Scores, read_scores
from rewis3d.types import ClassSpec, Rewis3dError

WEIGHTS_FILE: Final = "model.safetensors"
RECORD_FILE: Final = "model.json"
FORMAT: Final = 1
"""Version of the folder's layout."""
_RECORDED: Final = ("rewis3d-studio", "torch")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A trained network and what it was trained on."""

    network: Segmenter
    classes: tuple[ClassSpec, ...]
    """Their order gives the train ids."""
    config: QuickConfig
    seed: int
    scores: Scores | None
    """Of the same training without the held-out pixels; None where there were none."""
    origin: dict[str, str] = field(default_factory=dict)
    """Where it comes from, as the job's options say: round, preset, label_revision."""


def build(config: QuickConfig, head: Head, backbone: Lite0) -> Segmenter:
    """Return the network of a config, ready to predict."""
    network = Segmenter(backbone, head, scale=config.scale, longest=config.longest)
    return network.eval().requires_grad_(False)


def save_checkpoint(checkpoint: Checkpoint, folder: Path) -> None:
    """Write the folder aside, then put it in the place of what is there."""
    aside = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    weights = save(
        {key: part.contiguous() for key, part in checkpoint.network.state_dict().items()}
    )
    (aside / WEIGHTS_FILE).write_bytes(weights)
    record = _record(checkpoint) | {"sha256": hashlib.sha256(weights).hexdigest()}
    (aside / RECORD_FILE).write_text(json.dumps(record, indent=1))
    shutil.rmtree(folder, ignore_errors=True)
    aside.replace(folder)


def _record(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "config": to_json(checkpoint.config),
        "classes": [asdict(spec) for spec in checkpoint.classes],
        "seed": checkpoint.seed,
        "scores": asdict(checkpoint.scores) if checkpoint.scores else None,
        "origin": checkpoint.origin,
        "versions": {name: version(name) for name in _RECORDED},
    }


def load_checkpoint(folder: Path) -> Checkpoint:
    """Read a folder that `save_checkpoint` wrote; Rewis3dError names what is wrong with it."""
    try:
        record = json.loads((folder / RECORD_FILE).read_text())
        weights = (folder / WEIGHTS_FILE).read_bytes()
        if record["format"] > FORMAT:
            raise Rewis3dError(f"{folder}: the model is of a newer version of Rewis3d Studio")
        if hashlib.sha256(weights).hexdigest() != record["sha256"]:
            raise Rewis3dError(f"{folder}: {WEIGHTS_FILE} was altered or is broken")
        return _read(record, weights)
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise Rewis3dError(f"{folder}: not a model folder ({error})") from error


def _read(record: Mapping[str, Any], weights: bytes) -> Checkpoint:
    config = read_as(QuickConfig, record["config"])
    classes = tuple(
        ClassSpec(**{**spec, "colour": tuple(spec["colour"])}) for spec in record["classes"]
    )
    with torch.device("meta"):
        network = build(config, Head(hidden=config.hidden, classes=len(classes)), Lite0())
    # As read, the tensors share the file's bytes, which torch.export takes for one tensor in parts.
    state = {key: part.clone() for key, part in load(weights).items()}
    network.load_state_dict(state, assign=True)
    network.requires_grad_(False)
    scores = read_scores(record["scores"]) if record["scores"] else None
    return Checkpoint(network, classes, config, record["seed"], scores, record["origin"])
