"""Export a round's model as a folder that runs without this software."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import save

from rewis3d.checkpoint import Checkpoint, load_checkpoint
from rewis3d.job import read_job
from rewis3d.model_card import SCRIPT, card
from rewis3d.models.segmenter import Segmenter, ready
from rewis3d.presets import to_json
from rewis3d.reports import Done, Progress, Report
from rewis3d.types import Rewis3dError

FORMATS: Final = ("huggingface", "onnx", "torch-export")
STAGE: Final = "exporting"
_EXAMPLE: Final = (2, 3, 96, 128)
"""A batch of 1 would be taken for a constant."""


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
    state = {key: part.contiguous() for key, part in checkpoint.network.state_dict().items()}
    (folder / "model.safetensors").write_bytes(save(state))
    config = {"architecture": "lite0-hypercolumn-mlp", **to_json(checkpoint.config)}
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    classes = [{"train_id": i, **asdict(spec)} for i, spec in enumerate(checkpoint.classes)]
    (folder / "class_map.json").write_text(json.dumps(classes, indent=1))
    (folder / "README.md").write_text(card(checkpoint, options))
    (folder / "predict.py").write_text(SCRIPT)


def write_graphs(network: Segmenter, folder: Path, *, torch_export: bool) -> None:
    """Write the network as model.onnx, and as model.pt2 where that is asked for.

    Input "rgb": float32 (b, 3, h, w), colours 0 to 255. Output "logits": float32 (b, k, h, w).
    """
    dynamic = torch.export.Dim.DYNAMIC
    program = torch.export.export(
        network,
        (torch.zeros(_EXAMPLE),),
        dynamic_shapes=({0: dynamic, 2: dynamic, 3: dynamic},),
        strict=False,
    )
    if torch_export:
        torch.export.save(program, folder / "model.pt2")
    exported = torch.onnx.export(
        program, dynamo=True, input_names=["rgb"], output_names=["logits"], verbose=False
    )
    if exported is None:
        raise Rewis3dError("torch.onnx.export returned no graph")
    exported.save(folder / "model.onnx", external_data=False)
