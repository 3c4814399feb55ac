"""The cameras of a project's frames, from the images alone."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from rewis3d.job import View
from rewis3d.reconstruct.cameras.chunked import plan_chunks, solve_chunks
from rewis3d.reconstruct.cameras.features import DATABASE_FILE, detect, lenses_of
from rewis3d.reconstruct.cameras.given import depths_of
from rewis3d.reconstruct.cameras.matching import iterate_matches, match, read_matches
from rewis3d.reconstruct.cameras.pairs import first_pairs, other_pairs
from rewis3d.reconstruct.cameras.together import solve_together
from rewis3d.reconstruct.cameras.validate import LINKS
from rewis3d.reconstruct.cameras.video import clips_of, is_video
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.solution import Solution
from rewis3d.reports import Progress
from rewis3d.scene import SceneGeometry


def solve(
    views: Sequence[View], folder: Path, config: ReconstructConfig
) -> Generator[Progress, None, Solution]:
    """Find where the frames were taken from, and leave out what can't be believed.

    More frames than `config.chunk` are solved in chunks. Features, matches and finished chunks lie
    in the job folder: a killed run goes on with them. Equal seeds and images give equal features
    and matches, and cameras that differ by rounding alone.
    """
    lenses = lenses_of(views, config.focal)
    database = folder / DATABASE_FILE
    yield from detect(views, lenses, folder=folder, database=database)
    if len(views) > config.chunk:
        chunks = yield from plan_chunks(views, database, config)
        if len(chunks.places) > 1:
            return (yield from solve_chunks(chunks, views, lenses, folder=folder, config=config))
    yield from _match(views, database=database, seed=config.seed)
    matches = [pair for pair in read_matches(database) if len(pair) >= LINKS]
    solved = yield from solve_together(views, lenses, matches, database=database, config=config)
    return solved.solution


def ranges_of(
    scenes: Sequence[SceneGeometry],
    views: Sequence[View],
    folder: Path,
    config: ReconstructConfig,
) -> Generator[Progress, None, Mapping[int, tuple[float, float]]]:
    """Return near and far of each view of scenes whose cameras are given, by frame id."""
    placed = {view.frame_id for scene in scenes for view in scene.views}
    wanted = [view for view in views if view.frame_id in placed]
    database = folder / DATABASE_FILE
    yield from detect(wanted, lenses_of(wanted, 0.0), folder=folder, database=database)
    yield from _match(wanted, database=database, seed=config.seed)
    matches = (pair for pair in iterate_matches(database) if len(pair) >= LINKS)
    return depths_of(scenes, matches, [view.frame_id for view in wanted])


def _match(views: Sequence[View], *, database: Path, seed: int) -> Generator[Progress, None, None]:
    """Compare neighbours, and photos all with all."""
    clips, lenses = clips_of(views), lenses_of(views, 0.0)
    yield from match(first_pairs(clips), database=database, seed=seed)
    more = [
        pair
        for clip in clips
        if not is_video(clip, iterate_matches(database, pairwise(clip)), lenses)
        for pair in other_pairs(clip)
    ]
    if more:
        yield from match(more, database=database, seed=seed, stage="matching all photos")
