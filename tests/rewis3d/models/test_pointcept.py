"""Pointcept's weights and, where it is installed, its own network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from rewis3d.models import pointcept
from rewis3d.models.pointcept import PointceptSegmenter, load_pointcept, segmenter
from rewis3d.models.points import PointBatch
from rewis3d.models.ptv3 import PUBLISHED, TINY, PointNetworkConfig, PointSegmenter
from rewis3d.types import Rewis3dError
from tests.rewis3d.models import record_ptv3
from tests.rewis3d.models.seeded import seeded
from tests.rewis3d.models.surfaces import GRID, cloud, street, surface


def real(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that runs the real package; what its parts warn of is not ours."""
    return pytest.mark.pointcept(pytest.mark.filterwarnings("ignore")(test))


def state(network: PointSegmenter, seed: int = 1) -> dict[str, Tensor]:
    return seeded(network.state_dict(), seed)


@pytest.mark.parametrize("prefix", ["", "module."])
def test_a_segmentors_weights_load_with_or_without_ddps_prefix(prefix: str) -> None:
    network = PointSegmenter(TINY, 5)
    theirs = state(network)
    load_pointcept(network, {prefix + key: part for key, part in theirs.items()})
    assert all(torch.equal(part, theirs[key]) for key, part in network.state_dict().items())


def test_a_bare_backbone_leaves_the_head() -> None:
    network = PointSegmenter(TINY, 5)
    head = network.seg_head.weight.clone()
    theirs = seeded(network.backbone.state_dict())
    load_pointcept(network, {f"module.{key}": part for key, part in theirs.items()})
    assert torch.equal(network.seg_head.weight, head)
    found = network.backbone.state_dict()
    assert all(torch.equal(part, theirs[key]) for key, part in found.items())


def test_names_are_those_of_pointcepts_checkpoints() -> None:
    with torch.device("meta"):
        shapes = {k: tuple(p.shape) for k, p in PointSegmenter(PUBLISHED, 20).state_dict().items()}
    assert shapes["backbone.embedding.stem.conv.weight"] == (32, 5, 5, 5, 6)
    assert shapes["backbone.embedding.stem.norm.running_var"] == (32,)
    assert shapes["backbone.enc.enc3.down.proj.weight"] == (256, 128)
    assert shapes["backbone.enc.enc3.down.norm.0.num_batches_tracked"] == ()
    assert shapes["backbone.enc.enc3.block5.cpe.0.weight"] == (256, 3, 3, 3, 256)
    assert shapes["backbone.enc.enc3.block5.cpe.1.bias"] == (256,)
    assert shapes["backbone.enc.enc4.block1.cpe.2.weight"] == (512,)
    assert shapes["backbone.enc.enc0.block0.norm1.0.weight"] == (32,)
    assert shapes["backbone.enc.enc0.block0.attn.qkv.weight"] == (96, 32)
    assert shapes["backbone.dec.dec3.up.proj.0.weight"] == (256, 512)
    assert shapes["backbone.dec.dec0.up.proj_skip.1.bias"] == (64,)
    assert shapes["backbone.dec.dec0.block1.mlp.0.fc2.weight"] == (64, 256)
    assert shapes["seg_head.weight"] == (20, 64)


@pytest.mark.parametrize(
    ("key", "part", "message"),
    [
        ("seg_head.bias", None, r"missing \['seg_head.bias'\]"),
        ("backbone.extra", torch.zeros(1), r"unknown \['backbone.extra'\]"),
        ("seg_head.weight", torch.zeros(7, 64), r"seg_head.weight is \(7, 64\), wanted \(5, 64\)"),
    ],
)
def test_weights_that_do_not_fit_change_nothing(
    key: str, part: Tensor | None, message: str
) -> None:
    network = PointSegmenter(TINY, 5)
    before = {name: each.clone() for name, each in network.state_dict().items()}
    theirs = state(network)
    theirs.pop(key, None)
    if part is not None:
        theirs[key] = part
    with pytest.raises(Rewis3dError, match=message):
        load_pointcept(network, theirs)
    assert all(torch.equal(each, before[name]) for name, each in network.state_dict().items())


def test_a_missing_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pointcept, "find_spec", lambda _: None)
    with pytest.raises(Rewis3dError, match=r"not installed here: clone .*PYTHONPATH.*spconv"):
        PointceptSegmenter(TINY, 5)


def test_without_cuda_the_network_is_ours() -> None:
    assert isinstance(segmenter(TINY, 5, torch.device("cpu")), PointSegmenter)


def ours(theirs: PointceptSegmenter) -> PointSegmenter:
    made = PointSegmenter(theirs.config, theirs.seg_head.out_features)
    load_pointcept(made, theirs.state_dict())
    return made.eval()


@real
@pytest.mark.parametrize("patch", [1024, 16])
@pytest.mark.parametrize("config", [TINY, PUBLISHED], ids=["tiny", "published"])
@torch.inference_mode()
def test_the_real_package_computes_the_same_cloud_by_cloud(
    config: PointNetworkConfig, patch: int
) -> None:
    theirs = record_ptv3.reference(replace(config, grid_size=GRID, patch=patch))
    clouds = [street(3000, side=60), street(1500, side=30, seed=1), street(200, side=12, seed=2)]
    wanted = torch.cat([theirs(each) for each in clouds])
    together = PointBatch.pack([(each.xyz, each.features) for each in clouds])
    torch.testing.assert_close(ours(theirs)(together), wanted, atol=1e-5, rtol=0)


@real
@pytest.mark.parametrize("config", [TINY, PUBLISHED], ids=["tiny", "published"])
@torch.inference_mode()
def test_the_real_package_computes_the_same_of_a_batch(config: PointNetworkConfig) -> None:
    theirs = record_ptv3.reference(replace(config, grid_size=GRID))
    grid = surface(2500, side=50, seed=3)
    turns = ([0, 1, 2], [1, 2, 0], [2, 1, 0])
    batch = PointBatch.pack([cloud(grid[:, turn], seed=i) for i, turn in enumerate(turns)])
    torch.testing.assert_close(ours(theirs)(batch), theirs(batch), atol=1e-5, rtol=0)


@real
def test_the_recorded_numbers_are_those_of_the_real_package() -> None:
    for file, found in (
        (record_ptv3.CURVES, record_ptv3.record_curves()),
        (record_ptv3.FEATURES, record_ptv3.record_features()),
    ):
        recorded = np.load(record_ptv3.GOLDEN / file)
        assert set(recorded.files) == set(found)
        for key, values in found.items():
            np.testing.assert_allclose(recorded[key], values, atol=1e-6)


@real
def test_the_real_package_shuffles_in_training_alone_and_as_our_generator_says() -> None:
    theirs = record_ptv3.reference(replace(TINY, grid_size=GRID, drop_path=0.0, patch=16))
    batch = street(400)

    def features(training: bool, seed: int) -> Tensor:
        theirs.train(training)
        for part in theirs.modules():  # a batch of one cloud moves no statistics, and spconv's way
            part.training = part is theirs or type(part).__name__ == "SubMConv3d"
        theirs.training = training
        with torch.no_grad():
            return theirs(batch, generator=torch.Generator().manual_seed(seed))

    torch.manual_seed(5)
    before = torch.get_rng_state()
    assert torch.equal(features(False, 0), features(False, 1))
    one, same, other = (features(True, seed) for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before)
