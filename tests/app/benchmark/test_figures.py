from __future__ import annotations

import pytest

from app.benchmark.figures import class_scores, differences, gap_closed, others, summaries
from app.benchmark.result import Result
from tests.app.benchmark.planned import result


def row(name: str, *scores: float | None) -> list[Result]:
    return [result(name, seed, score) for seed, score in enumerate(scores)]


TABLE = [
    *row("ema", 0.50, 0.53, 0.56),
    *row("recon", 0.60, 0.61, 0.62),
    *row("full", 0.7, 0.7, 0.7),
]


def test_means_spreads_and_the_gap_closed_by_hand() -> None:
    ema, recon, full = summaries(TABLE)
    assert [one.name for one in (ema, recon, full)] == ["ema", "recon", "full"]
    assert (ema.mean, ema.std) == (pytest.approx(0.53), pytest.approx(0.03))
    assert (recon.mean, recon.std) == (pytest.approx(0.61), pytest.approx(0.01))
    assert recon.gap_closed == pytest.approx(8 / 17)  # .08 of .17
    assert (ema.gap_closed, full.gap_closed) == (0, 1)


def test_a_row_below_ema_opens_the_gap() -> None:
    found = {one.name: one for one in summaries([*TABLE, *row("ce", 0.36, 0.36, 0.36)])}
    assert found["ce"].gap_closed == pytest.approx(-1)


@pytest.mark.parametrize(
    ("row", "baseline", "supervised", "gap"),
    [
        (0.533, 0.494, 0.590, 0.406),  # the paper's row of Waymo: 41 %
        (0.634, 0.603, 0.684, 0.383),  # KITTI-360: 38 %
        (0.6, None, 0.7, None),
        (0.6, 0.5, None, None),
        (None, 0.5, 0.7, None),
        (0.6, 0.7, 0.7, None),
        (0.6, 0.8, 0.7, None),
    ],
)
def test_the_gap_closed(
    row: float | None, baseline: float | None, supervised: float | None, gap: float | None
) -> None:
    assert gap_closed(row, baseline, supervised) == pytest.approx(gap, abs=5e-4)


def test_one_seed_has_no_spread() -> None:
    (found,) = summaries(row("ema", 0.5))
    assert found.std is None


def test_seconds_are_a_mean_and_memory_is_the_most() -> None:
    (found,) = summaries(
        [
            result("ema", 0, seconds=10.0, peak_memory_bytes=300),
            result("ema", 1, seconds=20.0, peak_memory_bytes=200),
        ]
    )
    assert (found.seconds, found.peak_memory_bytes) == (15, 300)


def test_a_set_without_pixels_has_no_mean() -> None:
    (found,) = summaries([result("ema", 0, reserved=None), result("ema", 1, reserved=None)])
    assert found.reserved is None
    assert found.same == pytest.approx(0.6)


def test_differences_are_paired_by_seed() -> None:
    recon, full = differences(TABLE)
    assert recon.name == "recon"
    assert dict(recon.by_seed) == pytest.approx({0: 0.10, 1: 0.08, 2: 0.06})
    assert recon.mean == pytest.approx(0.08)
    assert recon.spread == pytest.approx(0.03)  # ema's: the larger one
    assert recon.wins is True
    assert full.wins is True


@pytest.mark.parametrize(
    ("scores", "wins"),
    [
        ((0.53, 0.56, 0.59), False),  # every seed by .03, but ema's seeds differ by as much
        ((0.54, 0.57, 0.60), True),
        ((0.49, 0.80, 0.80), False),  # one seed is worse
        ((0.50, 0.80, 0.80), False),  # or no better
        ((0.40, 0.43, 0.46), False),
        ((0.51, 0.54, 0.99), False),  # the mean is above ema's spread, but below its own
    ],
)
def test_what_a_win_is(scores: tuple[float, ...], wins: bool) -> None:
    (found,) = differences([*row("ema", 0.50, 0.53, 0.56), *row("recon", *scores)])
    assert found.wins is wins


def test_one_seed_wins_nothing() -> None:
    (found,) = differences([*row("ema", 0.5), *row("recon", 0.9)])
    assert (found.spread, found.wins) == (None, None)


def test_only_seeds_that_both_have_are_compared() -> None:
    (found,) = differences([*row("ema", 0.5, None, 0.5), *row("recon", None, 0.6, 0.6)])
    assert dict(found.by_seed) == {2: pytest.approx(0.1)}
    assert others(row("ema", 0.5, None, 0.5)) == {0: 0.5, 2: 0.5}


def test_without_ema_nothing_is_compared() -> None:
    assert differences(row("recon", 0.5)) == []
    assert differences([*row("ema", None), *row("recon", 0.5)]) == []


def test_classes_are_means_over_the_seeds_that_show_them() -> None:
    found = class_scores(
        [
            result("ema", 0, classes={"ground": 0.2, "thing": None, "sky": None}),
            result("ema", 1, classes={"ground": 0.4, "thing": 0.5, "sky": None}),
        ]
    )
    assert found == {"ground": pytest.approx(0.3), "thing": 0.5, "sky": None}
