from pathlib import Path

import numpy as np

from rewis3d.geometry import inverse, transform
from rewis3d.reconstruct.cameras.features import detect, lenses_of
from rewis3d.reconstruct.cameras.matching import feature_counts, match, read_matches

from .conftest import POSES, Walk
from .room import camera, film, picture, pose, room, store


def test_matches_show_the_same_place_of_the_room(walk: Walk) -> None:
    pair = next(pair for pair in walk.matches if (pair.a, pair.b) == (0, 3))
    depth = picture(room(), POSES[0], noise=0, seed=0)[1]
    column, row = pair.a_xy.astype(int).T
    points = camera().rays(pair.a_xy) * depth[row, column][:, None]
    seen = camera().project(transform(inverse(POSES[3]) @ POSES[0], points))
    assert np.median(np.linalg.norm(seen - pair.b_xy, axis=1)) < 0.5
    assert len(pair) > 50


def test_pairs_that_were_compared_are_not_compared_again(walk: Walk) -> None:
    reports = list(match([(0, 1), (2, 5)], database=walk.database, seed=0))
    assert [(report.done, report.total) for report in reports] == [(2, 2)]


def test_equal_seeds_give_equal_matches(walk: Walk, tmp_path: Path) -> None:
    database = tmp_path / "features.db"
    list(detect(walk.views, walk.lenses, folder=walk.folder, database=database))
    list(match([(2, 5), (0, 1)], database=database, seed=0))
    first = {(pair.a, pair.b): pair for pair in walk.matches}
    again = read_matches(database)
    assert [(pair.a, pair.b) for pair in again] == [(0, 1), (2, 5)]
    for pair in again:
        np.testing.assert_array_equal(pair.features, first[pair.a, pair.b].features)


def test_a_black_frame_has_no_features_and_no_matches(tmp_path: Path) -> None:
    views = film(tmp_path, [pose(), pose(x=0.3)])
    views += store(tmp_path, [np.zeros((192, 256), np.uint8)], first=3)
    database = tmp_path / "features.db"
    list(detect(views, lenses_of(views, 0.0), folder=tmp_path, database=database))
    list(match([(0, 1), (0, 2), (1, 2)], database=database, seed=0))
    assert [(pair.a, pair.b) for pair in read_matches(database)] == [(0, 1)]
    counts = feature_counts(database)
    assert counts[2] == 0
    assert min(counts[:2]) > 100
