"""Stochastic depth of tokens; the rest of a block is tested with the network."""

from __future__ import annotations

import torch

from rewis3d.models.point_block import dropped


def test_a_share_of_the_tokens_is_left_out_whole_and_the_mean_stays() -> None:
    x = torch.ones(10_000, 3)
    found = dropped(x, 0.3, torch.Generator().manual_seed(0))
    assert {round(value, 6) for value in found.unique().tolist()} == {0.0, round(1 / 0.7, 6)}
    assert (found == found[:, :1]).all()
    assert abs(float(found.mean()) - 1) < 0.02


def test_the_generator_alone_decides() -> None:
    x = torch.ones(50, 1)
    one, same, other = (dropped(x, 0.5, torch.Generator().manual_seed(s)) for s in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_nothing_is_left_out_without_a_rate_or_a_generator() -> None:
    x = torch.randn(5, 2)
    assert dropped(x, 0.0, torch.Generator()) is x
    assert dropped(x, 0.5, None) is x
