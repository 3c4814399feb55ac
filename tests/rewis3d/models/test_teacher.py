"""A teacher is the mean of its student's weights, and learns in no other way."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from rewis3d.method import MeanTeacher
from rewis3d.models.teacher import Teacher, share_kept


def network() -> nn.Sequential:
    """A network with parameters, float buffers and a buffer that counts."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))


def shifted(student: nn.Module, by: float) -> None:
    with torch.no_grad():
        for part in student.parameters():
            part.add_(by)


def test_shares_that_stay_worked_out_by_hand() -> None:
    settings = MeanTeacher(alpha=0.9)
    kept = [share_kept(settings, step=step, epoch_steps=2) for step in (0, 1, 2, 8, 9, 10, 500)]
    assert kept == pytest.approx([0, 1 / 2, 2 / 3, 8 / 9, 0.9, 0.9, 0.9])


def test_a_warm_up_of_each_epoch_begins_anew() -> None:
    settings = MeanTeacher(alpha=0.999, warm_up="epoch")
    kept = [share_kept(settings, step=step, epoch_steps=3) for step in range(7)]
    assert kept == pytest.approx([0, 1 / 2, 2 / 3, 0, 1 / 2, 2 / 3, 0])


def test_the_warm_up_is_the_mean_of_all_students_so_far() -> None:
    student = nn.Linear(2, 2)
    teacher = Teacher(student, MeanTeacher(alpha=0.99))
    seen: list[Tensor] = []
    for step in range(5):
        shifted(student, 0.5 * step - 1)
        seen.append(student.weight.detach().clone())
        teacher.follow(student, step=step, epoch_steps=100)
    torch.testing.assert_close(teacher.network.weight, torch.stack(seen).mean(0))


def test_a_step_after_the_warm_up_worked_out_by_hand() -> None:
    student = nn.Linear(1, 1, bias=False)
    nn.init.constant_(student.weight, 2.0)
    teacher = Teacher(student, MeanTeacher(alpha=0.75))
    nn.init.constant_(student.weight, 4.0)
    teacher.follow(student, step=1000, epoch_steps=10)
    assert next(teacher.network.parameters()).item() == 2.5  # 0.75 * 2 + 0.25 * 4


def test_the_first_step_makes_it_the_student_to_the_bit() -> None:
    student = network()
    teacher = Teacher(student, MeanTeacher())
    shifted(student, 1e-3)
    teacher.follow(student, step=0, epoch_steps=10)
    for mine, its in zip(teacher.network.parameters(), student.parameters(), strict=True):
        assert torch.equal(mine, its)


def test_buffers_are_copied_not_averaged() -> None:
    student = network()
    teacher = Teacher(student, MeanTeacher())
    for _ in range(3):
        student(torch.randn(8, 3))
    teacher.follow(student, step=1000, epoch_steps=10)
    for mine, its in zip(teacher.network.buffers(), student.buffers(), strict=True):
        assert torch.equal(mine, its)
        assert mine is not its


def test_the_student_is_left_as_it_was() -> None:
    student = network().train()
    before = copy.deepcopy(student.state_dict())
    teacher = Teacher(student, MeanTeacher())
    teacher.follow(student, step=3, epoch_steps=10)
    teacher(torch.randn(5, 3))
    assert student.training
    assert all(part.requires_grad for part in student.parameters())
    for key, value in student.state_dict().items():
        assert torch.equal(value, before[key])


def test_in_eval_mode_it_predicts_the_same_each_time() -> None:
    inputs = torch.randn(6, 3)
    teacher = Teacher(network().train(), MeanTeacher())
    assert torch.equal(teacher(inputs), teacher(inputs))
    assert torch.equal(teacher(inputs[:1]), teacher(inputs)[:1])  # norms don't use the batch


def test_in_train_mode_dropout_is_on() -> None:
    inputs = torch.randn(6, 3)
    teacher = Teacher(network().eval(), MeanTeacher(teacher_mode="train"))
    assert not torch.equal(teacher(inputs), teacher(inputs))


def test_no_gradient_reaches_it() -> None:
    student = network()
    inputs = torch.randn(6, 3, requires_grad=True)
    student(inputs).sum().backward()
    teacher = Teacher(student, MeanTeacher())
    assert all(part.grad is None for part in teacher.network.parameters())  # not the copied one
    assert not teacher(inputs).requires_grad
    ((teacher(inputs) - student(inputs)) ** 2).sum().backward()
    teacher.follow(student, step=0, epoch_steps=1)
    for part in teacher.network.parameters():
        assert part.grad is None
        assert not part.requires_grad


def test_its_networks_state_is_all_there_is_to_go_on_with() -> None:
    student = network()
    teacher, again = Teacher(student, MeanTeacher()), Teacher(network(), MeanTeacher())
    shifted(student, 0.1)
    teacher.follow(student, step=7, epoch_steps=10)
    again.network.load_state_dict(teacher.network.state_dict())
    shifted(student, 0.1)
    for one in (teacher, again):
        one.follow(student, step=8, epoch_steps=10)
    inputs = torch.randn(6, 3)
    assert torch.equal(teacher(inputs), again(inputs))


def test_a_frozen_copy_follows_no_more() -> None:
    student, inputs = network(), torch.randn(6, 3)
    teacher = Teacher(student, MeanTeacher(teacher_mode="train"))
    frozen = teacher.frozen()
    before = frozen(inputs)
    shifted(student, 1.0)
    teacher.follow(student, step=0, epoch_steps=1)
    assert not frozen.training
    assert not before.requires_grad
    assert torch.equal(frozen(inputs), before)
