"""What the scores of all cells say: means over seeds, the gap closed, and which row wins.

Scores are mIoU on frames without strokes that are not reserved ("other"), fractions in [0, 1].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from app.benchmark.result import Result
from app.benchmark.rows import BASELINE, SUPERVISED


@dataclass(frozen=True, slots=True)
class Summary:
    """A row over its seeds."""

    name: str
    mean: float | None
    std: float | None
    """Sample standard deviation; None for one seed, which has no spread."""
    gap_closed: float | None
    """(row - ema) / (full - ema) of the means; None where full is not above ema."""
    same: float | None
    reserved: float | None
    seconds: float
    """Mean."""
    peak_memory_bytes: int
    """Of the seed that took most."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How much better than ema a row is, seed by seed on the same strokes."""

    name: str
    by_seed: Mapping[int, float]
    mean: float
    spread: float | None
    """The larger of the two rows' standard deviations over these seeds; None for one seed."""

    @property
    def wins(self) -> bool | None:
        """Whether every seed is positive and the mean above the spread; None for one seed."""
        if self.spread is None:
            return None
        return min(self.by_seed.values()) > 0 and self.mean > self.spread


def by_row(results: Sequence[Result]) -> dict[str, list[Result]]:
    """Return the results of each row, rows in the order of the table."""
    found: dict[str, list[Result]] = {}
    for result in results:
        found.setdefault(result.name, []).append(result)
    return found


def others(results: Sequence[Result]) -> dict[int, float]:
    """Return the score on "other" by seed."""
    scores = {result.seed: result.miou["other"] for result in results}
    return {seed: score for seed, score in scores.items() if score is not None}


def summaries(results: Sequence[Result]) -> list[Summary]:
    """Return what the rows come to."""
    rows = by_row(results)
    means = {name: _mean(list(others(row).values())) for name, row in rows.items()}
    return [_summary(name, row, means) for name, row in rows.items()]


def _summary(name: str, row: Sequence[Result], means: Mapping[str, float | None]) -> Summary:
    return Summary(
        name=name,
        mean=means[name],
        std=_spread(list(others(row).values())),
        gap_closed=gap_closed(means[name], means.get(BASELINE), means.get(SUPERVISED)),
        same=_mean([result.miou["same"] for result in row]),
        reserved=_mean([result.miou["reserved"] for result in row]),
        seconds=fmean(result.seconds for result in row),
        peak_memory_bytes=max(result.peak_memory_bytes for result in row),
    )


def gap_closed(row: float | None, baseline: float | None, supervised: float | None) -> float | None:
    """Return the share of the way from the baseline to full supervision that a row has gone."""
    if row is None or baseline is None or supervised is None or supervised <= baseline:
        return None
    return (row - baseline) / (supervised - baseline)


def differences(results: Sequence[Result]) -> list[Difference]:
    """Compare every other row with ema; none where that is missing."""
    rows = by_row(results)
    baseline = others(rows.get(BASELINE, []))
    found = []
    for name, row in rows.items():
        scores = others(row)
        seeds = [seed for seed in scores if seed in baseline]
        if name == BASELINE or not seeds:
            continue
        by_seed = {seed: scores[seed] - baseline[seed] for seed in seeds}
        spreads = [_spread([one[seed] for seed in seeds]) for one in (scores, baseline)]
        known = [spread for spread in spreads if spread is not None]
        found.append(
            Difference(name, by_seed, fmean(by_seed.values()), max(known) if known else None)
        )
    return found


def class_scores(results: Sequence[Result]) -> dict[str, float | None]:
    """Return a row's IoU on "other" by class: the mean over the seeds."""
    tables = [result.iou["other"] for result in results]
    return {name: _mean([table[name] for table in tables]) for name in tables[0]}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _spread(values: Sequence[float]) -> float | None:
    return stdev(values) if len(values) > 1 else None
