"""SegFormer on weights that were published: what is loaded, what is refused, what is said of it."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional
from transformers import SegformerModel

from rewis3d.models.segformer import pretrained
from rewis3d.types import Rewis3dError
from tests.rewis3d import tiny_segformer


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_segformer.save(tmp_path_factory.mktemp("weights"))


def load(weights: Path | str) -> torch.nn.Module:
    return pretrained(str(weights), classes=3, generator=torch.Generator().manual_seed(0))


def test_the_encoder_is_the_published_one(weights: Path) -> None:
    theirs = SegformerModel.from_pretrained(weights).state_dict()
    ours = tiny_segformer.network(weights).model.segformer.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)


@torch.inference_mode()
def test_logits_are_those_of_normalised_colours_enlarged(weights: Path) -> None:
    network = tiny_segformer.network(weights)
    rgb = torch.rand(2, 3, 70, 94, generator=torch.Generator().manual_seed(1)) * 255
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    pixels = ((rgb / 255).permute(0, 2, 3, 1) - mean) / std
    small = network.model(pixel_values=pixels.permute(0, 3, 1, 2)).logits
    assert small.shape == (2, 2, 18, 24)
    wanted = functional.interpolate(small, (70, 94), mode="bilinear", align_corners=False)
    torch.testing.assert_close(network(rgb), wanted)
    assert wanted.std() > 0.1


def test_the_head_depends_on_the_seed_alone(weights: Path) -> None:
    torch.manual_seed(1)
    one = tiny_segformer.network(weights, seed=3).state_dict()
    torch.manual_seed(2)
    same = tiny_segformer.network(weights, seed=3).state_dict()
    assert all(torch.equal(one[key], same[key]) for key in one)
    other = tiny_segformer.network(weights, seed=4).state_dict()
    differ = {key for key in one if not torch.equal(one[key], other[key])}
    assert differ
    assert all(".decode_head." in key for key in differ)


def test_weights_that_are_not_here_are_named_with_their_licence() -> None:
    with pytest.raises(Rewis3dError, match=r"not for commercial use.*hf download nvidia/mit-b4"):
        load("nvidia/mit-b4")
    with pytest.raises(Rewis3dError, match="weights=FOLDER"):
        load("/no/such/folder")


def test_an_id_is_found_in_the_hubs_cache_and_the_network_left_alone(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = tmp_path / "models--nvidia--mit-b4" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (tmp_path / "models--nvidia--mit-b4" / "refs").mkdir()
    (tmp_path / "models--nvidia--mit-b4" / "refs" / "main").write_text("abc")
    shutil.copy(weights / "config.json", snapshot)
    # as NVIDIA published them: no safetensors file
    torch.save(load_file(weights / "model.safetensors"), snapshot / "pytorch_model.bin")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("asked the network"))
    network = load("nvidia/mit-b4")
    wanted = tiny_segformer.network(weights).model.segformer.state_dict()
    found = network.model.segformer.state_dict()  # pyright: ignore[reportAttributeAccessIssue]
    assert all(torch.equal(found[key], wanted[key]) for key in wanted)


def copied(weights: Path, folder: Path) -> Path:
    shutil.copytree(weights, folder)
    return folder


def test_weights_with_a_hole_are_refused(weights: Path, tmp_path: Path) -> None:
    """transformers would fill it with random numbers."""
    folder = copied(weights, tmp_path / "hole")
    state = load_file(folder / "model.safetensors")
    del state["segformer.encoder.block.3.0.mlp.dense1.weight"]
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(Rewis3dError, match=r"not SegFormer's: stages\.3\.blocks\.0.* is missing"):
        load(folder)


def test_weights_of_another_size_than_their_config_are_refused(
    weights: Path, tmp_path: Path
) -> None:
    folder = copied(weights, tmp_path / "other")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_sizes": [8, 16, 24, 64]}))
    with pytest.raises(Rewis3dError, match="can't be loaded"):
        load(folder)


@pytest.mark.parametrize("file", ["model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize("content", [b"", b"no weights"])
def test_broken_weights_are_refused_in_one_line(
    weights: Path, tmp_path: Path, file: str, content: bytes
) -> None:
    shutil.copy(weights / "config.json", tmp_path)
    (tmp_path / file).write_bytes(content)
    with pytest.raises(Rewis3dError, match="can't be loaded") as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)


def test_the_licence_of_a_folder_is_read_from_its_card(weights: Path, tmp_path: Path) -> None:
    folder = copied(weights, tmp_path / "mit-b9")
    (folder / "README.md").write_text("---\nlicense: cc-by-4.0\n---\n")
    record = tiny_segformer.network(folder).record()
    # the place in the file system is of this machine alone
    assert (record["weights"], record["licence"]) == ("mit-b9", "cc-by-4.0")
