"""Matches between frames, verified by epipolar geometry, in the features' database."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import pycolmap
from jaxtyping import Float64, UInt32

from rewis3d.reconstruct.cameras.features import keypoints_of, name_of
from rewis3d.reconstruct.threads import threads
from rewis3d.reports import Progress

CHUNK: Final = 64
"""Pairs that are compared at once, between two reports."""
HELD: Final = 64
"""Views whose features are kept in memory while matches are read."""


@dataclass(frozen=True, slots=True)
class Match:
    """Two views and the features that they share. Views are places among the job's views."""

    a: int
    b: int
    features: UInt32[np.ndarray, "n 2"]
    a_xy: Float64[np.ndarray, "n 2"]
    """Pixels of the image of view a."""
    b_xy: Float64[np.ndarray, "n 2"]

    def __len__(self) -> int:
        return len(self.features)


def match(
    pairs: Sequence[tuple[int, int]], *, database: Path, seed: int, stage: str = "matching"
) -> Generator[Progress, None, None]:
    """Compare pairs of views (a before b); those that the database holds already cost nothing."""
    todo = _missing(pairs, database)
    done = len(pairs) - len(todo)
    yield Progress(stage, done, len(pairs))
    for start in range(0, len(todo), CHUNK):
        chunk = todo[start : start + CHUNK]
        _match_chunk(chunk, database=database, seed=seed)
        yield Progress(stage, done + start + len(chunk), len(pairs))


def read_matches(database: Path) -> list[Match]:
    """Return all verified matches."""
    return list(iterate_matches(database))


def iterate_matches(
    database: Path, pairs: Iterable[tuple[int, int]] | None = None
) -> Iterator[Match]:
    """Yield the verified matches of pairs of views, all of them where none are named, one by one.

    Pairs without any are left out.
    """
    with closing(pycolmap.Database.open(database)) as store:

        @lru_cache(maxsize=HELD)
        def places(view: int) -> Float64[np.ndarray, "n 2"]:
            return keypoints_of(store, view).astype(np.float64)

        for a, b in sorted(_inliers(store)) if pairs is None else pairs:
            if store.exists_two_view_geometry(a + 1, b + 1):
                geometry = store.read_two_view_geometry(a + 1, b + 1)
                inliers = np.asarray(geometry.inlier_matches, np.uint32).reshape(-1, 2)
                if len(inliers):
                    yield Match(a, b, inliers, places(a)[inliers[:, 0]], places(b)[inliers[:, 1]])


def inlier_counts(database: Path) -> dict[tuple[int, int], int]:
    """Return how many verified matches each pair of views has, of those that were compared."""
    with closing(pycolmap.Database.open(database)) as store:
        return _inliers(store)


def _inliers(store: pycolmap.Database) -> dict[tuple[int, int], int]:
    ids, counts = store.read_two_view_geometry_num_inliers()
    pairs = (pycolmap.pair_id_to_image_pair(pair_id) for pair_id in ids)
    return {(a - 1, b - 1): count for (a, b), count in zip(pairs, counts, strict=True)}


def feature_counts(database: Path) -> list[int]:
    """Return how many features each view has."""
    with closing(pycolmap.Database.open(database)) as store:
        return [
            store.num_keypoints_for_image(number) for number in range(1, store.num_images() + 1)
        ]


def _missing(pairs: Sequence[tuple[int, int]], database: Path) -> list[tuple[int, int]]:
    with closing(pycolmap.Database.open(database)) as store:
        return [(a, b) for a, b in pairs if not store.exists_two_view_geometry(a + 1, b + 1)]


def _match_chunk(pairs: Sequence[tuple[int, int]], *, database: Path, seed: int) -> None:
    matching = pycolmap.FeatureMatchingOptions()
    matching.num_threads = threads()
    matching.use_gpu = False
    verification = pycolmap.TwoViewGeometryOptions()
    verification.ransac.random_seed = seed
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "pairs.txt"
        listed.write_text("".join(f"{name_of(a)} {name_of(b)}\n" for a, b in pairs))
        pairing = pycolmap.ImportedPairingOptions()
        pairing.match_list_path = listed
        pycolmap.match_image_pairs(database, matching, pairing, verification, pycolmap.Device.cpu)
