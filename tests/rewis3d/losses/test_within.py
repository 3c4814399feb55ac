"""The losses within a branch: worked out by hand, against slow twins, and what they leave alone."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rewis3d.losses.within import confident, consistency, labelled, supervised, unlabelled
from rewis3d.method import Average, Over
from rewis3d.types import IGNORED, UNLABELLED

LN3 = math.log(3)
QUARTERS = torch.tensor([LN3, 0.0])
"""Logits of the probabilities 3/4 and 1/4."""
HALVES = torch.zeros(2)
KL = 0.75 * math.log(3 / 2) + 0.25 * math.log(1 / 2)
"""Of the halves from the quarters: 0.1308."""


def labels_of(*values: int) -> Tensor:
    return torch.tensor(values, dtype=torch.uint8)


def some(seed: int, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(*shape, generator=random).to(dtype)


def test_cross_entropy_worked_out_by_hand() -> None:
    logits = torch.stack([QUARTERS, QUARTERS, HALVES, QUARTERS, QUARTERS])
    found = supervised(logits, labels_of(0, 1, 1, UNLABELLED, IGNORED))
    # -ln 3/4, -ln 1/4, -ln 1/2: 0.2877 + 1.3863 + 0.6931
    assert found.sum.item() == pytest.approx(2.3671, abs=1e-4)
    assert found.count == 3


def test_divergence_worked_out_by_hand() -> None:
    student = torch.stack([HALVES, QUARTERS, HALVES, HALVES])
    teacher = QUARTERS.expand(4, 2)
    labels = labels_of(UNLABELLED, UNLABELLED, 0, IGNORED)
    found = consistency(student, teacher, labels)
    assert found.sum.item() == pytest.approx(0.1308, abs=1e-4)  # the second one agrees
    assert found.count == 2
    assert consistency(student, teacher, labels, over="pixels and classes").count == 4
    # the other way round it is another number: 1/2 ln(2/3) + 1/2 ln 2 = 0.1438
    reverse = consistency(QUARTERS[None], HALVES[None], labels_of(UNLABELLED))
    assert reverse.sum.item() == pytest.approx(0.1438, abs=1e-4)


def test_sureness_worked_out_by_hand() -> None:
    teacher = torch.stack([QUARTERS, HALVES, HALVES, QUARTERS, QUARTERS, -QUARTERS])
    labels = labels_of(UNLABELLED, UNLABELLED, UNLABELLED, 1, IGNORED, UNLABELLED)
    share = confident(teacher, labels, 0.7)
    assert (share.sum, share.count) == (2, 4)  # the first and the last one
    everywhere = confident(teacher, labels, 0.7, over="all")
    assert (everywhere.sum, everywhere.count) == (3, 5)
    assert confident(teacher, labels, 0.5).mean() == 1.0
    assert confident(teacher, labels, 0.76).mean() == 0.0


LABELS = st.lists(st.sampled_from([0, 1, 2, UNLABELLED, IGNORED]), min_size=12, max_size=12)


@given(LABELS, st.integers(0, 100))
def test_images_are_summed_like_loops_over_their_pixels(values: list[int], seed: int) -> None:
    labels = labels_of(*values).reshape(2, 2, 3)
    student, teacher = some(seed, 2, 3, 2, 3), some(seed + 1, 2, 3, 2, 3)
    entropy = divergence = sure = 0.0
    for b, row, column in torch.cartesian_prod(*(torch.arange(n) for n in (2, 2, 3))).tolist():
        label = labels[b, row, column].item()
        q = student[b, :, row, column].softmax(0).tolist()
        p = teacher[b, :, row, column].softmax(0).tolist()
        if label == UNLABELLED:
            divergence += sum(
                each * math.log(each / other) for each, other in zip(p, q, strict=True)
            )
            sure += max(p) >= 0.8
        elif label != IGNORED:
            entropy -= math.log(q[int(label)])
    assert supervised(student, labels).sum.item() == pytest.approx(entropy, abs=1e-4)
    assert consistency(student, teacher, labels).sum.item() == pytest.approx(divergence, abs=1e-4)
    assert confident(teacher, labels, 0.8).sum == sure
    assert supervised(student, labels).count == sum(value <= 2 for value in values)
    assert consistency(student, teacher, labels).count == values.count(UNLABELLED)


def test_points_are_like_the_pixels_of_an_image() -> None:
    student, teacher = some(0, 2, 3, 4, 5), some(1, 2, 3, 4, 5)
    labels = (some(2, 2, 4, 5).abs() * 2).long().clamp(max=3)
    labels[labels == 3] = UNLABELLED
    s, t = (part.movedim(1, -1).reshape(-1, 3) for part in (student, teacher))
    flat = labels.reshape(-1)
    torch.testing.assert_close(supervised(student, labels).mean(), supervised(s, flat).mean())
    torch.testing.assert_close(
        consistency(student, teacher, labels).mean(), consistency(s, t, flat).mean()
    )


def test_no_gradient_reaches_a_teacher_or_an_ignored_pixel() -> None:
    student, teacher = (some(seed, 5, 3).requires_grad_() for seed in (0, 1))
    labels = labels_of(0, UNLABELLED, IGNORED, UNLABELLED, 2)
    loss = supervised(student, labels).sum + consistency(student, teacher, labels).sum
    loss.backward()
    assert teacher.grad is None
    assert student.grad is not None
    touched = student.grad.abs().sum(1) > 0
    assert touched.tolist() == [True, True, False, True, True]
    assert not confident(teacher, labels, 0.5).sum.requires_grad


def test_gradients_are_those_of_the_formulas() -> None:
    labels = labels_of(0, UNLABELLED, UNLABELLED, 2)
    student = some(0, 4, 3, dtype=torch.float64).requires_grad_()
    teacher = some(1, 4, 3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: supervised(x, labels).sum, student)
    assert torch.autograd.gradcheck(lambda x: consistency(x, teacher, labels).sum, student)


@pytest.mark.parametrize("values", [(), (UNLABELLED, UNLABELLED), (IGNORED, IGNORED), (0, 1)])
def test_empty_sets_give_0_and_no_nan(values: tuple[int, ...]) -> None:
    student = some(0, len(values), 3).requires_grad_()
    teacher, labels = some(1, len(values), 3), labels_of(*values)
    loss = supervised(student, labels).mean() + consistency(student, teacher, labels).mean()
    loss.backward()
    assert torch.isfinite(loss)
    assert student.grad is not None
    assert torch.isfinite(student.grad).all()
    assert torch.isfinite(confident(teacher, labels, 0.9).mean())
    if UNLABELLED not in values:
        assert consistency(student, teacher, labels).sum == 0
        assert confident(teacher, labels, 0.0).mean() == 0
    if not {0, 1} & set(values):
        assert supervised(student, labels).sum == 0


def test_a_class_that_the_teacher_rules_out_does_no_harm() -> None:
    """A silenced class has a logit of -1000: its probability is 0, its logarithm is not."""
    student = torch.tensor([[0.0, 1.0, -1e3]], requires_grad=True)
    found = consistency(student, torch.tensor([[1.0, 0.0, -1e3]]), labels_of(UNLABELLED))
    found.sum.backward()
    assert found.sum.item() == pytest.approx(math.tanh(0.5), abs=1e-5)  # (p - q) ln(p / q)
    assert student.grad is not None
    assert torch.isfinite(student.grad).all()


def test_half_precision_is_summed_in_float32() -> None:
    """4096 losses of ln 2 in bfloat16 would stick at 256, where a step is 2."""
    logits = torch.zeros(4096, 2, dtype=torch.bfloat16, requires_grad=True)
    labels = torch.zeros(4096, dtype=torch.int64)
    found = supervised(logits, labels)
    assert found.sum.dtype == torch.float32
    assert found.mean().item() == pytest.approx(math.log(2), abs=1e-5)
    found.mean().backward()
    assert logits.grad is not None
    assert logits.grad.dtype == torch.bfloat16
    teacher = QUARTERS.to(torch.bfloat16).expand(4096, 2)
    same = consistency(logits, teacher, torch.full((4096,), UNLABELLED))
    assert same.sum.dtype == torch.float32
    assert same.mean().item() == pytest.approx(KL, abs=2e-3)  # ln 3 itself is rounded


@pytest.mark.parametrize(("over", "count"), [("pixels", 2), ("pixels and classes", 14)])
def test_what_is_counted(over: Average, count: int) -> None:
    labels = labels_of(UNLABELLED, 3, IGNORED, UNLABELLED, 0)
    assert unlabelled(labels, 7, over=over) == count
    assert labelled(labels).tolist() == [False, True, False, False, True]


@pytest.mark.parametrize(("over", "asked"), [("unlabelled", 2), ("all", 4)])
def test_an_ignored_pixel_is_asked_nothing(over: Over, asked: int) -> None:
    labels = labels_of(UNLABELLED, 3, IGNORED, UNLABELLED, 0)
    assert confident(some(0, 5, 4), labels, 0.5, over=over).count == asked
