import numpy as np
import pytest

from rewis3d.geometry import inverse, transform
from rewis3d.reconstruct.cameras.given import depths_of
from rewis3d.reconstruct.cameras.matching import Match
from rewis3d.scene import GridMap, SceneGeometry, ViewGeometry

from .room import HEIGHT, WIDTH, camera, pose

POSES = [pose(), pose(x=1.0), pose(x=2.0)]


def scene(poses=POSES) -> SceneGeometry:
    """Views of half size, frames 10, 11, ..."""
    grid = camera().resized(WIDTH // 2, HEIGHT // 2)
    views = (
        ViewGeometry(10 + at, HEIGHT, WIDTH, grid, T, GridMap((0.5, 0.5)), "given")
        for at, T in enumerate(poses)
    )
    return SceneGeometry(tuple(views), np.array([0.0, -1, 0]), "metric")


def pair(a: int, b: int, depths) -> Match:
    rng = np.random.default_rng(0)
    n = len(depths)
    xyz = np.stack([rng.uniform(0, 1, n), rng.uniform(-1, 1, n), depths], axis=1)
    xy = [camera().project(transform(inverse(POSES[at]), xyz)) for at in (a, b)]
    return Match(a, b, np.zeros((n, 2), np.uint32), *xy)


def test_near_and_far_enclose_the_depths_of_the_matches() -> None:
    depths = np.linspace(4, 12, 60)
    ranges = depths_of([scene()], [pair(0, 1, depths), pair(1, 2, depths)], [10, 11, 12])
    for near, far in ranges.values():
        assert 1 < near < 4
        assert 12 < far < 500


def test_matches_off_their_line_and_behind_say_nothing() -> None:
    good, bad = pair(0, 1, np.linspace(4, 12, 60)), pair(0, 1, np.full(40, 1.5))
    bad.b_xy[:20, 1] += 20
    bad.b_xy[20:, 0] += 400  # behind
    both = depths_of([scene()], [good, bad], [10, 11, 12])
    assert both == depths_of([scene()], [good], [10, 11, 12])


def test_a_view_without_matches_takes_its_scenes_range() -> None:
    ranges = depths_of([scene()], [pair(0, 1, np.linspace(4, 12, 60))], [10, 11, 12])
    assert ranges[12] == pytest.approx(ranges[10], rel=0.3)


def test_a_scene_without_any_match_takes_the_steps_of_its_cameras() -> None:
    near, far = depths_of([scene()], [], [10, 11, 12])[11]
    assert (near, far) == (2.0, 400.0)
    standing = scene([pose(), pose()])
    assert depths_of([standing], [], [10, 11])[10] == (2.0, 400.0)
