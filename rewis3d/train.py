"""A full round: both branches learn together, and the better 2D network predicts every frame.

Where the settings say so it ends as a quick round does: with the clip's labels read off over time
(rewis3d/over_time.py).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import torch

from rewis3d.array_cache import ArrayCache
from rewis3d.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from rewis3d.data.temporal import TemporalFiles
from rewis3d.data.training import TrainingData
from rewis3d.device import pick
from rewis3d.enlist import POINTS, as_shown, enlisted
from rewis3d.features import Frames
from rewis3d.job import JOB_FILE, Job, read_job
from rewis3d.judge import Answers, answers, scored
from rewis3d.learning.lesson import Branches
from rewis3d.learning.loop import Material, Place, learn
from rewis3d.learning.plan import Plan
from rewis3d.learning.state import Verdict, drop_state
from rewis3d.method import MethodConfig
from rewis3d.models.network import Network, ready
from rewis3d.models.ptv3 import PointSegmenter
from rewis3d.models.segmenter import Segmenter
from rewis3d.over_time import over_time
from rewis3d.point_checkpoint import save_points
from rewis3d.point_features import PointFeatures, look
from rewis3d.predict import predict
from rewis3d.presets import read_as
from rewis3d.reports import Done, Point, Progress, Report
from rewis3d.rival import JUDGED, beside_rival
from rewis3d.scene import SceneFolder
from rewis3d.start import Start, start
from rewis3d.temporal_labels import write_temporal
from rewis3d.types import Rewis3dError

MODEL: Final = "model"
"""The checkpoint's folder under the job's output."""
LEARNING: Final = "learning"
"""What a training keeps there until it is over."""
TEMPORAL: Final = "temporal"
"""In there: what frames are told by those around them."""


def run(folder: Path) -> Iterator[Report]:
    """Train and predict as the job folder says; goes on where a killed run was.

    Rewis3dError where nothing is labelled, weights are missing, or a file can't be read.
    """
    started = time.monotonic()
    job = read_job(folder)
    output = folder / job.output
    config = read_as(MethodConfig, job.config)
    if config.run.threads:
        torch.set_num_threads(config.run.threads)
    frames = Frames(folder, ArrayCache(folder / job.features), pick(config.run.device))
    if not (output / MODEL).is_dir():
        yield from _train(job, config, frames=frames, folder=folder)
    drop_state(output / LEARNING)
    _temporal_files(output).drop()
    checkpoint = load_checkpoint(output / MODEL)
    scores = checkpoint.scores
    if scores:
        yield scores
    network = ready(checkpoint.network).to(frames.device)
    yield from predict(network, frames, job, output)
    if config.temporal.fused:
        memory = config.temporal.memory
        yield from over_time(network, scores, job, frames, folder=folder, memory=memory)
    yield Done({"frames": len(job.views), "seconds": round(time.monotonic() - started, 2)})


def _train(
    job: Job, config: MethodConfig, *, frames: Frames, folder: Path
) -> Generator[Progress | Point, None, None]:
    """Train both branches and save the checkpoint of the 2D network that does better."""
    output = folder / job.output
    begun = yield from start(job, folder, config, into=output / LEARNING)
    scene = SceneFolder(folder / job.scene) if job.scene and _learns_3d(config) else None
    reserved = {view.frame_id for view in job.views if view.reserved}
    features = yield from features_for(job, config, begun, scene, frames=frames)
    team = enlisted(
        begun.network, job, config, frames=frames, folder=folder, geometry=scene is not None
    )
    shown = as_shown(config) if config.networks.backbone == "frozen" else config
    material = [
        TrainingData(
            each,
            folder,
            shown,
            scene=scene,
            without_judge=alone,
            reserved=reserved,
            features=features,
            temporal=_temporal_files(output) if config.temporal.temporal else None,
        )
        for each, alone in ((begun.without_judge, True), (begun.everything, False))
    ]
    plan = Plan(config, views=len(material[0].views), warm=team.warm)

    def judge(trained: Branches) -> Generator[Progress, None, Verdict]:
        return _verdict(trained, job, config, frames=frames, folder=folder)

    def ask(trained: Branches) -> Generator[Progress, None, None]:
        teacher = ready(_chosen(trained, Verdict("teacher", None))).to(frames.device)
        files = _temporal_files(output)
        return write_temporal(
            teacher, job, frames, files, config.temporal, folder=folder, scene=scene
        )

    verdict = yield from learn(
        team.branches,
        plan,
        Material(*(data.batch for data in material)),
        judge=judge,
        ask=ask,
        place=Place(
            output / LEARNING,
            hashlib.sha256((folder / JOB_FILE).read_bytes()).hexdigest(),
            job.seed,
            frames.device,
        ),
    )
    network = _chosen(team.branches, verdict).settled().cpu()
    save_checkpoint(
        Checkpoint(network, job.classes, config, job.seed, verdict.scores, job.options),
        output / MODEL,
    )


def _keep_points(branches: Branches, job: Job, output: Path) -> None:
    """Keep the 3D teacher for the rounds after this one, which may be judged on the same labels."""
    if branches.points is None or branches.bridge is None:
        return
    network = branches.points.teacher.network
    if not isinstance(network, PointSegmenter):
        raise TypeError(f"got a {type(network).__name__}, wanted a 3D network")
    classes = [job.classes[train_id] for train_id in branches.bridge.to_2d.tolist()]
    save_points(network, classes, output / POINTS)


def _temporal_files(output: Path) -> TemporalFiles:
    return TemporalFiles(output / LEARNING / TEMPORAL)


def _learns_3d(config: MethodConfig) -> bool:
    return config.networks.branches == "both"


def features_for(
    job: Job, config: MethodConfig, begun: Start, scene: SceneFolder | None, *, frames: Frames
) -> Generator[Progress, None, PointFeatures | None]:
    """Return what the 2D backbone sees of points, where the 3D network is told."""
    if scene is None or config.networks.point_features == "rgb":
        return None
    network = begun.network
    if not isinstance(network, Segmenter) or not network.untouched:
        raise Rewis3dError("setting point_features is 'lifted': that needs model=lite")
    grids = {view.frame_id: view.grid for each in scene.cameras() for view in each.views}
    views = [view for view in job.views if not view.reserved]
    return (yield from look(views, grids, frames, ready(network).to(frames.device)))


def _verdict(
    branches: Branches, job: Job, config: MethodConfig, *, frames: Frames, folder: Path
) -> Generator[Progress, None, Verdict]:
    """Judge the 2D student, and its teacher where it has learnt anything from one.

    The better one is kept as it is now, and so is the 3D teacher: neither has learnt what judged.
    """
    found: list[tuple[Verdict, Answers]] = []
    for chosen in ("teacher", "student") if config.losses.consistency else ("student",):
        network = ready(_chosen(branches, Verdict(chosen, None))).to(frames.device)
        own = yield from answers(network, job, frames, folder=folder)
        found.append((Verdict(chosen, scored(own, job.classes)), own))
    verdict, own = max(found, key=_standing)
    output = folder / job.output
    _keep_points(branches, job, output)
    if verdict.scores is None:
        return verdict
    network = _chosen(branches, verdict).settled().cpu()
    kept = Checkpoint(network, job.classes, config, job.seed, verdict.scores, job.options)
    save_checkpoint(kept, output / JUDGED)
    scores = yield from beside_rival(verdict.scores, own, job, frames, folder=folder)
    return replace(verdict, scores=scores)


def _standing(judged: tuple[Verdict, Answers]) -> float:
    """Return what verdicts are ordered by; of equal ones the first is taken."""
    scores = judged[0].scores
    return -1.0 if scores is None or scores.miou is None else scores.miou


def _chosen(branches: Branches, verdict: Verdict) -> Network:
    image = branches.image
    network = image.student if verdict.chosen == "student" else image.teacher.network
    if not isinstance(network, Network):
        raise TypeError(f"got a {type(network).__name__}, wanted a 2D network")
    return network
