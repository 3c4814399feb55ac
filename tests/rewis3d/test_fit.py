"""Fitting a head: what is drawn how often, what it learns, and that it takes raw columns."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from rewis3d.config import QuickConfig
from rewis3d.fit import (
    FEWEST,
    Pixels,
    Portion,
    _Draws,
    _Members,
    draw_weights,
    fit,
    folded,
    silence,
)
from rewis3d.models.segmenter import HYPERCOLUMN, Head
from rewis3d.reports import Point

CONFIG = QuickConfig(hidden=8, steps=40, batch=64)


def two_kinds(n: int = 100) -> Pixels:
    """Pixels of two classes that some features tell apart, far from zero mean and unit."""
    random = torch.Generator().manual_seed(1)
    columns = 50 + torch.rand(n, HYPERCOLUMN, generator=random)
    labels = torch.arange(n) % 2
    columns[:, :20] += 9 * labels[:, None]
    return Pixels(columns, torch.arange(n), labels)


def fitted(pixels: Pixels, classes: int, seed: int = 0) -> tuple[list[Point], Head]:
    generator = torch.Generator().manual_seed(seed)
    *points, head = fit([Portion(pixels)], classes, CONFIG, generator=generator, series="loss")
    assert isinstance(head, Head)
    assert all(isinstance(point, Point) for point in points)
    return [point for point in points if isinstance(point, Point)], head


def test_learns_what_tells_the_classes_apart_and_says_how_it_goes():
    pixels = two_kinds()
    points, head = fitted(pixels, 2)
    assert (head(pixels.table).argmax(1) == pixels.labels).all()
    assert [(point.series, point.step) for point in points] == [
        ("loss", step) for step in range(2, 41, 2)
    ]
    assert points[-1].value < 0.2 * points[0].value
    assert not head.hidden.weight.requires_grad


def test_a_class_without_pixels_is_never_found():
    pixels = two_kinds()
    _, head = fitted(pixels, 4)
    far = 50 + 20 * torch.randn(500, HYPERCOLUMN, generator=torch.Generator().manual_seed(0))
    assert head(far).argmax(1).max() <= 1
    assert torch.isfinite(head(pixels.table)).all()


def test_the_generator_alone_decides():
    one, same, other = (fitted(two_kinds(), 2, seed)[1] for seed in (0, 0, 1))
    assert torch.equal(one.hidden.weight, same.hidden.weight)
    assert not torch.equal(one.hidden.weight, other.hidden.weight)


def test_a_feature_that_never_varies_does_no_harm():
    pixels = two_kinds()
    pixels.table[:, 30] = 7.0
    _, head = fitted(pixels, 2)
    assert torch.isfinite(head.hidden.weight).all()
    assert (head(pixels.table).argmax(1) == pixels.labels).all()


def test_folding_gives_the_logits_of_standardised_columns_on_raw_ones():
    torch.manual_seed(0)
    head = Head(hidden=5, classes=3)
    columns = 20 + 3 * torch.randn(10, HYPERCOLUMN)
    mean, deviation = torch.randn(HYPERCOLUMN), 0.5 + torch.rand(HYPERCOLUMN)
    with torch.no_grad():
        wanted = head((columns - mean) / deviation)
    torch.testing.assert_close(folded(head, mean, deviation)(columns), wanted, atol=1e-3, rtol=1e-3)


def test_silence_makes_a_class_impossible_and_leaves_the_others():
    head = Head(hidden=5, classes=3)
    columns = torch.randn(4, HYPERCOLUMN)
    before = head(columns)
    silence(head, torch.tensor([False, True, False]))
    after = head(columns)
    assert torch.equal(after[:, [0, 2]], before[:, [0, 2]])
    assert (after.softmax(1)[:, 1] == 0).all()


@pytest.mark.parametrize(
    ("balance", "shares"),
    [(1.0, (0.5, 0.5)), (0.0, (0.2, 0.8)), (-1.0, (1 / 17, 16 / 17))],
)
def test_shares_of_the_draws_worked_out_by_hand(balance: float, shares: tuple[float, float]):
    labels = torch.tensor([0] * 20 + [2] * 80)
    weights = draw_weights(labels, 4, balance)
    found = [float(weights[labels == value].sum() / weights.sum()) for value in (0, 2)]
    np.testing.assert_allclose(found, shares)
    assert len(weights.unique()) <= 2  # the pixels of a class are alike


def test_one_pixel_among_many_is_drawn_now_and_then():
    labels = torch.tensor([0] + [1] * 99_999)
    weights = draw_weights(labels, 2, -1.0)
    share = float(weights[0] / weights.sum())
    assert math.isclose(share, FEWEST / (1 + FEWEST), rel_tol=1e-3)


@pytest.mark.parametrize("steps", range(1, 21))
def test_a_fit_may_be_short(steps: int):
    generator = torch.Generator().manual_seed(0)
    config = QuickConfig(hidden=8, steps=steps, batch=64)
    *points, head = fit([Portion(two_kinds())], 2, config, generator=generator, series="loss")
    assert isinstance(head, Head)
    assert len(points) == steps
    assert torch.isfinite(head.hidden.weight).all()


def test_heads_that_learn_side_by_side_become_one_with_their_mean_logits():
    generator = torch.Generator().manual_seed(0)
    members = _Members(5, QuickConfig(hidden=8, heads=3), generator)
    torch.nn.init.normal_(members.bias, generator=generator)
    torch.nn.init.normal_(members.hidden.bias, generator=generator)
    columns = torch.randn(10, HYPERCOLUMN, generator=generator)
    merged = members.merged()
    assert merged.hidden.out_features == 24
    logits = []
    for member in range(3):
        units = slice(8 * member, 8 * (member + 1))
        weight, offset = members.hidden.weight[units], members.hidden.bias[units]
        hidden = (columns @ weight.T + offset).relu()
        logits.append(hidden @ members.weight[member] + members.bias[member])
    torch.testing.assert_close(merged(columns), torch.stack(logits).mean(0))
    assert not torch.equal(logits[0], logits[1])


def test_each_of_several_heads_learns():
    config = QuickConfig(hidden=8, steps=40, batch=64, heads=3)
    generator = torch.Generator().manual_seed(0)
    *_, head = fit([Portion(two_kinds())], 2, config, generator=generator, series="")
    assert isinstance(head, Head)
    pixels = two_kinds()
    assert (head(pixels.table).argmax(1) == pixels.labels).all()


def test_portions_have_their_share_however_many_pixels_they_have():
    few, many = two_kinds(10), two_kinds(1000)
    few.labels.fill_(0)
    many.labels.fill_(1)
    portions = [Portion(few, 0.75), Portion(many, 0.25)]
    config = QuickConfig(batch=100)
    draws = _Draws(portions, 2, config, torch.Generator().manual_seed(0))
    for _ in range(3):
        columns, labels = draws.next()
        assert columns.shape == (100, HYPERCOLUMN)
        assert torch.bincount(labels).tolist() == [75, 25]


def test_shares_that_do_not_divide_a_batch_fill_it():
    third = [Portion(two_kinds(), 1 / 3) for _ in range(3)]
    draws = _Draws(third, 2, QuickConfig(batch=64), torch.Generator().manual_seed(0))
    assert len(draws.next()[1]) == 64
