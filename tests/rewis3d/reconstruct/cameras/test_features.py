from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pycolmap
import pytest

from rewis3d.job import View
from rewis3d.reconstruct.cameras.features import (
    ASSUMED,
    Lens,
    camera_ids,
    detect,
    keypoints_of,
    lenses_of,
)
from rewis3d.types import Rewis3dError

from .room import film, pose, room, store


def test_a_focal_length_that_is_given_goes_before_the_files_own() -> None:
    views = [View(1, "a", 60, 80, focal=70.0), View(2, "b", 60, 80)]
    assert [lens.focal for lens in lenses_of(views, 0.0)] == [70.0, None]
    assert [lens.focal for lens in lenses_of(views, 99.0)] == [99.0, 99.0]


def test_frames_share_a_camera_where_clip_size_and_focal_length_agree() -> None:
    one, other_clip = Lens(0, 80, 60, None), Lens(1, 80, 60, None)
    assert camera_ids([one, other_clip, one, Lens(0, 60, 80, None), Lens(0, 80, 60, 70.0)]) == [
        1, 2, 1, 3, 4,
    ]  # fmt: skip
    assert one.colmap(1).focal_length == ASSUMED * 80
    assert not one.colmap(1).has_prior_focal_length
    assert Lens(0, 80, 60, 70.0).colmap(1).has_prior_focal_length


def test_a_lens_that_is_known_with_its_distortion_says_so() -> None:
    known = Lens(0, 80, 60, 70.0, radial=-0.05).colmap(1)
    assert list(known.params) == [70, 40, 30, -0.05]
    assert known.has_prior_focal_length


def test_detecting_again_does_only_what_is_missing(tmp_path: Path) -> None:
    views = film(tmp_path, [pose(), pose(x=0.2), pose(x=0.4)])
    lenses, database = lenses_of(views, 0.0), tmp_path / "features.db"
    running = detect(views, lenses, folder=tmp_path, database=database)
    while next(running).done < 1:
        pass
    running.close()  # killed
    (tmp_path / views[0].image).unlink()  # so that looking at it again would fail
    reports = list(detect(views, lenses, folder=tmp_path, database=database))
    assert reports[0].done >= 1
    assert (reports[-1].done, reports[-1].total) == (3, 3)
    with closing(pycolmap.Database.open(database)) as store_:
        assert all(len(keypoints_of(store_, place)) > 100 for place in range(3))


def test_a_large_photo_is_looked_at_smaller_and_its_features_lie_in_its_own_pixels(
    tmp_path: Path,
) -> None:
    small = np.full((150, 200), 40, np.uint8)
    cv2.circle(small, (150, 100), 6, (255,), -1)
    views = store(tmp_path, [cv2.resize(small, (2400, 1800), interpolation=cv2.INTER_NEAREST)])
    database = tmp_path / "features.db"
    list(detect(views, lenses_of(views, 0.0), folder=tmp_path, database=database))
    with closing(pycolmap.Database.open(database)) as store_:
        xy = keypoints_of(store_, 0)
    assert np.abs(xy.mean(axis=0) - [150.5 * 12, 100.5 * 12]).max() < 12  # the disc's centre
    assert np.abs(xy - [150.5 * 12, 100.5 * 12]).max() < 8 * 12


def test_an_image_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    views = [View(1, "a.png", 60, 80)]
    with pytest.raises(Rewis3dError, match=r"a\.png"):
        list(detect(views, lenses_of(views, 0.0), folder=tmp_path, database=tmp_path / "f.db"))


def test_room_is_textured() -> None:
    assert all(board.texture.std() > 20 for board in room())
