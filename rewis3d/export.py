"""Export a round's model as a folder that runs without this software."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import save

from rewis3d.checkpoint import Checkpoint, load_checkpoint
from rewis3d.job import read_job
from rewis3d.model_card import SCRIPT, card
from rewis3d.models.graph import as_onnx, traced
from rewis3d.models.network import Network, ready
from rewis3d.models.segformer import MEAN, STD, SegFormer
from rewis3d.presets import to_json
from rewis3d.reports import Done, Progress, Report
from rewis3d.types import ClassSpec, Rewis3dError

FORMATS: Final = ("huggingface", "onnx", "torch-export")
STAGE: Final = "exporting"


def run(folder: Path) -> Iterator[Report]:
    """Write the model of a job folder into its output folder: all of it, or nothing."""
    started = time.monotonic()
    job = read_job(folder)
    form = job.options.get("format", "huggingface")
    if form not in FORMATS:
        raise Rewis3dError(f"a model can't be exported as {form!r}; known: {', '.join(FORMATS)}")
    if job.checkpoint is None:
        raise Rewis3dError(f"{folder}: the job names no model to export")
    output = (folder / job.output).resolve()
    aside = output.with_name(f"{output.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    yield Progress(STAGE, 0, 2)
    checkpoint = load_checkpoint(folder / job.checkpoint)
    write_description(checkpoint, aside, job.options)
    yield Progress(STAGE, 1, 2)
    write_graphs(
        ready(checkpoint.network, channels_last=False), aside, torch_export=form == "torch-export"
    )
    shutil.rmtree(output, ignore_errors=True)
    aside.replace(output)
    yield Progress(STAGE, 2, 2)
    files = sorted(path.name for path in output.iterdir())
    yield Done({"files": files, "seconds": round(time.monotonic() - started, 2)})


def write_description(checkpoint: Checkpoint, folder: Path, options: dict[str, str]) -> None:
    """Write the weights, what they are, and how to use them."""
    if isinstance(checkpoint.network, SegFormer):
        _write_segformer(checkpoint.network, checkpoint.classes, folder)
    else:
        _write_weights(checkpoint.network, folder)
    training = {
        "config": to_json(checkpoint.config),
        "seed": checkpoint.seed,
        "origin": checkpoint.origin,
    }
    (folder / "training.json").write_text(json.dumps(training, indent=1))
    classes = [{"train_id": i, **asdict(spec)} for i, spec in enumerate(checkpoint.classes)]
    (folder / "class_map.json").write_text(json.dumps(classes, indent=1))
    (folder / "README.md").write_text(card(checkpoint, options))
    (folder / "predict.py").write_text(SCRIPT)


def _write_weights(network: Network, folder: Path) -> None:
    """Write a network that no library knows: its weights, and what it is built from."""
    state = {key: part.contiguous() for key, part in network.state_dict().items()}
    (folder / "model.safetensors").write_bytes(save(state))
    config = {"architecture": "lite0-hypercolumn-mlp", **network.record()}
    (folder / "config.json").write_text(json.dumps(config, indent=1))


def _write_segformer(network: SegFormer, classes: Sequence[ClassSpec], folder: Path) -> None:
    """Write what transformers' `from_pretrained` reads, and what its image processor does."""
    network.model.config.id2label = {i: spec.name for i, spec in enumerate(classes)}
    network.model.config.label2id = {spec.name: i for i, spec in enumerate(classes)}
    network.model.save_pretrained(folder)
    processor = {
        "image_processor_type": "SegformerImageProcessor",
        "do_resize": False,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": MEAN,
        "image_std": STD,
        "do_reduce_labels": False,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor, indent=1))


def write_graphs(network: Network, folder: Path, *, torch_export: bool) -> None:
    """Write the network as model.onnx, and as model.pt2 where that is asked for.

    Input "rgb": float32 (b, 3, h, w), colours 0 to 255. Output "logits": float32 (b, k, h, w).
    """
    program = traced(network)
    if torch_export:
        torch.export.save(program, folder / "model.pt2")
    as_onnx(program).save(folder / "model.onnx", external_data=False)
