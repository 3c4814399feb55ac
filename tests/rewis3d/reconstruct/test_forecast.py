"""What a reconstruction is said to take before it begins."""

from __future__ import annotations

import tracemalloc

import pytest

from rewis3d.job import View
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.forecast import Forecast, forecast


def views(count: int, *, width: int = 480, height: int = 360, clips: int = 1) -> list[View]:
    return [View(i + 1, "", height, width, clip=i * clips // count) for i in range(count)]


def told(count: int, *, backend: str = "colmap", threads: int = 2) -> Forecast:
    return forecast(views(count), ReconstructConfig(), backend=backend, threads=threads)


def test_a_clip_that_was_measured_is_told_within_half() -> None:
    """CamVid, 101 frames of 480x360: 254 s and 870 MB on two threads (docs/benchmarks.md)."""
    found = told(101)
    assert found.total_seconds == pytest.approx(254, rel=0.5)
    assert found.memory_bytes == pytest.approx(870e6, rel=0.3)
    assert found.chunks == ((0, 100),)
    assert list(found.seconds) == [
        "features",
        "matching",
        "mapping",
        "measuring depth",
        "checking depth",
    ]


def test_time_grows_with_the_clip_and_memory_does_not() -> None:
    one, five = told(400), told(2000)
    assert len(five.chunks) == 6
    assert five.chunks[0][0] == 0
    assert five.chunks[-1][-1] == 1999
    assert five.total_seconds == pytest.approx(5 * (one.total_seconds or 0), rel=0.4)
    assert five.memory_bytes is not None
    assert five.memory_bytes <= (one.memory_bytes or 0)
    assert five.disk_bytes == pytest.approx(5 * one.disk_bytes, rel=0.01)
    assert list(five.seconds)[1:3] == ["matching neighbours", "matching"]


def test_more_threads_and_smaller_frames_take_less() -> None:
    assert (told(50, threads=8).total_seconds or 0) < (told(50).total_seconds or 0)
    small = forecast(
        views(50, width=240, height=180), ReconstructConfig(), backend="colmap", threads=2
    )
    assert (small.total_seconds or 0) < 0.5 * (told(50).total_seconds or 0)
    assert small.disk_bytes < 0.5 * told(50).disk_bytes


def test_of_a_network_passes_are_told_and_no_time() -> None:
    found = told(2000, backend="mapanything")
    assert len(found.chunks) == 11
    assert (found.total_seconds, found.memory_bytes, found.seconds) == (None, None, {})
    assert found.disk_bytes == pytest.approx(2000 * 480 * 360 * 10, rel=0.01)
    assert len(told(7, backend="depth").chunks) == 7


def test_given_cameras_need_no_mapping() -> None:
    found = told(2000, backend="given")
    assert found.chunks == ((0, 1999),)
    assert "mapping" not in found.seconds


def test_clips_are_planned_by_themselves_and_none_is_no_error() -> None:
    config = ReconstructConfig(chunk=100)
    found = forecast(views(240, clips=3), config, backend="colmap", threads=2)
    assert found.chunks == ((0, 79), (80, 159), (160, 239))
    assert forecast([], config, backend="colmap", threads=2).chunks == ()


def test_a_plan_of_2000_frames_takes_little_memory() -> None:
    frames = views(2000)
    tracemalloc.start()
    forecast(frames, ReconstructConfig(), backend="colmap", threads=2)
    assert tracemalloc.get_traced_memory()[1] < 30e6
    tracemalloc.stop()
