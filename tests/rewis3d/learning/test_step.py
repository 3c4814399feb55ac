"""A training step: the same however it is cut, deaf to who may not teach, repeatable."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from rewis3d.learning.lesson import Branches
from rewis3d.learning.step import Moment, Terms, make_step
from rewis3d.method import CrossModal, Losses, MeanTeacher, MethodConfig, Run
from tests.rewis3d.learning.lessons import Lessons, branches

CONFIG = MethodConfig(
    run=Run(precision="float32"),
    losses=Losses(tau=0.3),
    teacher=MeanTeacher(alpha=0.9),
)
FULLY = Moment(step=5, epoch_steps=4, done=0.5, consistency=1.0, cross_modal=1.0)


def stepped(
    made: Branches, config: MethodConfig = CONFIG, *, micro: int = 4, **lessons: Any
) -> Terms:
    batch = Lessons(**lessons).batch(0, 4)
    return make_step(made, batch, config, FULLY, seed=1, micro_batch=micro)


def still(made: Branches) -> Branches:
    """Take out what sees a batch as a whole, or draws for it as a whole."""
    assert made.points is not None
    for layer in made.points.student.modules():
        if isinstance(layer, nn.BatchNorm1d):
            layer.eval()
    made.points.student.eval()
    return made


def gradients(made: Branches) -> list[torch.Tensor]:
    found = [part.grad for _, b in made.named() for part in b.student.parameters()]
    return [grad for grad in found if grad is not None]


@pytest.mark.parametrize("micro", [1, 2, 3])
def test_pieces_have_the_gradients_of_the_whole(micro: int):
    whole, cut = still(branches()), still(branches())
    terms, same = stepped(whole), stepped(cut, micro=micro)
    for one, other in zip(gradients(whole), gradients(cut), strict=True):
        assert torch.allclose(one, other, atol=1e-6)
    assert len(gradients(whole)) > 20
    for branch, twin in ((terms.image, same.image), (terms.points, same.points)):
        assert branch is not None
        assert twin is not None
        assert torch.allclose(branch.stacked(), twin.stacked(), atol=1e-4)


def test_a_view_without_points_still_teaches_in_2d():
    made = still(branches())
    terms = stepped(made, micro=1, empty=2)
    assert terms.image.supervised.count > 0
    assert terms.points is not None
    assert terms.points.cross_modal.count == 3 * 24


def test_a_batch_without_any_point_is_one_of_2d():
    made = still(branches())
    batch = Lessons(empty=0).batch(0, 1)
    terms = make_step(made, batch, CONFIG, FULLY, seed=1, micro_batch=1)
    assert terms.points is not None
    assert [term.count.item() for term in terms.points.terms()] == [0] * 5
    assert terms.image.supervised.sum.isfinite()


def test_teachers_follow_and_get_no_gradient():
    made = branches()
    before = [part.clone() for part in made.image.teacher.network.parameters()]
    stepped(made)
    for _, branch in made.named():
        assert all(part.grad is None for part in branch.teacher.network.parameters())
    share = min(0.9, 1 - 1 / (FULLY.step + 1))
    students = made.image.student.parameters()
    for old, new, student in zip(
        before, made.image.teacher.network.parameters(), students, strict=True
    ):
        assert torch.allclose(new, share * old + (1 - share) * student, atol=1e-6)


def test_no_teacher_is_asked_where_nobody_listens(monkeypatch: pytest.MonkeyPatch):
    made = branches()

    def asked(*_: object) -> None:
        raise AssertionError("a teacher was asked")

    for _, branch in made.named():
        monkeypatch.setattr(branch, "teach", asked)
    silent = replace(CONFIG, losses=Losses(consistency=False))
    moment = replace(FULLY, cross_modal=0.0)
    terms = make_step(made, Lessons().batch(0, 2), silent, moment, seed=1, micro_batch=2)
    assert terms.image.consistency.count == terms.image.cross_modal.count == 0


def test_a_rehearsal_changes_nothing_but_what_a_step_takes():
    quiet = replace(FULLY, consistency=0.0, cross_modal=0.0)
    found = []
    for moment in (quiet, replace(quiet, rehearsal=True)):
        made = still(branches())
        terms = make_step(made, Lessons().batch(0, 4), CONFIG, moment, seed=1, micro_batch=4)
        found.append((terms.image.cross_modal.count > 0, gradients(made)))
    (heard, expected), (rehearsed, same) = found
    assert not heard
    assert rehearsed
    assert all(torch.equal(one, other) for one, other in zip(expected, same, strict=True))


def test_cross_modal_weight_reaches_both_students():
    moved = {}
    for weight in (0.0, 5.0):
        made = branches()
        config = replace(CONFIG, cross_modal=CrossModal(lambda_2d=weight, lambda_3d=weight))
        stepped(made, config)
        moved[weight] = [part.detach() for _, b in made.named() for part in b.student.parameters()]
    changed = [not torch.equal(a, b) for a, b in zip(moved[0.0], moved[5.0], strict=True)]
    assert sum(changed) > 0.9 * len(changed)


def test_everything_random_is_a_function_of_seed_and_step():
    one, same, other = branches(), branches(), branches()
    first, second = stepped(one), stepped(same)
    third = make_step(other, Lessons().batch(0, 4), CONFIG, FULLY, seed=2, micro_batch=4)
    assert first.points is not None
    assert second.points is not None
    assert third.points is not None
    assert torch.equal(first.points.stacked(), second.points.stacked())
    assert not torch.equal(first.points.stacked(), third.points.stacked())


def test_2d_alone_needs_no_cloud():
    made = branches(points=False)
    terms = make_step(made, Lessons().batch(0, 2), CONFIG, FULLY, seed=1, micro_batch=1)
    assert terms.points is None
    assert terms.image.cross_modal.count == 0
    assert terms.image.consistency.count > 0
