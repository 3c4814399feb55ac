"""What a branch's teacher tells the other branch's student, and what that is worth."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from rewis3d.losses.cross_modal import (
    MOST_TRUST,
    NO_TARGET,
    Targets,
    class_bridge,
    coverage,
    cross_modal,
    pair_targets,
    sky_targets,
)
from rewis3d.method import CrossModal, Divisor
from rewis3d.types import IGNORED, UNLABELLED, ClassSpec, Rewis3dError

ROAD, SKY, TREE, CAR = (
    ClassSpec(7, "road", (1, 1, 1)),
    ClassSpec(3, "sky", (2, 2, 2), has_geometry=False),
    ClassSpec(5, "tree", (3, 3, 3)),
    ClassSpec(9, "car", (4, 4, 4)),
)
BRIDGE = class_bridge([ROAD, SKY, TREE, CAR])
LN3 = math.log(3)


def certain(*classes: int, of: int) -> Tensor:
    """Logits that give one class 3 times the probability of each other one."""
    return LN3 * torch.nn.functional.one_hot(torch.tensor(classes), of).float()


def free(count: int) -> Tensor:
    return torch.full((count,), UNLABELLED, dtype=torch.uint8)


def told_to_2d(**settings: Any) -> Targets:
    """Three pairs: points that a 3D teacher takes for a road, a car and a tree."""
    return pair_targets(
        certain(0, 2, 1, of=3),
        torch.tensor([0.5, 1.0, 0.25]),
        free(3),
        BRIDGE.to_2d,
        settings=CrossModal(**settings),
    )


def test_the_3d_head_has_the_classes_with_geometry_in_their_order() -> None:
    assert BRIDGE.to_3d.tolist() == [0, NO_TARGET, 1, 2]
    assert BRIDGE.to_2d.tolist() == [0, 2, 3]
    moved = BRIDGE.to(torch.device("cpu"))
    assert torch.equal(moved.to_3d, BRIDGE.to_3d)


def test_labels_of_points_become_labels_of_the_3d_head() -> None:
    labels = torch.tensor([0, 1, 2, 3, UNLABELLED, IGNORED, 0], dtype=torch.uint8)
    assert BRIDGE.labels_3d(labels).tolist() == [0, IGNORED, 1, 2, UNLABELLED, IGNORED, 0]
    assert BRIDGE.labels_3d(labels[:0]).tolist() == []


def test_a_round_of_sky_alone_has_no_3d_branch() -> None:
    with pytest.raises(Rewis3dError, match="no class has geometry"):
        class_bridge([SKY])


def test_3d_tells_2d_in_the_ids_of_2d_with_weights_worked_out_by_hand() -> None:
    told = told_to_2d()
    assert told.classes.tolist() == [0, 3, 2]
    # certainty 3 / (3 + 1 + 1) = 0.6, times the reconstruction's confidence
    torch.testing.assert_close(told.weights, torch.tensor([0.3, 0.6, 0.15]))
    assert told.pairs == 3


@pytest.mark.parametrize(
    ("settings", "weights"),
    [
        ({"reconstruction_weights": False}, [0.6, 0.6, 0.6]),
        ({"prediction_weights": False}, [0.5, 1.0, 0.25]),
        ({"prediction_weights": False, "reconstruction_weights": False}, [1.0, 1.0, 1.0]),
        # 1 / (1 - c): 2, the most there is, 4/3
        ({"prediction_weights": False, "c_rec": "raw"}, [2.0, MOST_TRUST, 4 / 3]),
        ({"c_rec": "raw"}, [1.2, 0.6 * MOST_TRUST, 0.8]),
    ],
)
def test_each_factor_of_a_weight_can_be_left_out(
    settings: dict[str, Any], weights: list[float]
) -> None:
    torch.testing.assert_close(told_to_2d(**settings).weights, torch.tensor(weights))


def test_2d_has_nothing_to_tell_3d_where_it_sees_the_sky() -> None:
    told = pair_targets(
        certain(3, 1, 0, 2, of=4),
        torch.ones(4),
        torch.tensor([UNLABELLED, UNLABELLED, IGNORED, 2], dtype=torch.uint8),
        BRIDGE.to_3d,
        settings=CrossModal(),
    )
    assert told.classes.tolist() == [2, NO_TARGET, NO_TARGET, 1]
    torch.testing.assert_close(told.weights, torch.tensor([0.5, 0.0, 0.0, 0.5]))
    assert told.pairs == 3  # the one that sees the sky is a pair, the ignored one is none


@pytest.mark.parametrize(
    ("divisor", "count", "mean"),
    [
        # uniform over 4 classes: each pair costs ln 4 = 1.3863; the weights add up to 1.05
        ("pairs", 3, 1.05 * math.log(4) / 3),
        ("weights", 1.05, math.log(4)),
        ("none", 0, 1.05 * math.log(4)),
    ],
)
def test_the_loss_and_its_divisors_worked_out_by_hand(
    divisor: Divisor, count: float, mean: float
) -> None:
    found = cross_modal(torch.zeros(3, 4), told_to_2d(), divisor=divisor)
    assert found.count.item() == pytest.approx(count)
    assert found.mean().item() == pytest.approx(mean, abs=1e-5)
    assert told_to_2d().awaited(divisor).count == found.count


def test_a_pair_with_nothing_to_tell_counts_in_pairs_alone() -> None:
    told = Targets(
        torch.tensor([1, NO_TARGET]), torch.tensor([0.5, 0.0]), torch.tensor(2.0).double()
    )
    student = torch.zeros(2, 3)
    assert cross_modal(student, told).mean().item() == pytest.approx(0.5 * math.log(3) / 2)
    by_weight = cross_modal(student, told, divisor="weights").mean()
    assert by_weight.item() == pytest.approx(math.log(3))


def test_gradients_reach_the_student_where_there_is_something_to_tell_and_nobody_else() -> None:
    student = torch.zeros(4, 3, requires_grad=True)
    teacher = certain(3, 1, 0, 2, of=4).requires_grad_()
    confidence = torch.tensor([1.0, 1.0, 1.0, 0.0]).requires_grad_()
    labels = torch.tensor([UNLABELLED, UNLABELLED, IGNORED, UNLABELLED], dtype=torch.uint8)
    told = pair_targets(teacher, confidence.detach(), labels, BRIDGE.to_3d, settings=CrossModal())
    cross_modal(student, told).mean().backward()
    assert teacher.grad is None
    assert student.grad is not None
    touched = student.grad.abs().sum(1) > 0  # sky, an ignored pixel, no confidence: none
    assert touched.tolist() == [True, False, False, False]


@pytest.mark.parametrize("divisor", ["pairs", "weights", "none"])
def test_no_pair_gives_0_and_no_nan(divisor: Divisor) -> None:
    for count, labels in ((0, free(0)), (2, torch.full((2,), IGNORED, dtype=torch.uint8))):
        student = torch.zeros(count, 3, requires_grad=True)
        told = pair_targets(
            torch.zeros(count, 4), torch.ones(count), labels, BRIDGE.to_3d, settings=CrossModal()
        )
        loss = cross_modal(student, told, divisor=divisor).mean()
        loss.backward()
        assert loss == 0
        assert student.grad is not None
        assert torch.equal(student.grad, torch.zeros(count, 3))


def test_half_precision_is_weighed_in_float32() -> None:
    told = pair_targets(
        certain(0, 2, 1, of=3).to(torch.bfloat16),
        torch.tensor([0.5, 1.0, 0.25], dtype=torch.float16),
        free(3),
        BRIDGE.to_2d,
        settings=CrossModal(),
    )
    assert told.weights.dtype == torch.float32
    torch.testing.assert_close(told.weights, told_to_2d().weights, atol=2e-3, rtol=0)
    found = cross_modal(torch.zeros(3, 4, dtype=torch.bfloat16), told)
    assert found.sum.dtype == torch.float32


def sky_image() -> tuple[Tensor, Tensor, Tensor]:
    """One row: sky, sky with a point, a road, sky that is ignored, sky that is labelled."""
    teacher = certain(1, 1, 0, 1, 1, of=4).T[None, :, None]
    covered = torch.tensor([[[False, True, False, False, False]]])
    labels = torch.tensor([[[UNLABELLED, UNLABELLED, UNLABELLED, IGNORED, 1]]])
    return teacher, covered, labels


def test_sky_is_told_where_there_is_no_point() -> None:
    teacher, covered, labels = sky_image()
    share = coverage(covered, labels)
    assert (share.sum, share.count) == (1, 4)
    told = sky_targets(teacher, covered, labels, BRIDGE, share=share.mean())
    assert told.classes.flatten().tolist() == [1, NO_TARGET, NO_TARGET, NO_TARGET, 1]
    # certainty 3 / 6, times the share of pixels with a point, 1 / 4
    torch.testing.assert_close(told.weights.flatten(), torch.tensor([0.125, 0, 0, 0, 0.125]))
    assert told.pairs == 0.5  # two pixels, each a quarter of a pair


def test_sky_joins_the_pairs_in_one_mean() -> None:
    teacher, covered, labels = sky_image()
    told = sky_targets(teacher, covered, labels, BRIDGE, share=torch.tensor(0.25))
    student = torch.zeros(1, 4, 1, 5, requires_grad=True)
    both = cross_modal(torch.zeros(3, 4), told_to_2d(), divisor="weights") + cross_modal(
        student, told, divisor="weights"
    )
    assert both.count.item() == pytest.approx(1.05 + 0.25)
    assert both.mean().item() == pytest.approx(math.log(4))
    both.mean().backward()
    assert student.grad is not None
    assert (student.grad.abs().sum(1).flatten() > 0).tolist() == [True, False, False, False, True]


def test_without_a_point_sky_weighs_nothing() -> None:
    teacher, covered, labels = sky_image()
    none = torch.zeros_like(covered)
    share = coverage(none, labels).mean()
    told = sky_targets(teacher, none, labels, BRIDGE, share=share)
    assert cross_modal(torch.zeros(1, 4, 1, 5), told).mean() == 0
