"""The part of a features' database that some views need: what a mapping reads grows with it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pycolmap

from rewis3d.reconstruct.cameras.features import Lens, camera_ids, write_cameras, write_image
from rewis3d.reconstruct.cameras.matching import inlier_counts


def write_excerpt(
    database: Path, places: Sequence[int], lenses: Sequence[Lens], target: Path
) -> None:
    """Write features' places and matches of some views, ascending, to a new database.

    There the first of them is view 0 and so on; `lenses` are theirs. What each looks like stays
    out: it is compared already.
    """
    number = {place: at for at, place in enumerate(places)}
    pairs = [(a, b) for a, b in sorted(inlier_counts(database)) if a in number and b in number]
    ids = camera_ids(lenses)
    with (
        closing(pycolmap.Database.open(database)) as whole,
        closing(pycolmap.Database.open(target)) as part,
    ):
        write_cameras(part, lenses)
        with pycolmap.DatabaseTransaction(part):
            for place, at in number.items():
                write_image(part, at, camera_id=ids[at])
                part.write_keypoints(at + 1, whole.read_keypoints(place + 1))
            for a, b in pairs:
                here, there = (a + 1, b + 1), (number[a] + 1, number[b] + 1)
                # raw ones too: calibrating the view graph verifies them anew
                part.write_matches(*there, whole.read_matches(*here))
                part.write_two_view_geometry(*there, whole.read_two_view_geometry(*here))
