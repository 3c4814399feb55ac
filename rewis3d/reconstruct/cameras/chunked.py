"""Cameras of a long clip, chunk by chunk: memory and time of a mapping grow with its frames.

A chunk is solved as if it were all there is; what it found lies in the job folder. Then the chunks
are joined where they share frames (chunks/chain.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from rewis3d.job import View
from rewis3d.reconstruct.cameras.adjust import adjusted
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
from rewis3d.reconstruct.cameras.part import read_part, write_part
from rewis3d.reconstruct.cameras.pooled import lenses_in, notes_of_lenses, pooled
from rewis3d.reconstruct.cameras.together import Solved, solve_together, with_models
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


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Frames that are solved together."""

    views: list[View]
    lenses: list[Lens]
    """Of these views."""
    part: Path
    """Where what was found lies, once it is."""


def solve_chunks(
    chunks: Chunks,
    views: Sequence[View],
    lenses: Sequence[Lens],
    *,
    folder: Path,
    config: ReconstructConfig,
) -> Generator[Progress, None, Solution]:
    """Find the cameras of each chunk and join them; a killed run goes on with the next chunk.

    All of them get one lens, what they tell together.
    """
    database, stored = folder / DATABASE_FILE, folder / FOLDER
    yield from _match(chunks, views, database=database, seed=config.seed)
    stored.mkdir(exist_ok=True)
    found = []
    for number, places in enumerate(chunks.places):
        part = stored / f"{places[0]:06d}-{places[-1]:06d}"
        chunk = _Chunk([views[at] for at in places], [lenses[at] for at in places], part)
        if not part.exists():
            yield Progress("mapping", number, len(chunks.places))
            write_part(_solved(places, chunk, database, config), part)
        found.append(chunk)
    told = [one for chunk in found for one in lenses_in(read_part(chunk.part).models, chunk.lenses)]
    known = pooled(told)
    if known:
        both = zip(chunks.places, found, strict=True)
        found = [_with_lens(places, chunk, known, database, config) for places, chunk in both]
    yield Progress("mapping", len(found), len(found))
    notes = notes_of_lenses(told, known, given=config.focal > 0)
    parts = [chunk.part for chunk in found]
    return join_parts(chunks.places, chunks.videos, parts, views, notes=notes)


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
    places: Sequence[int], chunk: _Chunk, database: Path, config: ReconstructConfig
) -> Solved:
    folder = database.with_name(EXCERPT)
    shutil.rmtree(folder, ignore_errors=True)  # a run was killed here
    folder.mkdir()
    excerpt = folder / database.name
    write_excerpt(database, places, chunk.lenses, excerpt)
    matches = [pair for pair in read_matches(excerpt) if len(pair) >= LINKS]
    steps = solve_together(chunk.views, chunk.lenses, matches, database=excerpt, config=config)
    while True:
        try:
            next(steps)  # how far a chunk is says little
        except StopIteration as end:
            shutil.rmtree(folder)
            return end.value


def _with_lens(
    places: Sequence[int],
    chunk: _Chunk,
    known: Mapping[Lens, Lens],
    database: Path,
    config: ReconstructConfig,
) -> _Chunk:
    """Return the chunk adjusted to the lenses that are known; where it had failed it is mapped."""
    lenses = [known.get(lens, lens) for lens in chunk.lenses]
    better = _Chunk(chunk.views, lenses, chunk.part.with_name(f"{chunk.part.name}-known"))
    if not better.part.exists():
        before = read_part(chunk.part)
        models = tuple(adjusted(model, lenses) for model in before.models)
        after = with_models(before.solution, models, chunk.views, max_side=config.max_side)
        again = Solved(after, models) if models else _solved(places, better, database, config)
        write_part(again, better.part)
    return better
