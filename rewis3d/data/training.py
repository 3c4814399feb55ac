"""A job's frames as samples for training: pure functions of the seed, the step and the view.

Nothing is kept from step to step, so that a round that was killed goes on with the very samples
that it would have had.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from threading import Lock

import numpy as np
from jaxtyping import Float32, UInt8

from rewis3d.augment.sample import TrainingSample, augmented
from rewis3d.batch import Batch, collate
from rewis3d.data.frames import FrameFiles
from rewis3d.data.temporal import TemporalFiles
from rewis3d.data.turns import Turns
from rewis3d.job import Job, View
from rewis3d.method import MethodConfig
from rewis3d.sampling.cloud import Sampled, sample_view
from rewis3d.sampling.draw import Picked, joined
from rewis3d.sampling.index import SceneIndex, index_scene
from rewis3d.sampling.paint import PaintFile, painted
from rewis3d.scene import Scene, SceneFolder
from rewis3d.types import IGNORED, PointCloud, Rewis3dError, ViewSample

Features = Callable[[PointCloud], Float32[np.ndarray, "n f"]]
"""Returns what a 3D network is told of points beside their places and colours."""


class _Chance(IntEnum):
    """What a random stream is for: streams of one seed have nothing in common."""

    ORDER = 0
    POINTS = 1
    AUGMENT = 2


@dataclass(frozen=True, slots=True)
class _Indexed:
    """A scene that points are drawn from."""

    index: SceneIndex
    paint: PaintFile
    labelled: Picked
    """Its usable cells that have a label."""


class TrainingData:
    """The frames that a round trains on. Several threads may ask for samples at once."""

    def __init__(
        self,
        job: Job,
        folder: Path,
        config: MethodConfig,
        *,
        scene: SceneFolder | None,
        without_judge: bool,
        reserved: Collection[int] = (),
        features: Features | None = None,
        temporal: TemporalFiles | None = None,
    ) -> None:
        """Read a job's cameras; images and depths are read as samples need them.

        Without a scene, views have no clouds. `without_judge` ignores the labels that judge, else
        they are learnt. Of `reserved` frames nothing is read: neither their images nor their points
        come into any sample. `temporal` is what frames are told by those around them, from when it
        is there. Rewis3dError where no frame is left to train on, where whole frames
        differ in size, or where the scene is not finished.
        """
        self._seed = job.seed
        self._config = config
        self._folder = folder
        self._features = features
        self._temporal = temporal
        self._files = FrameFiles(folder, without_judge=without_judge)
        self._frames = {v.frame_id: v for v in job.views if v.frame_id not in reserved}
        # what is learnt must not depend on the frame that was open
        ordered = [self._frames[frame] for frame in sorted(self._frames)]
        every = config.run.frames == "all"
        self.views: tuple[View, ...] = tuple(v for v in ordered if every or v.labels is not None)
        if not self.views:
            raise Rewis3dError(f"{folder}: no frame is left to train on")
        self.turns = Turns.of(
            [view.labels is not None for view in self.views],
            share=config.run.labelled_views,
            chances=lambda queue, epoch: self._rng(_Chance.ORDER, queue, epoch),
        )
        sizes = {(view.height, view.width) for view in self.views}
        if len(sizes) > 1 and config.image.framing == "whole" and config.run.batch > 1:
            raise Rewis3dError(
                f"frames of {len(sizes)} sizes can't be one batch of whole frames: set batch=1"
                " (--set batch=1 --set micro_batch=1)"
            )
        self._scenes = {
            view.frame_id: each for each in (scene.scenes() if scene else ()) for view in each.views
        }
        self._indexed: dict[int, _Indexed] = {}
        self._lock = Lock()

    def batch(self, step: int, size: int) -> Batch:
        """Return the views of a step."""
        turns = self.turns.of_step(step, size)
        return collate([self.sample(step, turn.view, epoch=turn.epoch) for turn in turns])

    def sample(self, step: int, view: int, *, epoch: int) -> TrainingSample:
        """Return a view as teacher and student see it in a step of an epoch."""
        sample = augmented(
            self.view_sample(view, epoch=epoch),
            image=self._config.image,
            cloud=self._config.cloud,
            rng=self._rng(_Chance.AUGMENT, step, self.views[view].frame_id),
        )
        if self._features is None or sample.view.cloud is None:
            return sample
        return replace(sample, features=self._features(sample.view.cloud))

    def view_sample(self, view: int, *, epoch: int) -> ViewSample:
        """Return a view as it is, with the points that an epoch draws for it."""
        chosen = self.views[view]
        sampled = self._sampled(chosen.frame_id, epoch)
        return ViewSample(
            frame_id=chosen.frame_id,
            image=self._files.image(chosen),
            labels=self._files.labels(chosen),
            cloud=sampled.cloud if sampled else None,
            pair_point=sampled.pair_point if sampled else np.zeros(0, np.int64),
            pair_xy=sampled.pair_xy if sampled else np.zeros((0, 2), np.float32),
            temporal=self._temporal.read(chosen) if self._temporal else None,
        )

    def _sampled(self, frame_id: int, epoch: int) -> Sampled | None:
        if frame_id not in self._scenes:
            return None
        sampling = self._config.sampling
        drawn = epoch if sampling.resample == "epoch" else 0
        indexed = self._index(self._scenes[frame_id])
        return sample_view(
            indexed.index,
            frame_id,
            sampling=sampling,
            paint=indexed.paint,
            labelled=indexed.labelled,
            rng=self._rng(_Chance.POINTS, drawn, frame_id),
        )

    def _index(self, scene: Scene) -> _Indexed:
        with self._lock:
            if scene.index not in self._indexed:
                index = index_scene(scene, frames=self._frames)
                cells = {view.frame_id: len(view.depth) for view in index.views}
                views = {view.frame_id: view.view.geometry for view in index.views}

                def paint(frame_id: int) -> UInt8[np.ndarray, "n 4"]:
                    frame = self._frames[frame_id]
                    image, labels = self._files.image(frame), self._files.labels(frame)
                    return painted(image, labels, views[frame_id])

                paints = PaintFile(cells, paint, folder=self._folder)
                self._indexed[scene.index] = _Indexed(index, paints, self._labelled(index, paints))
            return self._indexed[scene.index]

    def _labelled(self, index: SceneIndex, paint: PaintFile) -> Picked:
        found: list[Picked] = []
        for place, view in enumerate(index.views):
            if self._frames[view.frame_id].labels is not None:
                cells = view.usable_cells()
                cells = cells[paint(view.frame_id)[cells, 3] < IGNORED]
                found.append(Picked(np.full(len(cells), place), cells))
        return joined(found)

    def _rng(self, chance: _Chance, *numbers: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, chance, *numbers])
