from __future__ import annotations

import pytest
import torch

from rewis3d.learning.schedule import first_beta, rate
from rewis3d.method import Optimiser


def test_linear_falls_to_nothing():
    settings = Optimiser()
    assert [rate("linear", done, settings) for done in (0.0, 0.25, 1.0)] == [1, 0.75, 0]
    assert first_beta("linear", 0.3, settings) == 0.9


def test_one_cycle_is_torch_s():
    settings = Optimiser(cycle_rise=0.25, cycle_start=10.0, cycle_end=100.0)
    weight = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.AdamW([weight], lr=1.0)
    steps = 41
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        max_lr=2.0,
        total_steps=steps,
        # torch rises in pct_start * total_steps - 1 of its total_steps - 1 intervals
        pct_start=(0.25 * (steps - 1) + 1) / steps,
        div_factor=10,
        final_div_factor=100,
    )
    for step in range(steps):
        done = step / (steps - 1)
        group = optimiser.param_groups[0]
        assert 2.0 * rate("one-cycle", done, settings) == pytest.approx(group["lr"], abs=1e-9)
        assert first_beta("one-cycle", done, settings) == pytest.approx(group["betas"][0])
        optimiser.step()
        if step < steps - 1:
            theirs.step()


@pytest.mark.parametrize("done", [-0.01, 1.01])
def test_only_shares_of_the_steps_have_a_rate(done: float):
    with pytest.raises(ValueError, match=str(done)):
        rate("linear", done, Optimiser())
