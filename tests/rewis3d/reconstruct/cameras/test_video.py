"""Film and photos, told by how far features move."""

from __future__ import annotations

from rewis3d.job import View
from rewis3d.reconstruct.cameras.matching import iterate_matches
from rewis3d.reconstruct.cameras.video import clips_of, is_video

from .conftest import Walk


def test_a_walk_is_a_video_and_every_fourth_of_its_frames_are_photos(walk: Walk) -> None:
    assert is_video(range(8), walk.matches, walk.lenses)
    assert is_video(range(8), iterate_matches(walk.database), walk.lenses)
    assert not is_video([0, 4, 7], walk.matches, walk.lenses)
    assert not is_video([0, 1], walk.matches, walk.lenses)


def test_clips_are_places_in_their_order() -> None:
    views = [View(at, "", 1, 1, clip=clip) for at, clip in enumerate((5, 5, 2, 5))]
    assert clips_of(views) == [[0, 1, 3], [2]]
