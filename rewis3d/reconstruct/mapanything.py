"""The MapAnything backend: cameras and depth of up to 200 frames in one pass of a network."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Generator, Sequence, Set
from pathlib import Path

import numpy as np
import torch

from rewis3d.device import pick
from rewis3d.geometry import up_of
from rewis3d.job import Job, View
from rewis3d.licences import licence_of
from rewis3d.reconstruct import solution
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.formats import captures
from rewis3d.reconstruct.mapanything_model import Prepared, infer, load_model
from rewis3d.reconstruct.mapanything_views import BACKEND, MadeView
from rewis3d.reconstruct.solution import Solution
from rewis3d.reports import Progress
from rewis3d.scene import SceneFolder, SceneGeometry
from rewis3d.types import Rewis3dError


def reconstruct(
    job: Job, folder: Path, config: ReconstructConfig, scene_folder: SceneFolder
) -> Generator[Progress, None, Solution]:
    """Reconstruct clip by clip, in batches of equal size; each batch is a scene of its own.

    Batches that a killed run finished are kept. Where memory is too small for a batch, it is
    halved.
    """
    stored = folder / BACKEND
    found = solution.load(folder, scene_folder)
    if found is None or any(True for _ in scene_folder.unfinished()):
        yield from _inferred(job, folder, config, stored)
        found = _solution(job, stored, config)
        solution.save(found, folder, scene_folder)
        _write_views(stored, scene_folder)
    if stored.exists():
        shutil.rmtree(stored)
    return found


def _inferred(
    job: Job, folder: Path, config: ReconstructConfig, stored: Path
) -> Generator[Progress, None, None]:
    """Run the batches that are not stored yet."""
    device = pick(config.device)
    capture = captures.of_job(job, config)
    given = captures.match(capture, job.views) if capture else {}
    stored.mkdir(exist_ok=True)
    model = None
    batches = split(job.views, config.batch, without=_finished(stored))
    while batches:
        done = len(job.views) - sum(map(len, batches))
        yield Progress(BACKEND, done, len(job.views))
        model = model or load_model(config.weights, device)
        prepared = [
            Prepared.of(view, folder, given.get(view.frame_id), patch=model.encoder.patch_size)
            for view in batches[0]
        ]
        try:
            made = infer(model, prepared, metric=capture.metric if capture else True)
        except (torch.OutOfMemoryError, MemoryError) as error:
            batches[:1] = _halves(batches[0], error)
            _free()
            continue
        _store(stored, made)
        batches.pop(0)


def split(views: Sequence[View], most: int, *, without: Set[int]) -> list[list[View]]:
    """Return the frames in batches of nearly equal size, none across two clips."""
    batches = []
    for clip in dict.fromkeys(view.clip for view in views):
        left = [view for view in views if view.clip == clip and view.frame_id not in without]
        count = -(-len(left) // most)
        batches += [part.tolist() for part in np.array_split(np.array(left, object), count or 1)]
    return [batch for batch in batches if batch]


def _halves(batch: list[View], error: Exception) -> list[list[View]]:
    if len(batch) == 1:
        raise Rewis3dError(
            f"frame {batch[0].name!r}: not enough memory for MapAnything with a single frame"
        ) from error
    middle = len(batch) // 2
    return [batch[:middle], batch[middle:]]


def _free() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _store(stored: Path, made: Sequence[MadeView]) -> None:
    """Keep a batch: its cameras as a scene, its arrays as finished views, under its first frame."""
    part = SceneFolder(stored / f"{made[0].frame_id:06d}.partial")
    if part.root.exists():
        shutil.rmtree(part.root)
    up = up_of(np.stack([view.geometry.T_world_camera for view in made]))
    part.write_cameras([SceneGeometry(tuple(v.geometry for v in made), up, "metric")])
    for view in made:
        part.write_view(view.frame_id, depth=view.depth, confidence=view.confidence, mask=view.mask)
    part.root.replace(part.root.with_suffix(""))


def _parts(stored: Path) -> list[SceneFolder]:
    return [SceneFolder(path) for path in sorted(stored.iterdir()) if not path.suffix]


def _finished(stored: Path) -> set[int]:
    return {
        view.frame_id for part in _parts(stored) for scene in part.cameras() for view in scene.views
    }


def _solution(job: Job, stored: Path, config: ReconstructConfig) -> Solution:
    scenes = tuple(scene for part in _parts(stored) for scene in part.cameras())
    names = {view.frame_id: view.name for view in job.views}
    notes = [f"weights {config.weights}, licence: {licence_of(config.weights)}"]
    if pick(config.device).type == "cpu":
        notes.append("computed without a GPU: slow, in full precision")
    if len(scenes) > 1:
        first = ", ".join(names[scene.views[0].frame_id] for scene in scenes)
        notes.append(f"in several passes, whose scenes are not related; they begin at {first}")
    return Solution(scenes, {}, notes=tuple(notes))


def _write_views(stored: Path, scene_folder: SceneFolder) -> None:
    for part in _parts(stored):
        for view in (view for scene in part.scenes() for view in scene.views):
            scene_folder.write_view(
                view.frame_id, depth=view.depth, confidence=view.confidence, mask=view.mask
            )
