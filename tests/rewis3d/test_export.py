"""An exported model runs without this software and says the same."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import venv
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
import torch

from rewis3d import export, quick
from rewis3d.checkpoint import load_checkpoint
from rewis3d.job import read_job, write_job
from rewis3d.models.network import ready
from rewis3d.reports import Done
from rewis3d.types import Rewis3dError
from tests.rewis3d import quick_job

pytestmark = [  # torch.export's own remarks on itself
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning"),
]
NEEDED = ("numpy", "numpy.libs", "PIL", "pillow.libs", "onnxruntime")
"""What the script may import, with the shared libraries that the wheels bring."""


def export_job(folder: Path, form: str) -> Path:
    """Return a job folder that exports the model of a training job, to exports/run."""
    job = dataclasses.replace(
        read_job(folder),
        task="export",
        checkpoint="../model",
        output="../../../exports/run",
        options={"format": form, "project": "Road <b>"},
    )
    other = folder.with_name("export")
    other.mkdir()
    write_job(job, other)
    return other


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("export")
    trained = quick_job.make(root)
    list(quick.run(trained))
    reports = list(export.run(export_job(trained, "torch-export")))
    assert isinstance(reports[-1], Done)
    return root / "exports" / "run"


@pytest.fixture(scope="module")
def program(exported: Path) -> torch.nn.Module:
    return torch.export.load(exported / "model.pt2").module()


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(1, 48, 64), (3, 97, 131), (1, 30, 40), (1, 700, 900)])
def test_logits_at_other_sizes_and_batches_than_the_example(exported: Path, program, shape):
    batch, height, width = shape
    network = ready(load_checkpoint(exported.parent.parent / "rounds/0001/model").network)
    rng = np.random.default_rng(0)
    small = rng.uniform(0, 255, (batch, height // 8, width // 8, 3)).astype(np.float32)
    rgb = np.stack([cv2.resize(image, (width, height)) for image in small]).transpose(0, 3, 1, 2)
    rgb = np.ascontiguousarray(rgb)
    with torch.inference_mode():
        wanted = network(torch.from_numpy(rgb)).numpy()
    session = onnxruntime.InferenceSession(exported / "model.onnx")
    (found,) = session.run(None, {"rgb": rgb})
    np.testing.assert_allclose(np.asarray(found), wanted, atol=1e-3)
    np.testing.assert_allclose(program(torch.from_numpy(rgb)).numpy(), wanted, atol=1e-3)


@pytest.mark.slow
def test_the_script_runs_where_nothing_of_ours_is(exported: Path, tmp_path: Path):
    venv.create(tmp_path / "venv", symlinks=True)
    (packages,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    here = Path(np.__file__).parent.parent
    for name in NEEDED:
        (packages / name).symlink_to(here / name)
    image = exported.parent.parent / "frames" / "2.png"
    command = [tmp_path / "venv/bin/python", "-I", exported / "predict.py", image, "out.png"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    labels = cv2.imread(str(tmp_path / "out.png"), cv2.IMREAD_UNCHANGED)
    published = quick_job.read_labels(exported.parent.parent / "rounds" / "0001" / "job", 2)
    assert (labels == published).mean() > 0.999


@pytest.mark.slow
def test_the_folder_says_what_is_in_it(exported: Path):
    classes = json.loads((exported / "class_map.json").read_text())
    assert [(row["train_id"], row["name"]) for row in classes] == [(0, "grass"), (1, "sky")]
    readme = (exported / "README.md").read_text()
    assert "<b>" not in readme
    assert "| 1 | sky |" in readme
    assert "Rewis3d Studio: round 1, preset quick, label revision 24, seed 0." in readme
    assert len((exported / "predict.py").read_text().splitlines()) == 10
    assert "license: apache-2.0" in readme
    assert "EfficientNet-Lite0 (ImageNet weights, Apache-2.0, frozen)" in readme
    assert {path.name for path in exported.iterdir()} >= {"model.safetensors", "training.json"}
    config = json.loads((exported / "config.json").read_text())
    assert (config["architecture"], config["kind"]) == ("lite0-hypercolumn-mlp", "lite")


def test_an_unknown_format_is_named(tmp_path: Path):
    folder = export_job(quick_job.make(tmp_path), "keras")
    with pytest.raises(Rewis3dError, match="'keras'; known: huggingface"):
        list(export.run(folder))
    assert not (tmp_path / "exports").exists()
