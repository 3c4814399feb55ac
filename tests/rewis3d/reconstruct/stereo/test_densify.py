from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from rewis3d.geometry import Camera
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.stereo import densify as module
from rewis3d.reconstruct.stereo.densify import densify
from rewis3d.reports import Progress
from rewis3d.scene import STRICT, SceneView
from rewis3d.types import Rewis3dError
from tests.rewis3d.reconstruct.stereo.clip import (
    BOARDS,
    CAMERA,
    Clip,
    forward,
    sideways,
    write_clip,
)
from tests.rewis3d.reconstruct.stereo.rendering import Board

CONFIG = ReconstructConfig(planes=48, sources=4)


def work(clip: Clip) -> Iterator[Progress]:
    return densify(
        [clip.scene],
        clip.ranges,
        clip.views,
        clip.folder,
        scene_folder=clip.scene_folder(),
        config=CONFIG,
    )


def done(clip: Clip) -> tuple[SceneView, ...]:
    list(work(clip))
    return clip.scene_folder().scenes()[0].views


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    found = write_clip(tmp_path_factory.mktemp("clip"), sideways(7))
    done(found)
    return found


def arrays(view: SceneView) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(view.depth, np.float32), np.asarray(view.confidence, np.float32)


def test_depths_are_exact_where_they_are_trusted(clip: Clip) -> None:
    for view, truth in zip(clip.scene_folder().scenes()[0].views, clip.depths, strict=True):
        depth, confidence = arrays(view)
        strict = confidence > STRICT
        error = np.abs(depth - truth)[strict] / truth[strict]
        assert np.median(error) < 0.01
        assert (error < 0.05).mean() > 0.95
    middle = clip.scene_folder().scenes()[0].views[3]
    assert (middle.confidence > STRICT).mean() > 0.85


def test_more_confidence_is_less_error(clip: Clip) -> None:
    views = clip.scene_folder().scenes()[0].views
    both = [arrays(view) for view in views]
    confidence = np.concatenate([c[c > STRICT] for _, c in both])
    error = np.concatenate(
        [
            (np.abs(d - truth) / truth)[c > STRICT]
            for (d, c), truth in zip(both, clip.depths, strict=True)
        ]
    )
    low, high = np.quantile(confidence, [1 / 3, 2 / 3])
    bins = [confidence < low, (confidence >= low) & (confidence < high), confidence >= high]
    worst, middle, best = (error[each].mean() for each in bins)
    assert worst > middle > best


def test_what_is_done_is_not_done_again(clip: Clip, tmp_path: Path) -> None:
    again = write_clip(tmp_path, sideways(5))
    steps = work(again)
    while next(steps).done < 2:
        pass
    steps.close()  # type: ignore[attr-defined]
    raw = sorted((tmp_path / module.RAW_FOLDER).glob("*.npy"))
    assert 2 <= len(raw) < 5
    kept = {path: path.stat().st_mtime_ns for path in raw}
    reports = work(again)
    assert next(reports) == Progress("measuring depth", 0, 5 - len(raw))
    for report in reports:
        if report.stage == "measuring depth":
            assert {path: path.stat().st_mtime_ns for path in raw} == kept
    assert list(again.scene_folder().unfinished()) == []
    assert not (tmp_path / module.RAW_FOLDER).exists()


def test_finished_views_are_left_alone(tmp_path: Path) -> None:
    clip = write_clip(tmp_path, sideways(3))
    done(clip)
    file = tmp_path / "scene" / "views" / "000001.confidence.npy"
    (tmp_path / "scene" / "views" / "000000.confidence.npy").unlink()
    before = file.stat().st_mtime_ns
    last = list(work(clip))[-1]
    assert (last.stage, last.done, last.total) == ("checking depth", 1, 1)
    assert file.stat().st_mtime_ns == before
    assert list(clip.scene_folder().unfinished()) == []
    assert [report.total for report in work(clip)] == [0, 0]


def test_progress_says_how_long_it_will_take(tmp_path: Path) -> None:
    reports = list(work(write_clip(tmp_path, sideways(3))))
    assert [(r.stage, r.done, r.total) for r in reports] == [
        (stage, k, 3) for stage in ("measuring depth", "checking depth") for k in range(4)
    ]
    assert reports[1].eta_seconds is not None
    assert reports[1].eta_seconds > 0
    assert reports[3].eta_seconds == 0


def test_two_views_pass_a_check_of_two(tmp_path: Path) -> None:
    views = done(write_clip(tmp_path, sideways(2)))
    depth, confidence = arrays(views[0])
    assert (depth > 0).mean() > 0.6
    assert 0 < confidence.max() <= STRICT


def test_views_that_share_nothing_get_no_depth(tmp_path: Path) -> None:
    apart = np.eye(4)
    apart[0, 3] = 500.0
    views = done(write_clip(tmp_path, [np.eye(4), apart]))
    assert all(np.asarray(view.depth).max() == 0 for view in views)


def test_a_sky_gets_no_depth(tmp_path: Path) -> None:
    low = BOARDS[1:]  # a floor and a box, nothing behind
    clip = write_clip(tmp_path, sideways(7), boards=[low] * 7)
    depth, confidence = arrays(done(clip)[3])
    sky = clip.depths[3] == 0
    inner = cv2.erode(sky.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert sky.mean() > 0.3
    assert (depth[inner] > 0).mean() < 0.03
    assert (confidence[inner] > STRICT).mean() < 0.01
    assert (confidence[sky] > STRICT).mean() < 0.05


def test_what_has_no_texture_gets_no_depth(tmp_path: Path) -> None:
    bare = Board((-1.5, -2.5, 5.0), (3.0, 0, 0), (0, 2.5, 0), contrast=0.0)
    clip = write_clip(tmp_path, sideways(7), boards=[[*BOARDS[:2], bare]] * 7)
    _, confidence = arrays(done(clip)[3])
    truth = np.abs(clip.depths[3] - 5.0) < 1e-3
    inner = cv2.erode(truth.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert inner.sum() > 200
    assert (confidence[inner] > STRICT).mean() < 0.02


def test_what_moves_is_left_out(tmp_path: Path) -> None:
    boards = []
    for index in range(7):
        x = -1.0 + 0.25 * np.sin(2.0 * index)
        y = -1.2 + 0.3 * np.cos(2.6 * index)
        boards.append([*BOARDS[:2], Board((x, y, 4.5), (1.8, 0, 0), (0, 1.6, 0), 7, grain=0.1)])
    clip = write_clip(tmp_path, sideways(7), boards=boards)
    depth, confidence = arrays(done(clip)[3])
    moving = np.abs(clip.depths[3] - 4.5) < 1e-3
    inner = cv2.erode(moving.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert inner.sum() > 300
    assert (confidence[inner] > STRICT).mean() < 0.1
    still = ~(cv2.dilate(moving.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0)
    assert (confidence[still] > STRICT).mean() > 0.8
    assert depth.shape == (72, 96)


def test_a_lens_is_allowed_for(tmp_path: Path) -> None:
    camera = Camera(CAMERA.K, 96, 72, (-0.2, 0.03, 0.0, 0.0))
    clip = write_clip(tmp_path, sideways(7), camera=camera)
    depth, confidence = arrays(done(clip)[3])
    strict = confidence > STRICT
    error = np.abs(depth - clip.depths[3])[strict] / clip.depths[3][strict]
    assert strict.mean() > 0.8
    assert np.median(error) < 0.01


def test_forward_motion_measures_all_but_where_it_goes(tmp_path: Path) -> None:
    boards = [*BOARDS, Board((-2.6, -4, 0.5), (0, 0, 6.5), (0, 5.2, 0), 11, grain=0.15)]
    clip = write_clip(tmp_path, forward(7, 0.25), boards=[boards] * 7)
    depth, confidence = arrays(done(clip)[3])
    strict = confidence > STRICT
    error = np.abs(depth - clip.depths[3]) / clip.depths[3]
    assert np.median(error[strict]) < 0.012
    assert (error[strict] < 0.05).mean() > 0.93
    around = np.hypot(*(np.indices((72, 96)) - np.reshape([35.5, 47.5], (2, 1, 1))))
    assert strict[around > 20].mean() > 0.75
    assert strict[around > 20].mean() > strict[around < 6].mean()


def test_views_may_have_grids_of_several_sizes(tmp_path: Path) -> None:
    cameras = [CAMERA, CAMERA.resized(72, 54)] * 3 + [CAMERA]
    clip = write_clip(tmp_path, sideways(7), camera=cameras)
    for index in (2, 3):
        depth, confidence = arrays(done(clip)[index])
        strict = confidence > STRICT
        error = np.abs(depth - clip.depths[index])[strict] / clip.depths[index][strict]
        assert strict.mean() > 0.75
        assert np.median(error) < 0.012


def test_threads_share_a_bounded_memory(clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = list(module._tasks([clip.scene], clip.ranges, clip.folder, 4))
    assert module._workers(tasks, CONFIG, 64) == 64
    one = 5 * CAMERA.width * CAMERA.height * CONFIG.planes
    monkeypatch.setattr(module, "_BYTES", 3 * one)
    assert module._workers(tasks, CONFIG, 64) == 3
    assert module._workers(tasks, CONFIG, 2) == 2
    monkeypatch.setattr(module, "_BYTES", one // 2)
    assert module._workers(tasks, CONFIG, 64) == 1
    assert module._workers([], CONFIG, 2) == 2


def test_a_range_that_is_none_is_named(tmp_path: Path) -> None:
    clip = write_clip(tmp_path, sideways(2))
    ranges = {0: (2.0, 9.0), 1: (5.0, 5.0)}
    scene_folder = clip.scene_folder()
    with pytest.raises(Rewis3dError, match="frame 1: depths of"):
        list(
            densify(
                [clip.scene], ranges, clip.views, tmp_path, scene_folder=scene_folder, config=CONFIG
            )
        )
