"""An exported SegFormer: transformers reads the folder, and the graphs say what it says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from transformers import AutoModelForSemanticSegmentation

from rewis3d import export
from rewis3d.checkpoint import load_checkpoint, save_checkpoint
from rewis3d.job import Job, write_job
from rewis3d.models.network import ready
from rewis3d.models.segformer import MEAN, STD
from rewis3d.presets import resolve, to_json
from rewis3d.reports import Done
from tests.rewis3d import quick_job, tiny_segformer
from tests.rewis3d.test_checkpoint import some_model

pytestmark = [  # torch.export's own remarks on itself
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the model of a round and its export."""
    root = tmp_path_factory.mktemp("export")
    weights = tiny_segformer.save(root / "mit-b9", stages=2)  # half the time
    (weights / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n")
    network = tiny_segformer.network(weights, window=(64, 96))
    config = resolve("paper", {})
    save_checkpoint(replace(some_model(), network=network, config=config), root / "model")
    (job := root / "job").mkdir()
    write_job(
        Job(
            "export",
            (),
            quick_job.CLASSES,
            to_json(config),
            seed=0,
            checkpoint="../model",
            output="../out",
            options={"format": "torch-export"},
        ),
        job,
    )
    assert isinstance(list(export.run(job))[-1], Done)
    return root


@pytest.fixture(scope="module")
def program(root: Path) -> torch.nn.Module:
    return torch.export.load(root / "out" / "model.pt2").module()


def frames(batch: int, height: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return 255 * torch.rand(batch, 3, height, width, generator=generator)


@torch.inference_mode()
@pytest.mark.parametrize("shape", [(1, 48, 64), (3, 97, 131), (1, 30, 40), (1, 376, 512)])
def test_logits_at_other_sizes_and_batches_than_the_example(
    root: Path, program: torch.nn.Module, shape: tuple[int, int, int]
) -> None:
    rgb = frames(*shape)
    wanted = ready(load_checkpoint(root / "model").network)(rgb).numpy()
    session = onnxruntime.InferenceSession(root / "out" / "model.onnx")
    (found,) = session.run(None, {"rgb": rgb.numpy()})
    np.testing.assert_allclose(np.asarray(found), wanted, atol=1e-3)
    np.testing.assert_allclose(program(rgb).numpy(), wanted, atol=1e-3)
    assert wanted.std() > 0.1


@torch.inference_mode()
def test_transformers_reads_the_folder(root: Path) -> None:
    model = AutoModelForSemanticSegmentation.from_pretrained(root / "out").eval()
    assert model.config.id2label == {0: "grass", 1: "sky"}
    rgb = frames(1, 80, 96)
    processor = json.loads((root / "out" / "preprocessor_config.json").read_text())
    assert (processor["image_mean"], processor["image_std"]) == (list(MEAN), list(STD))
    mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN, STD))
    found = model(pixel_values=(rgb / 255 - mean) / std).logits
    torch.testing.assert_close(found, load_checkpoint(root / "model").network.coarse(rgb))


def test_the_card_names_the_licence_of_the_weights(root: Path) -> None:
    card = (root / "out" / "README.md").read_text()
    assert card.startswith("---\nlicense: other\nlicense_name: cc-by-nc-4.0\n")
    assert "SegFormer, trained from mit-b9. Licence of these weights: cc-by-nc-4.0." in card
    assert "frames larger than 96 x 64 in windows" in card
    training = json.loads((root / "out" / "training.json").read_text())
    assert training["config"]["model"] == "segformer"
    assert training["origin"]["round"] == "1"
