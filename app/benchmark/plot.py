"""The table as a picture: a bar for each row's mean, a dot for each seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from xml.sax.saxutils import escape

from app.benchmark.figures import by_row, others, summaries
from app.benchmark.result import Result

_LEFT: Final = 130
_WIDE: Final = 500
"""Pixels from 0 to the end of the axis."""
_RIGHT: Final = 60
_TOP: Final = 40
_ROW: Final = 26
_BAR: Final = 16
_TICK: Final = 10
"""Per cent between the lines of the axis."""
_STYLE: Final = (
    "text{font:12px sans-serif;fill:#222}.bar{fill:#9ab7d3}.dot{fill:#1d3f5e}"
    ".line{stroke:#ddd}.end{text-anchor:end}.middle{text-anchor:middle}"
)


def svg(title: str, results: Sequence[Result]) -> str:
    """Return the scores on "other" as an SVG file; bars begin at zero."""
    rows = by_row(results)
    means = {row.name: row.mean for row in summaries(results)}
    scores = [score for row in rows.values() for score in others(row).values()]
    end = min(100, _TICK * (int(100 * max(scores, default=0.0)) // _TICK + 1))
    size = f'width="{_LEFT + _WIDE + _RIGHT}" height="{_TOP + _ROW * len(rows) + 30}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
        f"<style>{_STYLE}</style>",
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="10" y="20">{escape(title)}: mIoU on other frames, %</text>',
        *_axis(end, bottom=_TOP + _ROW * len(rows)),
    ]
    for place, (name, row) in enumerate(rows.items()):
        lines += _row(name, means[name], list(others(row).values()), place=place, end=end)
    return "\n".join((*lines, "</svg>\n"))


def _axis(end: int, *, bottom: int) -> Iterator[str]:
    for value in range(0, end + 1, _TICK):
        x = _x(value / 100, end)
        yield f'<line class="line" x1="{x}" x2="{x}" y1="{_TOP - 8}" y2="{bottom}"/>'
        yield f'<text class="middle" x="{x}" y="{bottom + 18}">{value}</text>'


def _row(
    name: str, mean: float | None, scores: Sequence[float], *, place: int, end: int
) -> Iterator[str]:
    middle = _TOP + _ROW * place + _ROW // 2
    yield f'<text class="end" x="{_LEFT - 8}" y="{middle + 4}">{escape(name)}</text>'
    if mean is None:
        return
    x = _x(mean, end)
    yield (
        f'<rect class="bar" x="{_LEFT}" y="{middle - _BAR // 2}" width="{x - _LEFT:.1f}"'
        f' height="{_BAR}"/>'
    )
    for score in scores:
        yield f'<circle class="dot" cx="{_x(score, end)}" cy="{middle}" r="3"/>'
    yield f'<text x="{_x(max(scores), end) + 8:.1f}" y="{middle + 4}">{100 * mean:.1f}</text>'


def _x(share: float, end: int) -> float:
    """Return where a score lies on the axis, in pixels."""
    return round(_LEFT + _WIDE * 100 * share / end, 1)
