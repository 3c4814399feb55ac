"""Depth for every view of a reconstruction whose cameras are known.

First each view is matched with others, which takes nearly all of the time; its raw depths lie in
the job folder until all is done, so that a run that was killed goes on. Then the views are held
against each other, and what stands is written to the scene's folder.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float32

from rewis3d.job import View
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.stereo.consistency import DepthMap, agreement
from rewis3d.reconstruct.stereo.match import FEWEST, Sides, match
from rewis3d.reconstruct.stereo.picture import Picture, pinhole_of, read_picture, to_grid
from rewis3d.reconstruct.stereo.sources import CLOSEST, NARROW, WIDE, WIDEST, Source, choose
from rewis3d.reconstruct.stereo.trust import confidence
from rewis3d.reports import Progress
from rewis3d.scene import SceneFolder, SceneGeometry, ViewGeometry
from rewis3d.types import Rewis3dError

RAW_FOLDER: Final = "matched"
_HELD: Final = 32
"""Images that are kept in memory at a time."""
_BYTES: Final = 2 << 30
"""Memory that all threads' cost volumes may take together."""


@dataclass(frozen=True)
class _Task:
    """One view: what it is compared with, and where its raw depths go."""

    scene: SceneGeometry
    index: int
    near: float
    far: float
    raw: Path
    count: int

    @property
    def view(self) -> ViewGeometry:
        return self.scene.views[self.index]

    @cached_property
    def narrow(self) -> list[Source]:
        return self._choose(NARROW)

    @cached_property
    def wide(self) -> list[Source]:
        return self._choose(WIDE)

    @cached_property
    def widest(self) -> list[Source]:
        return self._choose(WIDEST)

    @cached_property
    def close(self) -> list[Source]:
        return self._choose(CLOSEST)

    def _choose(self, parallax: float) -> list[Source]:
        return choose(
            self.scene.views,
            self.index,
            near=self.near,
            far=self.far,
            count=self.count,
            parallax=parallax,
        )

    def planes(self, most: int) -> int:
        """Return how many planes are a pixel of parallax apart, within reason."""
        pixels = max((source.parallax for source in self.narrow), default=0.0)
        return int(np.clip(np.ceil(pixels), FEWEST, max(most, FEWEST)))


def densify(
    scenes: Sequence[SceneGeometry],
    ranges: Mapping[int, tuple[float, float]],
    views: Sequence[View],
    folder: Path,
    *,
    scene_folder: SceneFolder,
    config: ReconstructConfig,
) -> Generator[Progress, None, None]:
    """Write depth and confidence of every view that has none yet.

    `ranges` are near and far depth of each view. Views that no other view helps to measure get no
    depth. Rewis3dError names an image that can't be read.
    """
    raw = folder / RAW_FOLDER
    raw.mkdir(exist_ok=True)
    tasks = {task.view.frame_id: task for task in _tasks(scenes, ranges, raw, config.sources)}
    images = {view.frame_id: folder / view.image for view in views}
    missing = [tasks[view.frame_id] for view in scene_folder.unfinished()]

    @lru_cache(maxsize=_HELD)
    def picture(frame_id: int) -> Picture:
        return read_picture(images[frame_id], tasks[frame_id].view)

    def match_one(task: _Task) -> None:
        _write_raw(task.raw, _match(task, picture, config.planes))

    def judge_one(task: _Task) -> None:
        depth, trust = _judge(task, tasks)
        scene_folder.write_view(task.view.frame_id, depth=depth, confidence=trust)

    with _one_thread_each() as threads:
        unmatched = [task for task in _needed(missing, tasks) if not task.raw.exists()]
        yield from _each(
            "measuring depth", match_one, unmatched, _workers(unmatched, config, threads)
        )
        yield from _each("checking depth", judge_one, missing, threads)
    shutil.rmtree(raw)


def _tasks(
    scenes: Sequence[SceneGeometry],
    ranges: Mapping[int, tuple[float, float]],
    raw: Path,
    count: int,
) -> Iterator[_Task]:
    for scene in scenes:
        for index, view in enumerate(scene.views):
            near, far = ranges[view.frame_id]
            if not 0 < near < far < np.inf:
                raise Rewis3dError(f"frame {view.frame_id}: depths of {near} to {far} are no range")
            yield _Task(scene, index, near, far, raw / f"{view.frame_id:06d}.npy", count)


def _confirming(task: _Task) -> list[int]:
    """Return the frames that a view's depths are held against."""
    indices = dict.fromkeys(source.index for source in (*task.narrow, *task.wide, *task.close))
    return [task.scene.views[index].frame_id for index in indices]


def _needed(missing: Sequence[_Task], tasks: Mapping[int, _Task]) -> list[_Task]:
    """Return the views whose raw depths the missing ones need: their own, and of their sources."""
    if len(missing) == len(tasks):  # choosing sources takes time in a long clip
        return list(missing)
    frames = [frame for task in missing for frame in (task.view.frame_id, *_confirming(task))]
    wanted = set(frames)
    return [task for frame, task in tasks.items() if frame in wanted]


def _match(task: _Task, picture: Callable[[int], Picture], most: int) -> Float32[np.ndarray, "h w"]:
    """Return the depths of a view's picture; zeros where no view helps."""
    views = task.scene.views
    camera = pinhole_of(task.view.camera)
    if not task.narrow:
        return np.zeros((camera.height, camera.width), np.float32)
    narrow, wide, widest = (
        [picture(views[source.index].frame_id) for source in sources]
        for sources in (task.narrow, task.wide, task.widest)
    )
    return match(
        picture(task.view.frame_id),
        Sides(narrow, wide, widest),
        near=task.near,
        far=task.far,
        planes=task.planes(most),
    )


def _judge(task: _Task, tasks: Mapping[int, _Task]) -> list[np.ndarray]:
    """Return depth and confidence on the view's grid."""
    others = (tasks[frame] for frame in _confirming(task))
    agreed = agreement(_depth_map(task), map(_depth_map, others))
    trust = confidence(agreed)
    return to_grid(task.view, np.where(trust > 0, agreed.depth, 0), trust)


def _depth_map(task: _Task) -> DepthMap:
    depth = np.load(task.raw, mmap_mode="r", allow_pickle=False)
    return DepthMap(np.asarray(depth), pinhole_of(task.view.camera), task.view.T_world_camera)


def _write_raw(path: Path, depth: Float32[np.ndarray, "h w"]) -> None:
    aside = path.with_name(f"{path.name}.partial")
    with aside.open("wb") as file:
        np.save(file, depth, allow_pickle=False)
    aside.replace(path)


def _each(
    stage: str, work: Callable[[_Task], None], tasks: Sequence[_Task], workers: int
) -> Iterator[Progress]:
    """Work on all tasks, `workers` at a time, in order; a report after each."""
    started = time.monotonic()
    yield Progress(stage, 0, len(tasks))
    with ThreadPoolExecutor(workers) as pool:
        waiting = iter(tasks)
        running = {pool.submit(work, task) for task in islice(waiting, workers)}
        done = 0
        while running:
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                future.result()
                done += 1
                running |= {pool.submit(work, task) for task in islice(waiting, 1)}
                left = (time.monotonic() - started) / done * (len(tasks) - done)
                yield Progress(stage, done, len(tasks), left)


def _workers(tasks: Sequence[_Task], config: ReconstructConfig, threads: int) -> int:
    """Return how many views fit in memory at a time: a byte of cost and a float of sums a plane."""
    cells = max((task.view.camera.width * task.view.camera.height for task in tasks), default=1)
    return max(1, min(threads, _BYTES // (5 * cells * config.planes)))


@contextmanager
def _one_thread_each() -> Iterator[int]:
    """Let OpenCV use one thread in each of ours; gives how many there may be."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield threads
    finally:
        cv2.setNumThreads(threads)
