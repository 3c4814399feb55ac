"""A benchmark for people, as Markdown, and for programs, as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any, Final

from app.benchmark.figures import (
    Difference,
    Summary,
    by_row,
    class_scores,
    differences,
    summaries,
)
from app.benchmark.plan import Plan
from app.benchmark.result import Result
from app.benchmark.rows import BASELINE, ROWS
from app.environment import Environment

BY_CLASS: Final = ("quick", "ema", "recon")
"""Rows whose classes are told apart."""
_ROW_JSON: Final = ("name", "seed", "miou", "iou", "seconds", "peak_memory_bytes", "config")
_SUMMARY_JSON: Final = ("name", "mean", "std", "gap_closed")
_GIB: Final = 1 << 30
_SETS: Final = (
    "other: frames without strokes; same: pixels without strokes of frames with strokes; mean IoU"
    " in %, ± standard deviation over the seeds"
)
_COSTS: Final = (
    "s: seconds of a cell's process, of all attempts (the first cell also fills the feature cache);"
    " GiB: the most that it held in memory"
)


@dataclass(frozen=True, slots=True)
class Report:
    """What is told of a benchmark."""

    title: str
    about: Sequence[str]
    """What all cells share, in a few lines."""
    environment: Environment
    """Of now; a cell that was made earlier keeps its own."""
    results: Sequence[Result]


def about(plan: Plan, results: Sequence[Result]) -> list[str]:
    """Return what the cells of a plan share, and how their figures are meant."""
    run, share = plan.base.run, fmean(result.drawn_share for result in results)
    length = f"{run.minutes:g} minutes" if run.minutes else f"{run.steps} steps"
    changes = "".join(f" {name}={value}" for name, value in plan.overrides.items())
    drawn = f"{len(plan.drawn)} of {len(plan.frames)}"
    reserved = len(plan.frames) - len(plan.free)
    told = [
        f"{drawn} frames have {plan.kind} on {share:.1%} of their pixels, {reserved} are reserved",
        f"preset {plan.preset}{changes}: {length} a cell but for quick",
        _SETS,
        _COSTS,
        ", ".join(plan.scenery.lines(plan.rows)),
    ]
    if any(row.labels == "everywhere" for row in plan.rows):
        told.append("ceiling learnt the very labels that other judges it by")
    return [line for line in told if line]


def to_json(report: Report) -> dict[str, Any]:
    """Return what `benchmark --json` writes; scores are fractions in [0, 1]."""
    rows = [asdict(result) for result in report.results]
    found = [asdict(summary) for summary in summaries(report.results)]
    return {
        "environment": asdict(report.environment),
        "rows": [{name: row[name] for name in _ROW_JSON} for row in rows],
        "summary": [{name: row[name] for name in _SUMMARY_JSON} for row in found],
        "differences": [
            {**asdict(one), "against": BASELINE, "wins": one.wins}
            for one in differences(report.results)
        ],
    }


def lines(report: Report) -> Iterator[str]:
    """Yield the report as Markdown, line by line; scores in per cent."""
    yield f"# {report.title}"
    yield ""
    yield from report.environment.lines()
    yield from (f"- {line}" for line in (*report.about, *_elsewhere(report)))
    yield ""
    yield from _table(summaries(report.results))
    found = differences(report.results)
    if found:
        yield ""
        yield from _differences(found)
    compared = [name for name in BY_CLASS if name in by_row(report.results)]
    if compared:
        yield ""
        yield from _classes(report.results, compared)


def _elsewhere(report: Report) -> Iterator[str]:
    """Yield a line for the cells that other code or another machine made."""
    now = _maker(report.environment)
    earlier: dict[tuple[str, str, int], list[str]] = {}
    for result in report.results:
        if _maker(result.environment) != now:
            name = f"{result.name}-{result.seed}"
            earlier.setdefault(_maker(result.environment), []).append(name)
    for (commit, cpu, threads), names in earlier.items():
        yield f"made at commit {commit} on {cpu} with {threads} threads: {', '.join(names)}"


def _maker(environment: Environment) -> tuple[str, str, int]:
    return environment.commit, environment.cpu, environment.threads


def _table(found: Sequence[Summary]) -> Iterator[str]:
    what = {row.name: row.what for row in ROWS}
    yield from _head("row", "what", "other", "same", "reserved", "gap closed", "s", "GiB")
    for row in found:
        yield _cells(
            row.name,
            what.get(row.name, ""),
            _percent(row.mean) + ("" if row.std is None else f" ± {_percent(row.std)}"),
            _percent(row.same),
            _percent(row.reserved),
            "-" if row.gap_closed is None else f"{100 * row.gap_closed:.0f} %",
            f"{row.seconds:.0f}",
            f"{row.peak_memory_bytes / _GIB:.2f}",
        )


def _differences(found: Sequence[Difference]) -> Iterator[str]:
    seeds = sorted({seed for one in found for seed in one.by_seed})
    yield (
        f"Better than {BASELINE} on other, in points, on the same strokes. A win: every seed is"
        " positive, and the mean above the larger of both rows' standard deviations."
    )
    yield ""
    yield from _head("row", *(f"seed {seed}" for seed in seeds), "mean", "spread", "win")
    for one in found:
        yield _cells(
            one.name,
            *(_points(one.by_seed.get(seed)) for seed in seeds),
            _points(one.mean),
            _percent(one.spread),
            "one seed says nothing" if one.wins is None else "yes" if one.wins else "no",
        )


def _classes(results: Sequence[Result], names: Sequence[str]) -> Iterator[str]:
    rows = by_row(results)
    scores = {name: class_scores(rows[name]) for name in names}
    yield "IoU on other by class."
    yield ""
    yield from _head("class", *names)
    for label in scores[names[0]]:
        yield _cells(label, *(_percent(scores[name][label]) for name in names))


def _head(*titles: str) -> Iterator[str]:
    yield _cells(*titles)
    yield f"|{'---|' * len(titles)}"


def _cells(*texts: str) -> str:
    return f"| {' | '.join(text.replace('|', '/') for text in texts)} |"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def _points(difference: float | None) -> str:
    return "-" if difference is None else f"{100 * difference:+.1f}"
