"""Measured points on the grids of views: counted, masked, and in their source's unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from rewis3d.geometry import pinhole
from rewis3d.reconstruct import placing
from rewis3d.reconstruct.formats.types import GivenView, Measured, Piece
from rewis3d.scene import ViewGeometry
from tests.rewis3d.stage import pose

SIZE = (24, 32)


class Wall:
    """Points of a wall ten units ahead of the origin, with two that are none, in two pieces."""

    def seen_by(
        self,
        names: Sequence[str],
        *,
        scratch: Path,  # noqa: ARG002 - as Measured has it
    ) -> Iterator[tuple[str, Iterator[Piece]]]:
        x, y = np.meshgrid(np.linspace(-9, 9, 80), np.linspace(-6, 6, 60))
        wall = np.stack([x, y, np.full_like(x, 10)], axis=-1).reshape(-1, 3)
        broken = np.array([[np.nan, 0, 1], [0, np.inf, 1]])
        for name in reversed(names):
            yield name, iter([wall[:100], np.concatenate([wall[100:], broken])])


def views(count: int) -> tuple[list[ViewGeometry], dict[int, GivenView]]:
    """Views that step forwards by a unit; the scene's own places are twice as far apart."""
    camera = pinhole(24.0, SIZE[1], SIZE[0])
    given = {i: GivenView(f"f_{i}", camera, pose(z=float(i))) for i in range(count)}
    scene = [
        ViewGeometry.of_image(
            i, camera, T_world_camera=pose(z=2.0 * i), max_side=64, backend="given"
        )
        for i in range(count)
    ]
    return scene, given


def test_each_view_gets_the_points_where_it_stands_in_their_world(tmp_path: Path) -> None:
    scene, given = views(3)
    tally = placing.Tally()
    assert isinstance(Wall(), Measured)
    found = placing.depths(Wall(), scene, given=given, tally=tally, scratch=tmp_path)
    by_frame = {view.frame_id: depth for view, depth in found}
    assert list(by_frame) == [2, 1, 0]  # the source's order
    for frame, depth in by_frame.items():
        assert depth[depth > 0] == pytest.approx(10 - frame)
        assert (depth > 0).mean() > 0.8
    assert (tally.read, tally.dropped) == (3 * 4802, 6)
    assert tally.notes() == ("6 of 14406 points had no coordinates and were left out",)


def test_where_all_points_are_whole_there_is_nothing_to_say() -> None:
    tally = placing.Tally()
    assert [len(part) for part in tally.points([np.zeros((3, 3)), np.zeros((0, 3))])] == [3, 0]
    assert tally.notes() == ()


def test_masked_pixels_get_no_points(tmp_path: Path) -> None:
    scene, given = views(1)
    mask = np.full(SIZE, 255, np.uint8)
    mask[:, :10] = 0
    cv2.imwrite(str(tmp_path / "m.png"), mask)
    view = given[0]
    given = {0: GivenView(view.name, view.camera, view.T_world_camera, mask=tmp_path / "m.png")}
    ((_, depth),) = placing.depths(
        Wall(), scene, given=given, tally=placing.Tally(), scratch=tmp_path
    )
    assert (depth[:, :10] == 0).all()
    assert (depth[:, 10:] > 0).mean() > 0.8


def test_some_views_say_how_far_away_the_points_are(tmp_path: Path) -> None:
    scene, given = views(5)
    found = placing.ranges(Wall(), scene, given=given, scratch=tmp_path)
    assert found == {i: (pytest.approx(10 - i), pytest.approx(10 - i)) for i in range(5)}
    behind = {0: GivenView("f_0", given[0].camera, pose(z=20.0))}
    assert placing.ranges(Wall(), scene[:1], given=behind, scratch=tmp_path) == {}
