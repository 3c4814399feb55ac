"""How long a training is and where it is: lengths in steps, epochs or minutes become steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from rewis3d.learning.step import Moment
from rewis3d.losses.branch import ramp
from rewis3d.method import MethodConfig

MEASURED: Final = 6
"""A training by minutes makes so many steps before it knows how many fit; the first one, in which
much is set up, does not count."""
FEWEST: Final = 20
"""It makes so many at least."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a training's moments are counted in."""

    config: MethodConfig
    views: int
    """In an epoch."""
    warm: bool
    """Both branches start from networks that were trained before."""

    @property
    def epoch_steps(self) -> int:
        """Steps that an epoch has, begun ones included."""
        return math.ceil(self.views / self.config.run.batch)

    def steps(self) -> int | None:
        """Return how many steps there are; None where minutes count and none was made yet."""
        run = self.config.run
        if run.epochs:
            return math.ceil(run.epochs * self.views / run.batch)
        return run.steps or None

    def steps_that_fit(self, seconds: float, measured: int) -> int:
        """Return how many fit into the minutes where `measured` ones took `seconds`."""
        return max(FEWEST, round(60 * self.config.run.minutes * measured / seconds))

    def moment(self, step: int, steps: int | None) -> Moment:
        """Return where in the training a step is; at its start as long as the steps are unknown.

        Those are measured: they take as long as the later ones, in which all losses have weight.
        """
        at, whole = (0, 1) if steps is None else (step, steps)
        losses, between = self.config.losses, self.config.cross_modal
        start = between.cmc_start_warm if self.warm else between.cmc_start
        return Moment(
            step=step,
            epoch_steps=self.epoch_steps,
            done=at / whole,
            consistency=ramp(
                at, whole, start=losses.consistency_start, length=losses.consistency_ramp
            ),
            cross_modal=ramp(
                at, whole, start=start, length=between.cmc_ramp, stairs=between.cmc_stairs
            ),
            temporal=self.asks(step, steps),
            rehearsal=steps is None,
        )

    def sky_begins(self, step: int, steps: int | None) -> bool:
        """Say whether the losses between the branches begin with this step."""
        before = self.moment(step - 1, steps).cross_modal if step else 0.0
        return before == 0 < self.moment(step, steps).cross_modal

    def asks(self, step: int, steps: int | None) -> bool:
        """Say whether the teacher has been asked before this step what frames tell each other.

        Where the steps are not known yet it has, if it is asked at all before the first one.
        """
        settings = self.config.temporal
        if not settings.temporal or (steps is None and settings.temporal_start > 0):
            return False
        return step >= math.floor(settings.temporal_start * (steps or 0))

    def judges(self, step: int, steps: int | None) -> bool:
        """Say whether the held-out labels have judged before this step; then they are learnt."""
        return steps is not None and step >= math.floor(self.config.run.judge_at * steps)
