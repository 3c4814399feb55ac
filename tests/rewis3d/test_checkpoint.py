"""A round's model as a folder: whole, or as if it were not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from rewis3d import checkpoint
from rewis3d.checkpoint import RECORD_FILE, WEIGHTS_FILE, Checkpoint, load_checkpoint
from rewis3d.config import QuickConfig
from rewis3d.models.lite import Lite0
from rewis3d.models.segmenter import Head
from rewis3d.reports import Scores
from rewis3d.types import Rewis3dError
from tests.rewis3d import quick_job

SCORES = Scores(miou=0.5, accuracy=0.75, iou={"grass": 0.5, "sky": None}, pixels=12)


def some_model(seed: int = 0, scores: Scores | None = SCORES) -> Checkpoint:
    torch.manual_seed(seed)
    config = QuickConfig(hidden=4, scale=2.0, longest=320)
    network = checkpoint.build(config, Head(hidden=4, classes=2), Lite0())
    return Checkpoint(network, quick_job.CLASSES, config, 3, scores, quick_job.ORIGIN)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    checkpoint.save_checkpoint(some_model(), tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("scores", [SCORES, None])
def test_what_was_saved_is_read(tmp_path: Path, scores: Scores | None) -> None:
    saved = some_model(scores=scores)
    checkpoint.save_checkpoint(saved, tmp_path / "rounds/model")  # its folder is made, too
    found = load_checkpoint(tmp_path / "rounds/model")
    assert (found.classes, found.config, found.seed) == (saved.classes, saved.config, 3)
    assert (found.scores, found.origin) == (scores, quick_job.ORIGIN)
    assert (found.network.scale, found.network.longest) == (2.0, 320)
    rgb = 255 * torch.rand(1, 3, 40, 50)
    assert torch.equal(found.network(rgb), saved.network(rgb))
    assert not any(part.requires_grad for part in found.network.parameters())


def test_a_new_model_takes_the_place_of_the_old_one(folder: Path) -> None:
    (folder.with_name("model.partial")).mkdir()  # a killed attempt was here
    (folder.with_name("model.partial") / "rest").touch()
    checkpoint.save_checkpoint(some_model(seed=1), folder)
    found = load_checkpoint(folder).network.head.hidden.weight
    assert torch.equal(found, some_model(seed=1).network.head.hidden.weight)
    assert {path.name for path in folder.iterdir()} == {WEIGHTS_FILE, RECORD_FILE}
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_a_disk_that_fills_up_leaves_the_old_model(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.save_checkpoint(some_model(seed=1), folder)
    assert torch.equal(
        load_checkpoint(folder).network.head.hidden.weight,
        some_model().network.head.hidden.weight,
    )


def test_the_record_says_what_made_the_model(folder: Path) -> None:
    record = json.loads((folder / RECORD_FILE).read_text())
    assert record["origin"] == {"round": "1", "preset": "quick", "label_revision": "24"}
    assert record["versions"]["torch"] == torch.__version__
    assert set(record["versions"]) == {"rewis3d-studio", "torch"}
    assert [spec["name"] for spec in record["classes"]] == ["grass", "sky"]


def change_record(folder: Path, **fields: object) -> None:
    file = folder / RECORD_FILE
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


def test_a_newer_layout_is_refused(folder: Path) -> None:
    change_record(folder, format=2)
    with pytest.raises(Rewis3dError, match=r"model: the model is of a newer version"):
        load_checkpoint(folder)


def test_altered_weights_are_refused(folder: Path) -> None:
    file = folder / WEIGHTS_FILE
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(Rewis3dError, match=r"model: model\.safetensors was altered or is broken"):
        load_checkpoint(folder)


@pytest.mark.parametrize("file", [WEIGHTS_FILE, RECORD_FILE])
def test_a_folder_that_lacks_a_file_is_named(folder: Path, file: str) -> None:
    (folder / file).unlink()
    with pytest.raises(Rewis3dError, match=rf"model: not a model folder \(.*{file}"):
        load_checkpoint(folder)


@pytest.mark.parametrize("text", ["{}", "[]", '{"format": 1', ""])
def test_a_record_that_is_none_is_named(folder: Path, text: str) -> None:
    (folder / RECORD_FILE).write_text(text)
    with pytest.raises(Rewis3dError, match=r"model: not a model folder"):
        load_checkpoint(folder)
