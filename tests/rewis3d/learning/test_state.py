from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from rewis3d.learning.state import (
    STATE_FILE,
    Progressed,
    Verdict,
    drop_state,
    load_state,
    save_state,
)
from rewis3d.reports import Rival, Scores
from rewis3d.types import Rewis3dError

SCORES = Scores(0.5, 0.75, {"road": 0.5, "car": None}, 40, Rival(1, 0.25, 0.5, 2, 40))
HALFWAY = Progressed(
    step=3, steps=6, seconds=1.5, micro_batch=2, job="one", verdict=Verdict("teacher", SCORES)
)


class Trained:
    """A network with a norm, and AdamW on it."""

    def __init__(self, width: int = 4) -> None:
        torch.manual_seed(0)
        self.linear = nn.Linear(3, width)
        self.network = nn.Sequential(self.linear, nn.BatchNorm1d(width))
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=0.1)

    def step(self, step: int) -> float:
        inputs = torch.randn(8, 3, generator=torch.Generator().manual_seed(step))
        loss = self.network(inputs).square().mean() + self.linear.weight.sum()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return loss.item()

    def save(self, folder: Path) -> None:
        save_state(folder, HALFWAY, **self.parts())

    def load(self, folder: Path, job: str = "one") -> Progressed | None:
        return load_state(folder, job, **self.parts())

    def parts(self) -> dict[str, dict]:
        return {"networks": {"image": self.network}, "optimisers": {"image": self.optimiser}}


def test_a_training_goes_on_to_the_very_same_losses(tmp_path: Path):
    whole, cut = Trained(), Trained()
    losses = [whole.step(step) for step in range(6)]
    for step in range(3):
        cut.step(step)
    cut.save(tmp_path)
    again = Trained()
    assert again.load(tmp_path) == HALFWAY
    assert [again.step(step) for step in range(3, 6)] == losses[3:]


def test_no_state_and_another_job_s_are_none(tmp_path: Path):
    assert Trained().load(tmp_path) is None
    Trained().save(tmp_path)
    fresh, untouched = Trained(), Trained()
    assert fresh.load(tmp_path, job="other") is None
    assert torch.equal(fresh.linear.weight, untouched.linear.weight)
    drop_state(tmp_path)
    drop_state(tmp_path)  # twice is no error
    assert not list(tmp_path.iterdir())


def test_a_broken_file_and_other_networks_are_named(tmp_path: Path):
    Trained().save(tmp_path)
    with pytest.raises(Rewis3dError, match=STATE_FILE):
        Trained(width=5).load(tmp_path)
    (tmp_path / STATE_FILE).write_bytes(b"\x00" * 40)
    with pytest.raises(Rewis3dError, match=STATE_FILE):
        Trained().load(tmp_path)
