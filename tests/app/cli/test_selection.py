"""Frames by place, range and name."""

from __future__ import annotations

import pytest

from annotations.types import Frame
from app.cli.selection import chosen
from app.errors import StudioError

FRAMES = [Frame(10 + i, 1, i, f"street_{i:03d}", f"{i}.jpg", 6, 8, None) for i in range(10)]


def picked(*wanted: str) -> list[int]:
    return [frame.index for frame in chosen(FRAMES, wanted)]


@pytest.mark.parametrize(
    ("wanted", "indices"),
    [
        (["7"], [7]),
        (["0-2"], [0, 1, 2]),
        (["street_004"], [4]),
        (["9,2-3", "2", " street_000 "], [0, 2, 3, 9]),
        (["", " , "], []),
        (["0-9"], list(range(10))),
    ],
)
def test_words_name_frames_in_project_order(wanted: list[str], indices: list[int]) -> None:
    assert picked(*wanted) == indices


def test_a_name_goes_before_a_place() -> None:
    frames = [Frame(1, 1, 0, "1", "a.jpg", 6, 8, None), Frame(2, 1, 1, "0", "b.jpg", 6, 8, None)]
    assert chosen(frames, ["0"]) == [frames[1]]


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("10", "frames 10 are not in the project: it has 0-9"),
        ("8-12", "frames 8-12 are not in the project: it has 0-9"),
        ("3-1", "frames 3-1 are not in the project: it has 0-9"),
        ("street", "no frame is called 'street'; names look like 'street_000'"),
        ("-3", "no frame is called '-3'; names look like 'street_000'"),
        ("²", "no frame is called '²'; names look like 'street_000'"),
    ],
)
def test_a_word_that_fits_nothing_is_named(word: str, line: str) -> None:
    with pytest.raises(StudioError) as caught:
        picked("1", word)
    assert str(caught.value) == line
