"""A step's loss: worked out by hand, and the same in one piece, in four, or on two GPUs."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from rewis3d.losses.branch import Branch, expected, measured, ramp, total
from rewis3d.losses.cross_modal import (
    Targets,
    class_bridge,
    coverage,
    cross_modal,
    pair_targets,
    sky_targets,
)
from rewis3d.losses.term import Term
from rewis3d.method import CrossModal, Losses, MethodConfig
from rewis3d.presets import resolve
from rewis3d.types import IGNORED, UNLABELLED, ClassSpec

SPECS = [ClassSpec(i, str(i), (i, i, i), has_geometry=i != 2) for i in range(4)]
BRIDGE = class_bridge(SPECS)
HEIGHT, WIDTH, POINTS = 5, 6, 12


@dataclass(frozen=True, slots=True)
class Piece:
    """Some views of a batch: images, points, and which point was made from which pixel."""

    rgb: Tensor
    labels: Tensor
    xyz: Tensor
    labels_3d: Tensor
    confidence: Tensor
    pixel: Tensor
    """Flat index into the piece's pixels for each of its points: every point is a pair."""


def view(seed: int) -> Piece:
    random = torch.Generator().manual_seed(seed)
    labels = torch.full((1, HEIGHT, WIDTH), UNLABELLED, dtype=torch.uint8)
    labels[0, 0, : seed + 2] = seed % 4  # more labels in one view than in the next
    labels[0, 4, 5 - seed :] = IGNORED
    pixel = torch.randperm(HEIGHT * WIDTH, generator=random)[: POINTS - seed]
    points = len(pixel)
    return Piece(
        torch.randn(1, 3, HEIGHT, WIDTH, generator=random),
        labels,
        torch.randn(points, 3, generator=random),
        BRIDGE.labels_3d(labels.flatten()[pixel]),
        torch.rand(points, generator=random),
        pixel,
    )


def joined(views: Sequence[Piece]) -> Piece:
    """Put views into one batch: points are packed, and pairs point at the batch's pixels."""
    pixel = [one.pixel + index * HEIGHT * WIDTH for index, one in enumerate(views)]
    return Piece(
        rgb=torch.cat([one.rgb for one in views]),
        labels=torch.cat([one.labels for one in views]),
        xyz=torch.cat([one.xyz for one in views]),
        labels_3d=torch.cat([one.labels_3d for one in views]),
        confidence=torch.cat([one.confidence for one in views]),
        pixel=torch.cat(pixel),
    )


def flat(images: Tensor) -> Tensor:
    """(b, k, h, w) -> (b h w, k)."""
    return images.movedim(1, -1).reshape(-1, images.shape[1])


@dataclass(frozen=True, slots=True)
class Known:
    """What the teachers said of a piece, and what is to be expected of its students."""

    teacher_2d: Tensor
    teacher_3d: Tensor
    told_2d: Targets
    told_3d: Targets
    sky: Targets
    branches: tuple[Branch, Branch]


class Step:
    """A training step as a trainer takes it, with networks of a layer or two."""

    def __init__(self, config: MethodConfig, device: str = "cpu") -> None:
        torch.manual_seed(0)
        self.config, self.bridge = config, BRIDGE.to(torch.device(device))
        self.image = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 4, 1))
        self.points = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 3))
        self.teachers = [copy.deepcopy(student) for student in (self.image, self.points)]
        for teacher in self.teachers:
            for part in teacher.parameters():
                nn.init.normal_(part)
        for network in (self.image, self.points, *self.teachers):
            network.to(device)

    def know(self, piece: Piece, share: Tensor) -> Known:
        """Run the teachers."""
        config, cmc = self.config, self.config.cross_modal
        with torch.no_grad():
            image, points = self.teachers[0](piece.rgb), self.teachers[1](piece.xyz)
        at_pixels = piece.labels.flatten()[piece.pixel]
        told_2d = pair_targets(points, piece.confidence, at_pixels, self.bridge.to_2d, settings=cmc)
        told_3d = pair_targets(
            flat(image)[piece.pixel], piece.confidence, at_pixels, self.bridge.to_3d, settings=cmc
        )
        sky = sky_targets(image, covered(piece), piece.labels, self.bridge, share=share)
        awaited = told_2d.awaited(cmc.cmc_divisor) + sky.awaited(cmc.cmc_divisor)
        branches = (
            expected(
                piece.labels,
                image,
                awaited,
                losses=config.losses,
                average=config.losses.kl_average,
            ),
            expected(
                piece.labels_3d, points, told_3d.awaited(cmc.cmc_divisor), losses=config.losses
            ),
        )
        return Known(image, points, told_2d, told_3d, sky, branches)

    def losses(self, piece: Piece, known: Known) -> tuple[Branch, Branch]:
        """Run the students."""
        divisor = self.config.cross_modal.cmc_divisor
        image, points = self.image(piece.rgb), self.points(piece.xyz)
        crossed = cross_modal(flat(image)[piece.pixel], known.told_2d, divisor=divisor)
        crossed = crossed + cross_modal(image, known.sky, divisor=divisor)
        told = cross_modal(points, known.told_3d, divisor=divisor)
        return (
            measured(known.branches[0], image, piece.labels, known.teacher_2d, crossed),
            measured(known.branches[1], points, piece.labels_3d, known.teacher_3d, told),
        )

    def gradients(self, pieces: Sequence[Piece]) -> tuple[float, list[Tensor]]:
        """Take the step in pieces; return its loss and all gradients."""
        seen = reduce(add, (coverage(covered(piece), piece.labels) for piece in pieces))
        known = [self.know(piece, seen.mean()) for piece in pieces]
        whole = [reduce(add, (each.branches[branch] for each in known)) for branch in (0, 1)]
        loss = 0.0
        for piece, each in zip(pieces, known, strict=True):
            image, points = self.losses(piece, each)
            part = total(
                image.over(whole[0]),
                points.over(whole[1]),
                self.config.losses,
                self.config.cross_modal,
                consistency_ramp=0.5,
                cmc_ramp=0.25,
            )
            part.backward()
            loss += part.item()
        parameters = [*self.image.parameters(), *self.points.parameters()]
        assert all(part.grad is None for each in self.teachers for part in each.parameters())
        return loss, [part.grad for part in parameters if part.grad is not None]


def covered(piece: Piece) -> Tensor:
    """Say which pixels have a point."""
    mask = torch.zeros(piece.labels.numel(), dtype=torch.bool, device=piece.labels.device)
    mask[piece.pixel] = True
    return mask.reshape(piece.labels.shape)


@pytest.mark.parametrize("preset", ["paper", "released"])
@pytest.mark.parametrize("divisor", ["pairs", "weights", "none"])
def test_four_micro_batches_are_one_batch(preset: str, divisor: str) -> None:
    config = resolve(preset, {"cmc_divisor": divisor, "tau": "0.6"})
    assert isinstance(config, MethodConfig)
    views = [view(seed) for seed in range(4)]
    loss, wanted = Step(config).gradients([joined(views)])
    for pieces in (views, [joined(views[:3]), views[3]]):
        in_pieces, found = Step(config).gradients(pieces)
        assert in_pieces == pytest.approx(loss, abs=1e-6)
        assert len(found) == len(wanted) == 8
        for ours, theirs in zip(found, wanted, strict=True):
            torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-5)
    assert all(gradient.abs().max() > 1e-3 for gradient in wanted)  # all layers learn


def test_a_mean_of_micro_batches_means_would_be_another_step() -> None:
    config = resolve("paper", {"tau": "0.6"})
    views = [view(seed) for seed in range(4)]
    _, wanted = Step(config).gradients([joined(views)])
    alone = [Step(config).gradients([one])[1] for one in views]
    means = [torch.stack(parts).mean(0) for parts in zip(*alone, strict=True)]
    assert max((a - b).abs().max() for a, b in zip(means, wanted, strict=True)) > 1e-3


def branch(*numbers: tuple[float, float]) -> Branch:
    return Branch(
        *(Term(torch.tensor(s), torch.tensor(c, dtype=torch.float64)) for s, c in numbers)
    )


def test_the_total_worked_out_by_hand() -> None:
    image = branch((6.0, 3), (8.0, 4), (1.0, 4), (5.0, 10))  # L_S 2, L_U 2, w_t 1/4, L_C 1/2
    points = branch((4.0, 1), (1.0, 2), (3.0, 6), (9.0, 3))  # L_S 4, L_U 1/2, w_t 1/2, L_C 3
    losses, cmc = Losses(beta=0.25), CrossModal(lambda_2d=0.1, lambda_3d=0.2)
    # 2D: .75 * 2 + .25 * .25 * 2 = 1.625; 3D: .75 * 4 + .25 * .5 * .5 = 3.0625
    assert total(image, None, losses, cmc).item() == pytest.approx(1.625 + 0.1 * 0.5)
    both = total(image, points, losses, cmc)
    assert both.item() == pytest.approx(1.625 + 3.0625 + 0.1 * 0.5 + 0.2 * 3)
    half = total(image, points, losses, cmc, cmc_ramp=0.5)
    assert half.item() == pytest.approx(1.625 + 3.0625 + 0.5 * (0.1 * 0.5 + 0.2 * 3))
    early = total(image, points, losses, cmc, consistency_ramp=0.0, cmc_ramp=0.0)
    assert early.item() == pytest.approx(0.75 * (2 + 4))
    plain = total(image, points, replace(losses, balance="sum"), cmc, cmc_ramp=0.0)
    assert plain.item() == pytest.approx(2 + 2 + 4 + 0.5)


def test_a_step_without_labels_or_pairs_is_none_that_is_lost() -> None:
    nothing = branch((0.0, 0), (2.0, 4), (4.0, 4), (0.0, 0))
    assert total(nothing, nothing, Losses(), CrossModal()).item() == pytest.approx(2 * 0.5 * 0.5)


def test_without_a_teacher_labels_alone_teach() -> None:
    labels = torch.tensor([0, UNLABELLED, IGNORED], dtype=torch.uint8)
    nothing = Term(torch.tensor(0.0), torch.tensor(0.0).double())
    known = expected(labels, None, nothing, losses=Losses())
    student = torch.zeros(3, 4, requires_grad=True)
    found = measured(known, student, labels, None, nothing)
    total(found, None, Losses(), CrossModal()).backward()
    assert (found.consistency.count, found.confident.count) == (0, 0)
    assert student.grad is not None
    assert (student.grad.abs().sum(1) > 0).tolist() == [True, False, False]


def test_gpus_add_up_one_tensor() -> None:
    one = branch((1.0, 2), (3.0, 4), (5.0, 6), (7.0, 8))
    other = branch((10.0, 20), (30.0, 40), (50.0, 60), (70.0, 80))
    reduced = Branch.unstacked(one.stacked() + other.stacked())
    for found, wanted in zip(reduced.terms(), (one + other).terms(), strict=True):
        assert (found.sum, found.count) == (wanted.sum, wanted.count)


def test_what_gpus_add_up_has_no_gradient() -> None:
    x = torch.tensor(1.0, requires_grad=True)
    part = Term(x * 2, torch.tensor(1.0).double())
    assert not Branch(part, part, part, part).stacked().requires_grad


def test_a_ramp_worked_out_by_hand() -> None:
    found = [ramp(step, 100, start=0.3, length=0.1) for step in (0, 29, 30, 31, 35, 39, 40, 99)]
    assert found == pytest.approx([0, 0, 0, 0.1, 0.5, 0.9, 1, 1])


def test_stairs_are_the_released_codes_epochs() -> None:
    """35 epochs of 7 steps: 1/5 in all of epoch 15, 2/5 in the next one, 1 from epoch 19 on."""
    found = [
        ramp(step, 35 * 7, start=15 / 35, length=5 / 35, stairs=5) for step in range(14 * 7, 21 * 7)
    ]
    wanted = [share for share in (0, 0.2, 0.4, 0.6, 0.8, 1, 1) for _ in range(7)]
    assert found == pytest.approx(wanted)


def test_a_loss_may_have_all_its_weight_from_the_start() -> None:
    assert ramp(0, 10, start=0, length=0) == 1
    assert ramp(0, 10, start=0, length=0.5) == 0
    assert ramp(0, 10, start=0, length=0.5, stairs=2) == 0.5
    assert ramp(12.5, 50, start=0.2, length=0.1) == pytest.approx(0.5)  # seconds


@given(
    st.integers(1, 400), st.floats(0, 0.99), st.floats(0, 1), st.integers(0, 7), st.integers(0, 400)
)
def test_a_ramp_never_falls(steps: int, start: float, length: float, stairs: int, at: int) -> None:
    shares = [ramp(step, steps, start=start, length=length, stairs=stairs) for step in (at, at + 1)]
    assert 0 <= shares[0] <= shares[1] <= 1
