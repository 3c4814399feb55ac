from __future__ import annotations

import numpy as np

from rewis3d.reconstruct.stereo.sources import NARROW, WIDE, Source, choose
from rewis3d.scene import GridMap, ViewGeometry
from tests.rewis3d.reconstruct.stereo.clip import CAMERA


def views(places: list[tuple[float, float, float]], turns: list[float] | None = None) -> list:
    found = []
    for index, place in enumerate(places):
        T = np.eye(4)
        T[:3, 3] = place
        angle = turns[index] if turns else 0.0
        T[:3, :3] = [
            [np.cos(angle), 0, np.sin(angle)],
            [0, 1, 0],
            [-np.sin(angle), 0, np.cos(angle)],
        ]
        found.append(ViewGeometry(index, 72, 96, CAMERA, T, GridMap((1.0, 1.0)), "colmap"))
    return found


def chosen(found: list, index: int, count: int = 4, parallax: float = NARROW) -> list[Source]:
    return choose(found, index, near=3.0, far=30.0, count=count, parallax=parallax)


def test_sources_lie_on_both_sides() -> None:
    line = views([(0.15 * k, 0, 0) for k in range(21)])
    places = {source.index - 10 for source in chosen(line, 10)}
    assert {np.sign(place) for place in places} == {-1, 1}
    assert len(places) == 4


def test_forward_motion_has_sources_before_and_after() -> None:
    line = views([(0, 0, 0.5 * k) for k in range(21)])
    places = {source.index - 10 for source in chosen(line, 10)}
    assert {np.sign(place) for place in places} == {-1, 1}


def test_wide_sources_are_farther_away() -> None:
    line = views([(0.05 * k, 0, 0) for k in range(41)])
    narrow, wide = (
        np.mean([abs(source.index - 20) for source in chosen(line, 20, parallax=each)])
        for each in (NARROW, WIDE)
    )
    assert wide > 1.5 * narrow


def test_parallax_is_in_pixels_from_the_near_depth_to_infinity() -> None:
    (source,) = chosen(views([(0, 0, 0), (0.3, 0, 0)]), 0)
    assert abs(source.parallax - 80 * 0.3 / 3) < 0.01


def test_a_camera_that_only_turns_helps_nothing() -> None:
    assert chosen(views([(0, 0, 0)] * 3, [0.0, 0.1, 0.2]), 1) == []


def test_views_that_look_elsewhere_help_nothing() -> None:
    assert chosen(views([(0, 0, 0), (0.4, 0, 0)], [0.0, np.pi]), 0) == []
