"""A round's model as a folder: whole, or as if it were not there."""

from __future__ import annotations

import dataclasses
import json
import shutil
import zipfile
from pathlib import Path

import pytest
import torch

from rewis3d import checkpoint
from rewis3d.checkpoint import RECORD_FILE, WEIGHTS_FILE, Checkpoint, load_checkpoint
from rewis3d.config import QuickConfig
from rewis3d.models.lite import Lite0
from rewis3d.models.segformer import SegFormer
from rewis3d.models.segmenter import Head, Segmenter
from rewis3d.presets import resolve
from rewis3d.reports import Scores
from rewis3d.types import Rewis3dError
from tests.rewis3d import quick_job, tiny_segformer

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
    assert found.network.record() == saved.network.record()
    assert found.device == "auto"
    rgb = 255 * torch.rand(1, 3, 40, 50)
    assert torch.equal(found.network(rgb), saved.network(rgb))
    assert not any(part.requires_grad for part in found.network.parameters())


def test_a_new_model_takes_the_place_of_the_old_one(folder: Path) -> None:
    (folder.with_name("model.partial")).mkdir()  # a killed attempt was here
    (folder.with_name("model.partial") / "rest").touch()
    checkpoint.save_checkpoint(some_model(seed=1), folder)
    found = load_checkpoint(folder).network.classifier.weight
    assert torch.equal(found, some_model(seed=1).network.classifier.weight)
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
        load_checkpoint(folder).network.classifier.weight,
        some_model().network.classifier.weight,
    )


def test_the_record_says_what_made_the_model(folder: Path) -> None:
    record = json.loads((folder / RECORD_FILE).read_text())
    assert record["origin"] == {"round": "1", "preset": "quick", "label_revision": "24"}
    assert record["versions"]["torch"] == torch.__version__
    assert set(record["versions"]) == {"rewis3d-studio", "torch", "transformers"}
    assert record["network"] == {
        "kind": "lite",
        "scale": 2.0,
        "longest": 320,
        "hidden": 4,
        "untouched": True,
    }
    assert [spec["name"] for spec in record["classes"]] == ["grass", "sky"]


def test_a_trained_network_is_read_as_it_was_saved(tmp_path: Path) -> None:
    start = some_model()
    student = start.network.trainable()
    for part in student.parameters():
        part.data += 0.01 * torch.rand(part.shape)
    saved = dataclasses.replace(start, network=student, config=resolve("cpu", {"device": "cpu"}))
    checkpoint.save_checkpoint(saved, tmp_path / "model")
    found = load_checkpoint(tmp_path / "model")
    assert found.config == saved.config
    assert found.device == "cpu"
    assert isinstance(found.network, Segmenter)
    assert not found.network.untouched
    rgb = 255 * torch.rand(1, 3, 40, 50)
    torch.testing.assert_close(found.network(rgb), student.eval()(rgb))


def test_a_segformer_is_read_without_the_weights_that_it_began_with(tmp_path: Path) -> None:
    weights = tiny_segformer.save(tmp_path / "mit-b9")
    network = tiny_segformer.network(weights, window=(64, 96))
    saved = dataclasses.replace(some_model(), network=network, config=resolve("paper", {}))
    checkpoint.save_checkpoint(saved, tmp_path / "model")
    shutil.rmtree(weights)
    found = load_checkpoint(tmp_path / "model").network
    assert isinstance(found, SegFormer)
    assert found.window == (64, 96)
    assert found.record() == network.record()
    assert found.record()["weights"] == "mit-b9"
    rgb = 255 * torch.rand(1, 3, 70, 80)
    assert torch.equal(found(rgb), network(rgb))


def test_a_folder_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    """The archive holds what `save_checkpoint` wrote when its format was 1, and a frame's logits.

    The network was some_model's, each tensor filled with one value: 13 MB that zip to 18 kB.
    """
    with zipfile.ZipFile(Path(__file__).with_name("model_of_format_1.zip")) as archive:
        archive.extractall(tmp_path / "model")
    assert "network" not in json.loads((tmp_path / "model" / RECORD_FILE).read_text())
    found = load_checkpoint(tmp_path / "model")
    assert found.config == QuickConfig(hidden=4, scale=2.0, longest=320)
    assert found.scores == SCORES  # its rival had learnt what judged: that was no comparison
    assert found.network.record() == some_model().network.record()
    rgb = torch.arange(3 * 40 * 50).remainder(256).float().reshape(1, 3, 40, 50)
    logits = found.network(rgb)[0, :, ::13, ::17]
    wanted = torch.tensor(
        [
            [[3.6459, 3.6274, 3.6070], [3.5955, 3.6565, 3.6352]],
            [[0.4096, 0.4077, 0.4057], [0.4046, 0.4106, 0.4085]],
        ]
    )
    torch.testing.assert_close(logits[:, :2], wanted, atol=1e-3, rtol=0)


def test_a_network_of_an_unknown_kind_is_named(folder: Path) -> None:
    change_record(folder, network={"kind": "eomt"})
    with pytest.raises(Rewis3dError, match="network of the unknown kind 'eomt'"):
        load_checkpoint(folder)


def change_record(folder: Path, **fields: object) -> None:
    file = folder / RECORD_FILE
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


def test_a_newer_layout_is_refused(folder: Path) -> None:
    change_record(folder, format=checkpoint.FORMAT + 1)
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
