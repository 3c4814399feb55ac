"""The training loop: step after step, judged on the way, and able to go on after a kill."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import torch
from torch import nn
from torch.optim import Optimizer

from rewis3d.batch import Batch
from rewis3d.learning.branches import paced
from rewis3d.learning.curves import Curves
from rewis3d.learning.lesson import Branches
from rewis3d.learning.plan import MEASURED, Plan
from rewis3d.learning.state import Progressed, Verdict, load_state, save_state
from rewis3d.learning.step import Moment, Terms, make_step
from rewis3d.prefetch import prefetched
from rewis3d.reports import Point, Progress
from rewis3d.types import Rewis3dError

LEARNING: Final = "learning"
SAVE_SECONDS: Final = 60.0
"""What a kill costs at most."""
_POINTS: Final = 200
"""A training reports about so many points of each curve."""

Judge = Callable[[Branches], Generator[Progress, None, Verdict]]
"""Compares the 2D student with its teacher on the held-out labels."""


Ask = Callable[[Branches], Generator[Progress, None, None]]
"""Asks the 2D teacher what frames tell each other; does nothing where that was done."""

Batches = Callable[[int, int], Batch]
"""Makes the batch of a step, of so many views."""


@dataclass(frozen=True, slots=True)
class Material:
    """What a training learns from, before and after the held-out labels have judged it."""

    without_judge: Batches
    everything: Batches


@dataclass(frozen=True, slots=True)
class Place:
    """Where a training keeps its state, and what it is one of."""

    folder: Path
    job: str
    """What identifies the job: the state of another one is not gone on with."""
    seed: int
    device: torch.device


def learn(
    branches: Branches, plan: Plan, material: Material, *, judge: Judge, ask: Ask, place: Place
) -> Generator[Progress | Point, None, Verdict]:
    """Train until the plan's end, and return the verdict; goes on where a killed training was.

    Rewis3dError where a single view is too much for the memory.
    """
    progress = _begun(branches, plan, place)
    supply = _Supply(plan, material, progress)
    curves, saved, asked = Curves(), time.monotonic(), False
    try:
        while progress.steps is None or progress.step < progress.steps:
            if progress.verdict is None and plan.judges(progress.step, progress.steps):
                progress = replace(progress, verdict=(yield from judge(branches)))
                saved = 0.0
            if not asked and plan.asks(progress.step, progress.steps):
                yield from ask(branches)
                asked = True
                supply.begin(progress)  # batches made ahead know nothing of what is told now
            if time.monotonic() - saved >= SAVE_SECONDS:
                _save(branches, progress, place)
                saved = time.monotonic()
            started = time.monotonic()
            progress, terms = _stepped(branches, supply.next(), plan, progress, place)
            if progress.steps is not None:  # a rehearsal is none of the curve
                curves.add(terms)
            progress = _counted(progress, plan, time.monotonic() - started)
            supply.steps = progress.steps
            yield from _told(progress, plan, curves)
    finally:
        supply.close()
    verdict = progress.verdict or (yield from judge(branches))
    _save(branches, replace(progress, verdict=verdict), place)
    return verdict


class _Supply:
    """The batches of the steps to come; a thread makes some of them ahead."""

    def __init__(self, plan: Plan, material: Material, progress: Progressed) -> None:
        self.steps = progress.steps
        """How many there are, for that thread: None until it is known."""
        self._plan = plan
        self._material = material
        self._batches = self._from(progress.step)

    def begin(self, progress: Progressed) -> None:
        """Make anew what was made ahead."""
        self.close()
        self._batches = self._from(progress.step)

    def next(self) -> Batch:
        """Return the next step's batch."""
        return next(self._batches)

    def close(self) -> None:
        """Wait for what is being made, and make no more."""
        self._batches.close()

    def _from(self, step: int) -> Generator[Batch, None, None]:
        return prefetched(self._batch, itertools.count(step))

    def _batch(self, step: int) -> Batch:
        judged = self._plan.judges(step, self.steps)
        make = self._material.everything if judged else self._material.without_judge
        return make(step, self._plan.config.run.batch)


def _begun(branches: Branches, plan: Plan, place: Place) -> Progressed:
    """Return how far the job's training is; its networks and optimisers are as they were then."""
    found = load_state(
        place.folder,
        place.job,
        networks=_networks(branches),
        optimisers=_optimisers(branches),
    )
    if found is not None:
        return found
    micro = plan.config.run.micro_batch
    return Progressed(0, plan.steps(), seconds=0.0, micro_batch=micro, job=place.job)


def _save(branches: Branches, progress: Progressed, place: Place) -> None:
    save_state(
        place.folder,
        progress,
        networks=_networks(branches),
        optimisers=_optimisers(branches),
    )


def _networks(branches: Branches) -> dict[str, nn.Module]:
    found = {"sky": branches.sky} if branches.sky is not None else {}
    for name, branch in branches.named():
        found[f"{name}.student"] = branch.student
        found[f"{name}.teacher"] = branch.teacher.network
    return found


def _optimisers(branches: Branches) -> dict[str, Optimizer]:
    return {name: branch.optimiser for name, branch in branches.named()}


def _stepped(
    branches: Branches, batch: Batch, plan: Plan, progress: Progressed, place: Place
) -> tuple[Progressed, Terms]:
    """Make a step, in smaller pieces where memory runs out."""
    moment = plan.moment(progress.step, progress.steps)
    if branches.sky is not None and plan.sky_begins(progress.step, progress.steps):
        branches.sky.load_state_dict(branches.image.teacher.network.state_dict())
    _pace(branches, plan, moment)
    there, micro = batch.to(place.device), progress.micro_batch
    while True:
        try:
            terms = make_step(
                branches, there, plan.config, moment, seed=place.seed, micro_batch=micro
            )
            return replace(progress, micro_batch=micro), terms
        except torch.OutOfMemoryError as error:
            if micro == 1:
                raise Rewis3dError(
                    "one view at a time is too much for the memory: set fewer points, and a smaller"
                    " crop_height and crop_width (lite: longest)"
                ) from error
        micro = (micro + 1) // 2  # outside of the handler, which keeps the tensors alive
        torch.cuda.empty_cache()


def _pace(branches: Branches, plan: Plan, moment: Moment) -> None:
    settings = plan.config.optimiser
    paced(branches.image.optimiser, settings.schedule_2d, moment.done, settings)
    if branches.points is not None:
        paced(branches.points.optimiser, settings.schedule_3d, moment.done, settings)


def _counted(progress: Progressed, plan: Plan, seconds: float) -> Progressed:
    """Return the progress after one more step, which took so long."""
    steps, step = progress.steps, progress.step + 1
    spent = progress.seconds + seconds if step > 1 else 0.0  # the first one sets things up
    if steps is None and step > MEASURED:
        steps = plan.steps_that_fit(spent, step - 1)
    return replace(progress, step=step, steps=steps, seconds=spent)


def _told(progress: Progressed, plan: Plan, curves: Curves) -> Iterator[Progress | Point]:
    """Yield how far it is, and every now and then a point of each curve."""
    if progress.steps is None:
        yield Progress(LEARNING, progress.step, 0)
        return
    if progress.step % max(1, progress.steps // _POINTS) == 0:
        yield from curves.points(progress.step)
    stage = LEARNING
    if progress.micro_batch < plan.config.run.micro_batch:
        stage = f"{LEARNING}, in pieces of {progress.micro_batch} for want of memory"
    eta = progress.seconds / max(1, progress.step - 1) * (progress.steps - progress.step)
    yield Progress(stage, progress.step, progress.steps, eta)
