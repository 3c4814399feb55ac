"""Cameras of a long clip, chunk by chunk: memory and time of a mapping grow with its frames.

A chunk is solved as if it were all there is; what it found lies in the job folder. Then the chunks
are joined where they share frames (chunks/chain.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Final

from rewis3d.job import View
from rewis3d.reconstruct.cameras.excerpt import write_excerpt
from rewis3d.reconstruct.cameras.features import DATABASE_FILE, Lens, lenses_of
from rewis3d.reconstruct.cameras.joined import join_parts
from rewis3d.reconstruct.cameras.matching import (
    inlier_counts,
    iterate_matches,
    match,
    read_matches,
)
from rewis3d.reconstruct.cameras.pairs import WINDOW, close_pairs, first_pairs, other_pairs
from rewis3d.reconstruct.cameras.part import LENSES_FILE, write_part
from rewis3d.reconstruct.cameras.pooled import at_odds, notes_of_lenses, pooled, read_lenses
from rewis3d.reconstruct.cameras.together import Solved, solve_together
from rewis3d.reconstruct.cameras.validate import LINKS
from rewis3d.reconstruct.cameras.video import clips_of, is_video
from rewis3d.reconstruct.chunks.plan import plan, unrelated
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.solution import Solution
from rewis3d.reports import Progress

FOLDER: Final = "chunks"
"""In the job folder: what finished chunks found."""
EXCERPT: Final = "excerpt"
"""In the job folder: features and matches of the chunk that is being solved."""


@dataclass(frozen=True, slots=True)
class Chunks:
    """Which frames are solved together, by their places among the job's views."""

    places: list[list[int]]
    videos: list[list[int]]
    """The clips whose frames follow each other, in their order."""


def plan_chunks(
    views: Sequence[View], database: Path, config: ReconstructConfig
) -> Generator[Progress, None, Chunks]:
    """Compare neighbours, and find chunks that do not go over cuts as far as that can be."""
    clips, lenses = clips_of(views), lenses_of(views, 0.0)
    near = [pair for clip in clips for pair in close_pairs(clip)]
    yield from match(near, database=database, seed=config.seed, stage="matching neighbours")
    photos = {
        number
        for number, clip in enumerate(clips)
        if not is_video(clip, iterate_matches(database, pairwise(clip)), lenses)
    }
    counts = inlier_counts(database).items()
    related = {pair for pair, n in counts if n >= LINKS and pair[1] - pair[0] <= WINDOW}
    cuts = {place for clip in clips for place in unrelated(clip, related)}
    places = plan(clips, most=config.chunk, overlap=config.overlap, cuts=cuts, photos=photos)
    return Chunks(places, [clip for number, clip in enumerate(clips) if number not in photos])


def solve_chunks(
    chunks: Chunks,
    views: Sequence[View],
    lenses: Sequence[Lens],
    *,
    folder: Path,
    config: ReconstructConfig,
) -> Generator[Progress, None, Solution]:
    """Find the cameras of each chunk and join them; a killed run goes on with the next chunk.

    Chunks that tell another lens than all of them together are solved once more, with that lens.
    """
    yield from _match(chunks, views, database=folder / DATABASE_FILE, seed=config.seed)
    (folder / FOLDER).mkdir(exist_ok=True)
    count = len(chunks.places)
    parts = []
    for number in range(count):
        yield Progress("mapping", number, 2 * count)
        parts.append(_part(number, chunks, views, lenses, folder=folder, config=config))
    told = [read_lenses(part / LENSES_FILE) for part in parts]
    known = pooled(chain.from_iterable(told))
    again = [at for at in range(count) if known and (not told[at] or at_odds(told[at], known))]
    better = [known.get(lens, lens) for lens in lenses]
    for done, number in enumerate(again):
        yield Progress("mapping", count + done, 2 * count)
        parts[number] = _part(number, chunks, views, better, folder=folder, config=config)
    yield Progress("mapping", 2 * count, 2 * count)
    notes = notes_of_lenses(chain.from_iterable(told), known, given=config.focal > 0)
    return join_parts(chunks.places, chunks.videos, parts, views, notes=notes)


def _part(
    number: int,
    chunks: Chunks,
    views: Sequence[View],
    lenses: Sequence[Lens],
    *,
    folder: Path,
    config: ReconstructConfig,
) -> Path:
    """Return the folder of what a chunk found with these lenses; it is solved where none is."""
    chunk = chunks.places[number]
    own = [lenses[place] for place in chunk]
    kind = "" if any(lens.radial is None for lens in own) else "-known"
    part = folder / FOLDER / f"{chunk[0]:06d}-{chunk[-1]:06d}{kind}"
    if not part.exists():
        small = [views[place] for place in chunk]
        solved = _solved(chunk, small, own, folder / DATABASE_FILE, config)
        others = {at for n, places in enumerate(chunks.places) if n != number for at in places}
        shared = [at for at, place in enumerate(chunk) if place in others]
        write_part(solved, small, own, shared=shared, folder=part)
    return part


def _match(
    chunks: Chunks, views: Sequence[View], *, database: Path, seed: int
) -> Generator[Progress, None, None]:
    """Compare in each chunk what would be compared if it were all."""
    videos = {place for video in chunks.videos for place in video}
    pairs: set[tuple[int, int]] = set()
    for chunk in chunks.places:
        clips = [[chunk[at] for at in clip] for clip in clips_of([views[at] for at in chunk])]
        pairs.update(first_pairs(clips))
        photos = [clip for clip in clips if clip[0] not in videos]
        pairs.update(pair for clip in photos for pair in other_pairs(clip))
    yield from match(sorted(pairs), database=database, seed=seed)


def _solved(
    chunk: Sequence[int],
    views: Sequence[View],
    lenses: Sequence[Lens],
    database: Path,
    config: ReconstructConfig,
) -> Solved:
    folder = database.with_name(EXCERPT)
    shutil.rmtree(folder, ignore_errors=True)  # a run was killed here
    folder.mkdir()
    excerpt = folder / database.name
    write_excerpt(database, chunk, lenses, excerpt)
    matches = [pair for pair in read_matches(excerpt) if len(pair) >= LINKS]
    steps = solve_together(views, lenses, matches, database=excerpt, config=config)
    while True:
        try:
            next(steps)  # how far a chunk is says little
        except StopIteration as end:
            shutil.rmtree(folder)
            return end.value
