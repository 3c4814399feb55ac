from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.ingest.pace import every, nearest
from tests.references import nearest_to_beats


def test_every_nth_from_the_first():
    assert list(every("abcdefg", 3)) == ["a", "d", "g"]
    assert list(every("abc", 1)) == ["a", "b", "c"]
    assert list(every("", 2)) == []


def test_a_beat_slower_than_the_video_takes_the_nearest_frame():
    times = [0.0, 0.33, 0.4, 0.9, 1.2, 1.45, 1.6]
    taken = [time for time, _ in nearest([(time, None) for time in times], 2.0)]
    assert taken == [0.0, 0.4, 0.9, 1.45]  # for 0, 0.5, 1 and 1.5 s


def test_a_beat_faster_than_the_video_takes_each_frame_once():
    times = [index / 10 for index in range(30)]
    assert [time for time, _ in nearest([(time, None) for time in times], 60.0)] == times


def test_the_videos_own_rate_takes_every_frame_in_spite_of_rounding():
    times = [index * 1001 / 30000 for index in range(3000)]
    assert len(list(nearest([(time, None) for time in times], 30000 / 1001))) == 3000


def test_a_time_stamp_gone_wild_ends_soon():
    assert [time for time, _ in nearest([(0.0, None), (1e12, None)], 1000.0)] == [0.0, 1e12]


def test_no_frames_give_no_frames():
    assert list(nearest([], 5.0)) == []


@given(
    steps=st.lists(st.integers(0, 40), max_size=40),
    fps=st.sampled_from([0.5, 1.0, 2.0, 4.0, 8.0, 64.0]),
)
@example(steps=[0, 0], fps=1.0)
def test_nearest_is_what_looking_at_all_frames_for_each_beat_gives(steps, fps):
    times = [place / 16 for place in accumulate([0, *steps])]  # exact in binary: ties are ties
    found = [index for _, index in nearest(list(zip(times, range(len(times)), strict=True)), fps)]
    assert found == nearest_to_beats(times, fps)


@pytest.mark.parametrize("fps", [3.0, 10.0, 23.976])
def test_any_rate_is_nearest_too(fps):
    times = list(accumulate([0.0, *([0.031, 0.04, 0.0337] * 30)]))
    found = [index for _, index in nearest(list(zip(times, range(len(times)), strict=True)), fps)]
    assert found == nearest_to_beats(times, fps)
