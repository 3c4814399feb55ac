"""Clips and their frames."""

from __future__ import annotations

from dataclasses import replace

import pytest

from annotations import store
from annotations.types import AnnotationError
from tests.annotations.conftest import new_frame


def test_frames_come_clip_by_clip_in_order(conn):
    more = [new_frame(number, height=5, width=7) for number in (9, 7, 8)]
    ids = store.add_frames(conn, "second", "video", more)
    frames = store.list_frames(conn)
    assert [frame.name for frame in frames] == [f"frame{n}" for n in (0, 1, 2, 9, 7, 8)]
    assert [frame.index for frame in frames] == [0, 1, 2, 0, 1, 2]
    assert [frame.frame_id for frame in frames[3:]] == ids
    assert (frames[3].height, frames[3].width, frames[3].timestamp) == (5, 7, None)
    assert store.get_frame(conn, ids[1]) == frames[4]


def test_a_frame_keeps_the_focal_length_that_its_file_knew(conn):
    more = [replace(new_frame(7), focal=612.5), new_frame(8)]
    known, unknown = store.add_frames(conn, "second", "images", more)
    assert store.get_frame(conn, known).focal == 612.5
    assert store.get_frame(conn, unknown).focal is None


def test_a_clip_without_frames_is_refused(conn):
    with pytest.raises(AnnotationError, match="clip 'empty' has no frames"):
        store.add_frames(conn, "empty", "images", [])


def test_reserving_names_unknown_frames_and_changes_nothing_then(conn):
    with pytest.raises(AnnotationError, match="there is no frame 99"):
        store.set_reserved(conn, [1, 99])
    assert not any(frame.reserved for frame in store.list_frames(conn))
    store.set_reserved(conn, [1, 3])
    store.set_reserved(conn, [3], reserved=False)
    assert [frame.reserved for frame in store.list_frames(conn)] == [True, False, False]
