"""Frames named on the command line: numbers, ranges and names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from app.errors import StudioError

if TYPE_CHECKING:
    from annotations.types import Frame


def chosen(frames: Sequence[Frame], wanted: Iterable[str]) -> list[Frame]:
    """Return the frames that `wanted` names, in the project's order, each once.

    A word is a frame's name, its place in the project counted from 0 ("7"), or a range with both
    ends ("3-9"); words may be joined with commas. StudioError names the first one that fits none.
    """
    places: set[int] = set()
    for word in (part.strip() for words in wanted for part in words.split(",")):
        if word:
            places.update(_places(frames, word))
    return [frames[place] for place in sorted(places)]


def _places(frames: Sequence[Frame], word: str) -> range | list[int]:
    named = [place for place, frame in enumerate(frames) if frame.name == word]
    if named:
        return named
    first, _, last = word.partition("-")
    if not first.isdecimal() or not (last or first).isdecimal():
        raise StudioError(f"no frame is called {word!r}; names look like {frames[0].name!r}")
    start, end = int(first), int(last or first)
    if not start <= end < len(frames):
        raise StudioError(f"frames {word} are not in the project: it has 0-{len(frames) - 1}")
    return range(start, end + 1)
