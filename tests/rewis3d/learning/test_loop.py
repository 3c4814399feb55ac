"""The loop: how long, what is learnt when, and going on after a kill to the very same numbers."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from rewis3d.learning import loop
from rewis3d.learning.lesson import Branches
from rewis3d.learning.loop import Material, Place, learn
from rewis3d.learning.plan import FEWEST, MEASURED, Plan
from rewis3d.learning.state import Verdict
from rewis3d.learning.step import Moment, make_step
from rewis3d.method import CrossModal, Losses, MethodConfig, Run, Temporal
from rewis3d.reports import Point, Progress, Scores
from rewis3d.types import Rewis3dError
from tests.rewis3d.learning.lessons import Lessons, branches

RUN = Run(epochs=0, steps=10, batch=2, micro_batch=2, precision="float32", judge_at=0.8)
CONFIG = MethodConfig(
    run=RUN, losses=Losses(tau=0.3), cross_modal=CrossModal(cmc_start=0.3, cmc_ramp=0.2)
)
SCORES = Scores(0.5, 0.5, {}, 10)


class Judged:
    """A judge that remembers when it was asked, and what the student looked like."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, _: Branches) -> Generator[Progress, None, Verdict]:
        self.asked += 1
        yield Progress("judging", 1, 1)
        return Verdict("teacher", SCORES)


def place(folder: Path, job: str = "job") -> Place:
    return Place(folder, job, seed=3, device=torch.device("cpu"))


class Asked:
    """Asks nobody, and counts how often it was to."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, _: Branches) -> Generator[Progress, None, None]:
        self.times += 1
        yield Progress("asking", 0, 1)


def trained(
    folder: Path,
    config: MethodConfig = CONFIG,
    *,
    stop_after: int | None = None,
    ask: Asked | None = None,
) -> tuple[list[Point | Progress], Branches, Judged, tuple[Lessons, Lessons]]:
    """Train, or until some reports have come: as a killed training leaves it."""
    made, judge = branches(), Judged()
    lessons = Lessons(seed=1), Lessons(seed=2)
    material = Material(*(each.batch for each in lessons))
    plan = Plan(config, views=4, warm=False)
    reports = learn(made, plan, material, judge=judge, ask=ask or Asked(), place=place(folder))
    seen: list[Point | Progress] = []
    for report in reports:
        seen.append(report)
        if stop_after is not None and len(seen) >= stop_after:
            reports.close()
            break
    return seen, made, judge, lessons


def curves(reports: list[Point | Progress]) -> dict[tuple[str, int], float]:
    return {(one.series, one.step): one.value for one in reports if isinstance(one, Point)}


def test_a_training_tells_its_terms_and_how_far_it_is(tmp_path: Path):
    reports, *_ = trained(tmp_path)
    told = curves(reports)
    assert {series for series, _ in told} == {
        f"{what}, {branch}"
        for what in ("supervised", "consistency", "sure", "cross-modal")
        for branch in ("2D", "3D")
    }
    assert min(step for series, step in told if series == "cross-modal, 2D") == 5  # after 30 %
    progress = [one for one in reports if isinstance(one, Progress) and one.stage == "learning"]
    assert [(one.done, one.total) for one in progress] == [(step, 10) for step in range(1, 11)]
    assert progress[-1].eta_seconds == 0


def test_held_out_labels_are_learnt_once_they_have_judged(tmp_path: Path):
    _, _, judge, (without_judge, everything) = trained(tmp_path)
    assert judge.asked == 1
    assert without_judge.asked == list(range(8))
    assert min(everything.asked) == 8


def test_the_teacher_is_asked_once_and_batches_made_ahead_are_made_anew(tmp_path: Path):
    told = Temporal(temporal=True, temporal_start=0.4)
    ask = Asked()
    _, _, _, (without_judge, _) = trained(tmp_path, replace(CONFIG, temporal=told), ask=ask)
    assert ask.times == 1
    assert sorted(set(without_judge.asked)) == list(range(8))
    again = without_judge.asked[without_judge.asked.index(3) + 1 :]
    assert again.count(4) == 2  # before the answer, and with it


def test_nobody_is_asked_unless_the_settings_say_so(tmp_path: Path):
    trained(tmp_path, ask=(ask := Asked()))
    assert ask.times == 0


@pytest.mark.parametrize("stop_after", [30, 70])
def test_a_killed_training_goes_on_to_the_same_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_after: int
):
    whole, expected, *_ = trained(tmp_path / "whole")
    monkeypatch.setattr(loop, "SAVE_SECONDS", 0.0)  # a state for each step
    trained(tmp_path / "cut", stop_after=stop_after)
    rest, made, _, _ = trained(tmp_path / "cut")
    assert curves(rest).items() <= curves(whole).items()
    assert len(curves(rest)) < len(curves(whole))
    for (_, one), (_, other) in zip(made.named(), expected.named(), strict=True):
        pairs = zip(one.student.parameters(), other.student.parameters(), strict=True)
        assert all(torch.equal(ours, theirs) for ours, theirs in pairs)


def test_a_finished_training_is_not_made_again(tmp_path: Path):
    trained(tmp_path)
    reports, _, judge, _ = trained(tmp_path)
    assert curves(reports) == {}
    assert judge.asked == 0


def test_minutes_become_steps_that_fit(tmp_path: Path):
    config = replace(CONFIG, run=replace(RUN, steps=0, minutes=1e-4))
    reports, *_ = trained(tmp_path, config)
    totals = [one.total for one in reports if isinstance(one, Progress)]
    assert totals[0] == 0  # not known yet
    assert totals[-1] == FEWEST  # 6 ms are too few for any


def test_steps_are_measured_with_all_that_later_ones_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked: list[int] = []

    def listening(made: Branches, batch: Any, config: Any, moment: Moment, **options: Any) -> Any:
        terms = make_step(made, batch, config, moment, **options)
        if moment.rehearsal:
            asked.append(int(terms.image.cross_modal.count))
            assert moment.cross_modal == 0
        return terms

    monkeypatch.setattr(loop, "make_step", listening)
    config = replace(CONFIG, run=replace(RUN, steps=0, minutes=1e-4))
    reports, *_ = trained(tmp_path, config)
    assert len(asked) == MEASURED + 1
    assert min(asked) > 0
    # and what is measured is not told as if it counted
    assert min(step for series, step in curves(reports) if series == "cross-modal, 2D") > 6


class Greedy:
    """Steps that run out of memory above some views at a time."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.asked: list[int] = []

    def __call__(self, *arguments: Any, micro_batch: int, **options: Any) -> Any:
        self.asked.append(micro_batch)
        if micro_batch > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return make_step(*arguments, micro_batch=micro_batch, **options)


def test_where_memory_runs_out_pieces_are_halved_and_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(loop, "make_step", greedy := Greedy(1))
    config = replace(CONFIG, run=replace(RUN, steps=3, batch=4, micro_batch=4))
    reports, *_ = trained(tmp_path, config)
    assert greedy.asked == [4, 2, 1, 1, 1]
    stages = {one.stage for one in reports if isinstance(one, Progress)} - {"judging"}
    assert stages == {"learning, in pieces of 1 for want of memory"}


def test_a_view_that_does_not_fit_alone_is_an_error_with_a_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(loop, "make_step", Greedy(0))
    with pytest.raises(Rewis3dError, match="crop_height"):
        trained(tmp_path)
