"""The columns that a GPU reads are those that a CPU reads."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from rewis3d.array_cache import ArrayCache
from rewis3d.checkpoint import build
from rewis3d.config import QuickConfig
from rewis3d.device import pick
from rewis3d.features import Frames
from rewis3d.job import read_job
from rewis3d.labelled import Training, read_labelled
from rewis3d.models.network import ready
from rewis3d.models.segmenter import Head
from rewis3d.models.weights import lite0
from tests.rewis3d import quick_job

pytestmark = pytest.mark.gpu


def read_on(name: str, folder: Path, *, cache: Path) -> Training:
    """Read a job's labelled pixels on a device, its maps computed there."""
    device = pick(name)  # full precision, as in a round
    network = ready(build(QuickConfig(), Head(hidden=4, classes=2), lite0())).to(device)
    frames = Frames(folder, ArrayCache(cache), device)
    reading = read_labelled(read_job(folder), frames, network=network, folder=folder, grow=500)
    while True:
        try:
            next(reading)
        except StopIteration as stop:
            return stop.value


def test_labelled_columns_on_a_gpu_are_those_of_the_cpu(tmp_path: Path) -> None:
    folder = quick_job.make(tmp_path)
    found = {name: read_on(name, folder, cache=tmp_path / name) for name in ("cuda", "cpu")}
    on_gpu, on_cpu = found["cuda"].everything, found["cpu"].everything
    for gpu, cpu in (
        (on_gpu.drawn, on_cpu.drawn),
        (on_gpu.grown, on_cpu.grown),
        (found["cuda"].judge, found["cpu"].judge),
    ):
        assert gpu.table.device.type == "cuda"
        assert torch.equal(gpu.rows.cpu(), cpu.rows)
        assert torch.equal(gpu.labels.cpu(), cpu.labels)
        torch.testing.assert_close(gpu.table.cpu(), cpu.table, rtol=1e-3, atol=1e-3)
