"""Sums and counts add up, whatever they are of."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from rewis3d.losses.term import Term, awaited, wide


def term(total: float, count: float) -> Term:
    return Term(torch.tensor(total), torch.tensor(count, dtype=torch.float64))


def test_a_mean_of_parts_worked_out_by_hand() -> None:
    joined = term(3.0, 2) + term(5.0, 6)
    assert (joined.sum, joined.count) == (8.0, 8.0)
    assert joined.mean() == 1.0  # not the mean of 1.5 and 0.83


@given(st.lists(st.tuples(st.floats(0, 1e3), st.integers(0, 10**6)), min_size=1, max_size=5))
def test_parts_over_their_whole_add_up_to_its_mean(parts: list[tuple[float, int]]) -> None:
    terms = [term(total, count) for total, count in parts]
    whole = sum(terms[1:], terms[0])
    shares = torch.stack([part.over(whole).mean() for part in terms])
    torch.testing.assert_close(shares.sum(), whole.mean(), rtol=1e-5, atol=1e-5)


def test_an_empty_sum_is_0_and_has_no_nan_behind_it() -> None:
    x = torch.ones(3, requires_grad=True)
    mean = Term(x[:0].sum(), torch.zeros((), dtype=torch.float64)).mean()
    mean.backward()
    assert mean == 0
    assert x.grad is not None
    assert torch.equal(x.grad, torch.zeros(3))


def test_without_a_count_a_sum_stays_one() -> None:
    assert term(2.5, 0).mean() == 2.5


def test_a_count_can_wait_for_its_sum() -> None:
    known = awaited(torch.tensor(7)) + awaited(torch.tensor(3))
    assert (known.sum, known.count) == (0.0, 10.0)
    assert term(5.0, 7).over(known).mean() == 0.5


def test_counts_are_exact_beyond_float32() -> None:
    many = awaited(torch.tensor(2**24)) + awaited(torch.tensor(1))
    assert many.count == 2**24 + 1


def test_what_is_summed_is_float32_at_least() -> None:
    kinds = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
    found = [wide(torch.ones(2, dtype=kind)).dtype for kind in kinds]
    assert found == [torch.float32] * 3 + [torch.float64]
