"""What every 2D network can do: learn, get other classes, be saved by a record and a state."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn import functional

from rewis3d.checkpoint import build, load_checkpoint, save_checkpoint
from rewis3d.config import QuickConfig
from rewis3d.models.lite import Lite0
from rewis3d.models.network import Network, ready
from rewis3d.models.segmenter import Head, Segmenter, working_size
from rewis3d.models.weights import lite0
from tests.rewis3d import tiny_segformer
from tests.rewis3d.test_checkpoint import some_model

SKY, ROAD, TREE, CAR = 3, 5, 8, 9
"""Class ids."""


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_segformer.save(tmp_path_factory.mktemp("weights"))


@pytest.fixture(params=["lite", "segformer"])
def network(request: pytest.FixtureRequest, weights: Path) -> Network:
    if request.param == "segformer":
        return tiny_segformer.network(weights, classes=3)
    torch.manual_seed(0)
    return build(QuickConfig(hidden=8, scale=1.0), Head(hidden=8, classes=3), lite0())


def frames(*, seed: int = 0, batch: int = 1) -> torch.Tensor:
    """Return smooth noise, 0 to 255."""
    small = torch.rand(batch, 3, 6, 8, generator=torch.Generator().manual_seed(seed))
    return 255 * functional.interpolate(small, (72, 96), mode="bicubic").clamp(0, 1)


def seeded(number: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(number)


@torch.inference_mode()
def logits(network: Network, rgb: torch.Tensor) -> torch.Tensor:
    return network(rgb)


def test_logits_have_the_frames_size(network: Network) -> None:
    for height, width in ((72, 96), (41, 130), (9, 7)):
        rgb = torch.rand(2, 3, height, width) * 255
        assert logits(network, rgb).shape == (2, 3, height, width)
    assert network.classes == 3


def test_what_is_known_of_a_class_moves_with_it(network: Network) -> None:
    grown = network.grown((SKY, ROAD, TREE), (TREE, CAR, SKY), generator=seeded())
    before, after = logits(network, frames()), logits(grown, frames())
    torch.testing.assert_close(after[:, [2, 0]], before[:, [0, 2]])
    assert (grown.classes, network.classes) == (3, 3)


def test_a_new_class_starts_nowhere_above_all_others(network: Network) -> None:
    grown = network.grown((SKY, ROAD, TREE), (SKY, ROAD, TREE, CAR, 20), generator=seeded())
    found = logits(grown, frames())
    assert found.shape[1] == 5
    assert torch.equal(found.argmax(1), logits(network, frames()).argmax(1))
    assert not torch.equal(grown.classifier.weight[3], grown.classifier.weight[4])


def test_the_seed_decides_how_new_classes_start(network: Network) -> None:
    def row(seed: int) -> torch.Tensor:
        ids = (SKY, ROAD, TREE)
        return network.grown(ids, (*ids, CAR), generator=seeded(seed)).classifier.weight[3]

    assert torch.equal(row(0), row(0))
    assert not torch.equal(row(0), row(1))


def test_a_class_that_nothing_taught_starts_anew(network: Network) -> None:
    """A quick round gives such a class no weights and an offset that no step would move."""
    layer = network.classifier
    layer.weight.data[1], layer.bias.data[1] = 0.0, -1e3  # pyright: ignore[reportOptionalMemberAccess]
    ids = (SKY, ROAD, TREE)
    grown = network.grown(ids, ids, generator=seeded()).classifier
    assert grown.bias is not None
    assert abs(grown.bias[1].item()) < 100
    assert grown.weight[1].any()
    assert torch.equal(grown.weight[0], layer.weight[0])


def test_no_class_in_common_is_a_head_of_random_weights(network: Network) -> None:
    layer = network.classifier
    layer.weight.data.zero_()
    grown = network.grown((SKY, ROAD, TREE), (CAR, 20), generator=seeded())
    assert grown.classifier.weight.std() > 0
    assert logits(grown, frames()).shape[1] == 2


def test_ids_of_other_classes_than_it_has_are_refused(network: Network) -> None:
    with pytest.raises(ValueError, match="ids of 2 classes, the network has 3"):
        network.grown((SKY, ROAD), (SKY,), generator=seeded())


def test_every_parameter_is_in_one_group(network: Network) -> None:
    groups = network.groups()
    ids = [id(part) for part in groups.blocks + groups.others]
    assert sorted(ids) == sorted(id(part) for part in network.parameters())
    assert id(network.classifier.weight) in {id(part) for part in groups.others}
    assert groups.blocks


def test_a_step_changes_backbone_and_head_but_not_what_it_started_from(network: Network) -> None:
    student = network.trainable()
    before = {name: part.clone() for name, part in student.named_parameters()}
    optimiser = torch.optim.SGD(student.parameters(), lr=1e-2)
    labels = torch.arange(96).remainder(3).expand(2, 72, 96)
    functional.cross_entropy(student(frames(batch=2)), labels).backward()
    optimiser.step()
    still = {name for name, part in student.named_parameters() if torch.equal(part, before[name])}
    # softmax does not feel what all keys have in common
    assert {name for name in still if "k_proj.bias" not in name} == set()
    assert not any(part.requires_grad for part in network.parameters())
    assert torch.equal(network.classifier.weight, dict(before)[_classifier(network)])


def _classifier(network: Network) -> str:
    """Return the name of the last layer's weights."""
    return next(n for n, part in network.named_parameters() if part is network.classifier.weight)


def test_dropout_is_for_training(network: Network) -> None:
    student = network.trainable()
    assert not torch.equal(student(frames()), student(frames()))
    student.eval()
    assert torch.equal(student(frames()), student(frames()))


def test_training_starts_from_the_very_logits_of_a_quick_round(tmp_path: Path) -> None:
    save_checkpoint(some_model(), tmp_path / "model")
    saved = load_checkpoint(tmp_path / "model").network
    student = saved.trainable().eval()
    torch.testing.assert_close(logits(student, frames()), logits(saved, frames()))


def test_norms_of_the_backbone_keep_their_statistics(weights: Path) -> None:
    student = Segmenter(Lite0(), Head(hidden=8, classes=3), scale=1.0, longest=1080).trainable()
    before = {name: part.clone() for name, part in student.named_buffers()}
    for mode in (True, False, True):
        student.train(mode)
        student(frames(batch=2)).sum().backward()
    assert all(torch.equal(part, before[name]) for name, part in student.named_buffers())
    norm = student.backbone.stem.norm
    assert norm.weight.requires_grad
    assert norm.weight.grad is not None


def test_a_trained_backbone_is_no_longer_untouched() -> None:
    network = build(QuickConfig(hidden=8), Head(hidden=8, classes=3), lite0())
    assert network.untouched
    assert ready(network).untouched
    student = network.trainable()
    assert not student.untouched
    assert not ready(student).untouched
    assert network.untouched


def test_what_is_ready_says_the_same(network: Network) -> None:
    for channels_last in (True, False):
        copied = ready(network, channels_last=channels_last)
        torch.testing.assert_close(
            logits(copied, frames()), logits(network, frames()), atol=1e-3, rtol=1e-3
        )


@pytest.mark.parametrize(
    ("size", "scale", "wanted"),
    [
        ((360, 480), 1.5, (544, 736)),  # 16.9 and 22.5 cells
        ((1080, 1920), 1.5, (608, 1088)),  # 1080 wide: 19.0 and 33.75 cells
        ((20, 30), 1.0, (64, 64)),
    ],
)
def test_working_sizes_by_hand(
    size: tuple[int, int], scale: float, wanted: tuple[int, int]
) -> None:
    assert working_size(*size, scale=scale, longest=1080) == wanted
