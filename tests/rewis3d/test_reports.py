"""Reports survive their way through the pipe, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewis3d.reports import (
    Done,
    Failed,
    Point,
    Progress,
    Published,
    Report,
    Rival,
    Scores,
    from_line,
    to_line,
)
from rewis3d.types import Rewis3dError

share = st.none() | st.floats(0, 1)
reports = (
    st.builds(Progress, st.text(), st.integers(), st.integers(), share)
    | st.builds(Point, st.text(), st.integers(), st.floats(allow_nan=False))
    | st.builds(Published, st.integers(), st.text(), st.text())
    | st.builds(
        Scores,
        share,
        share,
        st.dictionaries(st.text(), share),
        st.integers(),
        st.none() | st.builds(Rival, st.integers(), share, share, st.integers()),
        st.none() | st.text(),
    )
    | st.builds(Done, st.dictionaries(st.text(), st.integers()))
    | st.builds(Failed, st.text(), st.text())
)


@given(reports)
def test_what_is_written_is_read(report: Report) -> None:
    line = to_line(report)
    assert "\n" not in line
    assert from_line(line) == report


@pytest.mark.parametrize(
    "line",
    ["", "hello", "{}", "[1]", "7", '{"type": "progress"}', '{"type": "other", "done": 1}', "{"],
)
def test_anything_else_is_refused(line: str) -> None:
    with pytest.raises(Rewis3dError, match="not a report: "):
        from_line(line)


def test_scores_without_a_comparison_are_read_as_they_were_written_before() -> None:
    line = '{"type": "scores", "miou": 0.5, "accuracy": null, "iou": {}, "pixels": 3}'
    assert from_line(line) == Scores(0.5, None, {}, 3)
