from __future__ import annotations

from xml.etree import ElementTree

import pytest

from app.benchmark.plot import svg
from tests.app.benchmark.planned import result

NAMESPACE = "{http://www.w3.org/2000/svg}"


def read(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 - our own file


def parts(text: str, tag: str, kind: str = "") -> list[ElementTree.Element]:
    found = read(text).iter(NAMESPACE + tag)
    return [one for one in found if not kind or one.get("class") == kind]


def test_bars_are_means_from_zero_and_dots_are_seeds() -> None:
    text = svg("street", [result("ema", 0, 0.2), result("ema", 1, 0.3), result("full", 0, 0.4)])
    ema, full = parts(text, "rect", "bar")
    assert float(full.get("width", 0)) / float(ema.get("width", 0)) == pytest.approx(1.6)
    start = float(ema.get("x", 0))
    dots = [float(dot.get("cx", 0)) - start for dot in parts(text, "circle", "dot")]
    assert dots == pytest.approx([200, 300, 400])  # the axis ends at 50 %, 500 pixels from zero
    assert [one.text for one in parts(text, "text", "end")] == ["ema", "full"]
    assert [one.text for one in parts(text, "text", "middle")] == [
        "0",
        "10",
        "20",
        "30",
        "40",
        "50",
    ]


def test_a_perfect_score_stays_in_the_picture() -> None:
    text = svg("street", [result("full", 0, 1.0)])
    assert parts(text, "text", "middle")[-1].text == "100"
    (dot,) = parts(text, "circle")
    assert float(dot.get("cx", 0)) < float(read(text).get("width", 0))


def test_a_row_without_a_score_has_its_name_alone() -> None:
    text = svg("street", [result("ema", 0, None)])
    assert parts(text, "rect", "bar") == parts(text, "circle") == []
    assert parts(text, "text", "end")[0].text == "ema"


def test_names_are_text() -> None:
    assert "<script>" not in svg("<script>alert(1)</script>", [result("ema")])
