"""Clips: frames in their order, their motion, and which lie near strokes."""

from __future__ import annotations

from dataclasses import replace

from rewis3d.clip import clips_of, near_drawn
from rewis3d.job import View


def test_views_fall_into_clips_of_one_size() -> None:
    views = [
        View(7, "", 4, 5, clip=1),
        View(2, "", 4, 5, clip=0),
        View(6, "", 4, 5, clip=1),
        View(1, "", 4, 5, clip=0),
        View(3, "", 8, 5, clip=0),
        View(4, "", 8, 5, clip=0),
    ]
    found = [[view.frame_id for view in clip] for clip in clips_of(views)]
    assert found == [[6, 7], [1, 2], [3, 4]]


def drawn(*, count: int, at: tuple[int, ...], reserved: tuple[int, ...] = ()) -> list[View]:
    return [
        replace(View(i, "", 4, 5), labels="x" if i in at else None, reserved=i in reserved)
        for i in range(count)
    ]


def pieces(views: list[View], reach: int) -> list[list[int]]:
    return [[view.frame_id for view in piece] for piece in near_drawn(views, reach)]


def test_frames_near_strokes() -> None:
    views = drawn(count=12, at=(1, 9))
    assert pieces(views, 2) == [[0, 1, 2, 3], [7, 8, 9, 10, 11]]
    assert pieces(views, 0) == [[1], [9]]
    assert pieces(views, 20) == [list(range(12))]
    assert pieces(drawn(count=3, at=()), 5) == []


def test_reserved_frames_are_not_there_and_nothing_is_near_across_clips() -> None:
    views = drawn(count=6, at=(1,), reserved=(2,))
    assert pieces(views, 2) == [[0, 1, 3, 4]]
    other = [replace(view, frame_id=10 + view.frame_id, clip=1, labels=None) for view in views]
    assert pieces([*views, *other], 2) == [[0, 1, 3, 4]]
