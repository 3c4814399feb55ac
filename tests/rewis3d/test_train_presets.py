"""Every preset makes steps, with the networks and the precision that it names, wherever it runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from rewis3d import train
from rewis3d.job import read_job, write_job
from rewis3d.presets import resolve, to_json
from rewis3d.reports import Done, Point, Published
from tests.rewis3d import tiny_segformer
from tests.rewis3d.test_train import round_of

DEVICES: Final = ("cpu", pytest.param("cuda", marks=pytest.mark.gpu))
SMALLER: Final = {
    "steps": "2",
    "batch": "2",
    "micro_batch": "1",
    "points": "200",
    "grid": "0.5",
    "points_model": "tiny",
    "crop_height": "32",
    "crop_width": "40",
    "cutout_size": "8",
    "cmc_start": "0",
    "cmc_ramp": "0",
    "tau": "0.3",
}
"""What makes two steps of a preset small enough for a test, and has all its losses in them."""


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("preset", ["paper", "released", "interactive", "cpu"])
def test_a_preset_makes_steps(tmp_path: Path, preset: str, device: str) -> None:
    folder = round_of(tmp_path, {})
    settings = SMALLER | {"device": device}
    if preset in ("paper", "released"):
        settings["weights"] = str(tiny_segformer.save(tmp_path / "segformer"))
    job = replace(read_job(folder), config=to_json(resolve(preset, settings)))
    write_job(job, folder)
    reports = list(train.run(folder))
    curves = {one.series: one.value for one in reports if isinstance(one, Point)}
    assert {"supervised, 2D", "supervised, 3D", "cross-modal, 2D", "cross-modal, 3D"} <= set(curves)
    assert all(np.isfinite(value) for value in curves.values())
    published = [one for one in reports if isinstance(one, Published)]
    assert len({one.frame_id for one in published if not one.fused}) == len(job.views)
    assert isinstance(reports[-1], Done)
