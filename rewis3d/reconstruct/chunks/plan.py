"""Which frames are reconstructed together: all of them, or overlapping chunks of a long clip.

Frames are told by their places among the job's views.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from itertools import pairwise
from typing import Final

FEWEST: Final = 3
"""Frames that two chunks have to share: fewer have nothing that could contradict them."""


def plan(
    clips: Sequence[Sequence[int]],
    *,
    most: int,
    overlap: int,
    cuts: Set[int] = frozenset(),
    photos: Set[int] = frozenset(),
) -> list[list[int]]:
    """Return the places of each chunk, ascending; one chunk where all frames fit into one.

    A clip is the places of its frames in their order. Shots end at `cuts` (the places that begin
    another one) and at the ends of clips. A shot longer than `most` is taken apart into chunks that
    share `overlap` frames (see `cover`); shorter ones that follow each other are put together as
    far as they fit. Of clips that are `photos` (by number), whose frames have no order, none is
    taken apart.
    """
    everything = sorted(place for clip in clips for place in clip)
    if len(everything) <= most:
        return [everything]
    chunks: list[list[int]] = [[]]
    for number, clip in enumerate(clips):
        for shot in [list(clip)] if number in photos else shots([clip], cuts):
            if len(chunks[-1]) + len(shot) <= most:
                chunks[-1] += shot
            elif len(shot) <= most or number in photos:
                chunks.append(shot)
            else:
                chunks += [*cover(shot, most=most, overlap=overlap), []]
    return [sorted(chunk) for chunk in chunks if chunk]


def shots(clips: Sequence[Sequence[int]], cuts: Set[int]) -> list[list[int]]:
    """Return the clips taken apart before each of the places in `cuts`."""
    found: list[list[int]] = []
    for clip in clips:
        for at, place in enumerate(clip):
            if at == 0 or place in cuts:
                found.append([])
            found[-1].append(place)
    return found


def cover(shot: Sequence[int], *, most: int, overlap: int) -> list[list[int]]:
    """Return chunks of nearly equal size, at most `most`, each sharing frames with the one before.

    They share `shared(most, overlap)` frames, so that a frame lies in two chunks at most. What is
    left of a shot after its first chunk is covered by the other ones.
    """
    both = shared(most, overlap)
    count = max(-(-(len(shot) - both) // (most - both)), 1)
    step, longer = divmod(len(shot) - both, count)
    starts = [number * step + min(number, longer) for number in range(count + 1)]
    return [list(shot[start : after + both]) for start, after in pairwise(starts)]


def shared(most: int, overlap: int) -> int:
    """Return how many frames neighbours share: a third at most; none where that were too few."""
    both = min(overlap, most // 3)
    return both if both >= FEWEST else 0


def unrelated(clip: Sequence[int], related: Set[tuple[int, int]]) -> set[int]:
    """Return the places of a clip at which another shot begins: no related pair reaches over them.

    `related` are pairs of places; a frame that shows nothing is no cut where those around it agree.
    """
    at = {place: number for number, place in enumerate(clip)}
    farthest, cuts = 0, set()
    reach = {number: number for number in at.values()}
    for a, b in related:
        if a in at and b in at:
            first, last = sorted((at[a], at[b]))
            reach[first] = max(reach[first], last)
    for number, place in enumerate(clip):
        if number > farthest:
            cuts.add(place)
        farthest = max(farthest, reach[number])
    return cuts
