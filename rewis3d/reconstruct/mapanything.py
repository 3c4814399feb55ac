"""The MapAnything backend: cameras and depth of up to 200 frames in one pass of a network.

A longer clip takes several passes that share frames, which says how their worlds lie to each other
(chunks/chain.py).
"""

from __future__ import annotations

import gc
import shutil
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from rewis3d.device import pick
from rewis3d.geometry import up_of
from rewis3d.job import Job, View
from rewis3d.licences import licence_of
from rewis3d.reconstruct import solution
from rewis3d.reconstruct.chunks.plan import cover, shared
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.formats import captures
from rewis3d.reconstruct.mapanything_model import Prepared, infer, load_model
from rewis3d.reconstruct.mapanything_passes import joined, passes, shots_of
from rewis3d.reconstruct.mapanything_views import BACKEND, MadeView
from rewis3d.reconstruct.solution import Solution
from rewis3d.reports import Progress
from rewis3d.scene import SceneFolder, SceneGeometry
from rewis3d.types import Rewis3dError


def reconstruct(
    job: Job, folder: Path, config: ReconstructConfig, scene_folder: SceneFolder
) -> Generator[Progress, None, Solution]:
    """Reconstruct shot by shot, in passes of equal size that are joined where they share frames.

    Passes that a killed run finished are kept. Where memory is too small for a pass, it and what
    is left of its shot are taken in passes of half the size.
    """
    stored = folder / BACKEND
    found = solution.load(folder, scene_folder)
    if found is None or any(True for _ in scene_folder.unfinished()):
        yield from _inferred(job, folder, config, stored)
        whole = joined(passes(stored), job.views)
        found = _solution(whole.solution, config)
        solution.save(found, folder, scene_folder)
        whole.write_views(scene_folder)
    if stored.exists():
        shutil.rmtree(stored)
    return found


def _inferred(
    job: Job, folder: Path, config: ReconstructConfig, stored: Path
) -> Generator[Progress, None, None]:
    """Run the passes that are not stored yet."""
    device = pick(config.device)
    capture = captures.of_job(job, config)
    given = captures.match(capture, job.views) if capture else {}
    stored.mkdir(exist_ok=True)
    model = None
    for shot in (yield from shots_of(job.views, folder, stored, most=config.batch)):
        most = config.batch
        while chunk := _next(shot, stored, most=most, overlap=config.overlap):
            yield Progress(BACKEND, len(_finished(stored)), len(job.views))
            model = model or load_model(config.weights, device)
            prepared = [
                Prepared.of(view, folder, given.get(view.frame_id), patch=model.encoder.patch_size)
                for view in chunk
            ]
            try:
                made = infer(model, prepared, metric=capture.metric if capture else True)
            except (torch.OutOfMemoryError, MemoryError) as error:
                most = _half(chunk, error)
                _free()
                continue
            _store(stored, made)


def _next(shot: Sequence[View], stored: Path, *, most: int, overlap: int) -> list[View]:
    """Return the frames of a shot's next pass; none where all are stored."""
    finished = _finished(stored)
    done = sum(view.frame_id in finished for view in shot)
    if done == len(shot):
        return []
    left = range(max(done - shared(most, overlap), 0), len(shot))
    return [shot[place] for place in cover(left, most=most, overlap=overlap)[0]]


def _half(chunk: Sequence[View], error: Exception) -> int:
    if len(chunk) == 1:
        raise Rewis3dError(
            f"frame {chunk[0].name!r}: not enough memory for MapAnything with a single frame"
        ) from error
    return -(-len(chunk) // 2)


def _free() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _store(stored: Path, made: Sequence[MadeView]) -> None:
    """Keep a pass: its cameras as a scene, its arrays as finished views, under its first frame."""
    part = SceneFolder(stored / f"{made[0].frame_id:06d}.partial")
    if part.root.exists():
        shutil.rmtree(part.root)
    up = up_of(np.stack([view.geometry.T_world_camera for view in made]))
    part.write_cameras([SceneGeometry(tuple(v.geometry for v in made), up, "metric")])
    for view in made:
        part.write_view(view.frame_id, depth=view.depth, confidence=view.confidence, mask=view.mask)
    part.root.replace(part.root.with_suffix(""))


def _finished(stored: Path) -> set[int]:
    return {view.frame_id for part in passes(stored) for view in part.cameras()[0].views}


def _solution(found: Solution, config: ReconstructConfig) -> Solution:
    notes = [f"weights {config.weights}, licence: {licence_of(config.weights)}"]
    if pick(config.device).type == "cpu":
        notes.append("computed without a GPU: slow, in full precision")
    return replace(found, notes=(*notes, *found.notes))
