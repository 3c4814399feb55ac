"""What one chunk of a long clip found, in a folder of its own until all chunks are solved."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from rewis3d.job import View
from rewis3d.reconstruct import solution
from rewis3d.reconstruct.cameras.features import Lens
from rewis3d.reconstruct.cameras.model import Model
from rewis3d.reconstruct.cameras.pooled import lenses_in, write_lenses
from rewis3d.reconstruct.cameras.scale import factor_of
from rewis3d.reconstruct.cameras.together import Solved
from rewis3d.reconstruct.chunks.piece import Piece, Sample, read_samples, write_samples
from rewis3d.reconstruct.solution import Solution
from rewis3d.scene import SceneFolder
from rewis3d.types import Rewis3dError

SAMPLES_FILE: Final = "samples.npz"
LENSES_FILE: Final = "lenses.json"
STEPS: Final = 64
"""Parts of a pixel that tell features apart, which lie at the very same places in every chunk."""
WIDEST: Final = 1 << 24
"""Of a row of such parts; more than any image has."""


def write_part(
    solved: Solved,
    views: Sequence[View],
    lenses: Sequence[Lens],
    *,
    shared: Sequence[int],
    folder: Path,
) -> None:
    """Write what a chunk found, complete or not at all.

    `shared` are the places among its views that another chunk holds as well.
    """
    aside = folder.with_name(f"{folder.name}.partial")
    if aside.exists():  # a run was killed in here
        shutil.rmtree(aside)
    aside.mkdir()
    write_lenses(lenses_in(solved.models, lenses), aside / LENSES_FILE)
    write_samples(_samples(solved.models, views, shared), aside / SAMPLES_FILE)
    solution.save(solved.solution, aside, SceneFolder(aside))
    aside.replace(folder)


def read_part(folder: Path) -> Solution:
    """Read a chunk's scenes, ranges and reasons; Rewis3dError names the folder that is none."""
    found = solution.load(folder, SceneFolder(folder))
    if found is None:
        raise Rewis3dError(f"{folder}: not the cameras of a chunk")
    return found


def pieces_of(number: int, frames: Sequence[int], found: Solution, folder: Path) -> list[Piece]:
    """Return the scenes of a chunk as pieces; `frames` are all that it holds, by id."""
    samples = read_samples(folder / SAMPLES_FILE, frames)
    return [Piece(number, tuple(frames), scene, samples) for scene in found.scenes]


def _samples(
    models: Sequence[Model], views: Sequence[View], shared: Sequence[int]
) -> Mapping[int, Sample]:
    return {
        views[place].frame_id: _sample(model, place)
        for model in models
        for place in shared
        if place in model.poses and place in model.places
    }


def _sample(model: Model, place: int) -> Sample:
    """Return the depths of a view's points by where their features lie, in the scene's unit."""
    x, y = np.round(model.xy[model.place == place] * STEPS).astype(np.int64).T
    pixel, first = np.unique(y * WIDEST + x, return_index=True)
    return Sample(pixel, model.depths(place)[first] * factor_of(model))
