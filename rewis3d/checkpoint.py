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

from safetensors.torch import load, save

from rewis3d.config import QuickConfig
from rewis3d.models import segformer, segmenter
from rewis3d.models.lite import Lite0
from rewis3d.models.network import Network
from rewis3d.models.segformer import SegFormer
from rewis3d.models.segmenter import Head, Segmenter
from rewis3d.presets import Config, from_json, to_json
from rewis3d.reports import Scores, read_scores
from rewis3d.types import ClassSpec, Rewis3dError

WEIGHTS_FILE: Final = "model.safetensors"
RECORD_FILE: Final = "model.json"
FORMAT: Final = 2
"""Version of the folder's layout; 1 did not say what the network is, there was one kind."""
_RECORDED: Final = ("rewis3d-studio", "torch", "transformers")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A trained network and what it was trained on."""

    network: Network
    classes: tuple[ClassSpec, ...]
    """Their order gives the train ids."""
    config: Config
    seed: int
    scores: Scores | None
    """Of the same training without the held-out pixels; None where there were none."""
    origin: dict[str, str] = field(default_factory=dict)
    """Where it comes from, as the job's options say: round, preset, label_revision."""

    @property
    def device(self) -> str:
        """The config's: auto, cpu or cuda."""
        config = self.config
        return config.device if isinstance(config, QuickConfig) else config.run.device


def build(config: QuickConfig, head: Head, backbone: Lite0) -> Segmenter:
    """Return the network of a quick round, whose backbone is ImageNet's."""
    network = Segmenter(backbone, head, scale=config.scale, longest=config.longest, untouched=True)
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
        "network": checkpoint.network.record(),
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
    classes = tuple(
        ClassSpec(**{**spec, "colour": tuple(spec["colour"])}) for spec in record["classes"]
    )
    network = _blank(record, len(classes))
    # As read, the tensors share the file's bytes, which torch.export takes for one tensor in parts.
    state = {key: part.clone() for key, part in load(weights).items()}
    network.load_state_dict(state, assign=True)
    network.eval().requires_grad_(False)
    config = from_json(record["config"])
    scores = read_scores(record["scores"]) if record["scores"] else None
    return Checkpoint(network, classes, config, record["seed"], scores, record["origin"])


def _blank(record: Mapping[str, Any], classes: int) -> Network:
    """Return the network that a record speaks of, on the meta device."""
    fields = dict(record["network"] if record["format"] > 1 else _of_a_quick_round(record))
    kind = fields.pop("kind")
    if kind == segmenter.KIND:
        return Segmenter.blank(classes=classes, **fields)
    if kind == segformer.KIND:
        return SegFormer.blank(classes=classes, **fields)
    raise Rewis3dError(f"a network of the unknown kind {kind!r}")


def _of_a_quick_round(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what format 1 left to be known: its networks are those of quick rounds."""
    config = record["config"]
    sizes = {name: config[name] for name in ("scale", "longest", "hidden")}
    return {"kind": segmenter.KIND, "untouched": True, **sizes}
