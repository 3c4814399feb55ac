"""Where the time of a training step goes: data, 2D, 3D, losses, optimisers.

    python -m benchmarks.training_step JOB [--set name=value ...] [--steps 8]

JOB is the job folder of a full round (PROJECT/rounds/NNNN/job); it is read, not changed. The parts
are measured one by one on the same batches, the whole step by itself: "losses" is what of the step
no other part explains.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from benchmarks.environment import describe
from rewis3d.array_cache import ArrayCache
from rewis3d.batch import Batch
from rewis3d.data.training import TrainingData
from rewis3d.device import pick
from rewis3d.enlist import as_shown, enlisted
from rewis3d.features import Frames
from rewis3d.job import read_job
from rewis3d.learning.branches import ImageBranch, PointBranch
from rewis3d.learning.lesson import Branches
from rewis3d.learning.step import Moment, make_step, precision
from rewis3d.method import MethodConfig
from rewis3d.presets import changed, read_as
from rewis3d.scene import SceneFolder
from rewis3d.start import start
from rewis3d.train import features_for

Result = TypeVar("Result")
FULLY = Moment(step=100, epoch_steps=50, done=0.5, consistency=1.0, cross_modal=1.0)


@dataclass(frozen=True)
class Prepared:
    branches: Branches
    data: TrainingData
    config: MethodConfig


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("job", type=Path)
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--steps", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        overrides = dict(setting.split("=", 1) for setting in options.settings)
        prepared = prepare(options.job, overrides, Path(folder))
        print(describe())
        measure(prepared, options.steps)


def prepare(folder: Path, overrides: dict[str, Any], aside: Path) -> Prepared:
    job = read_job(folder)
    config = changed(read_as(MethodConfig, job.config), overrides)
    if config.run.threads:
        torch.set_num_threads(config.run.threads)
    frames = Frames(folder, ArrayCache(folder / job.features), pick(config.run.device))
    begun = over(start(job, folder, config, into=aside))
    scene = SceneFolder(folder / job.scene) if job.scene else None
    features = over(features_for(job, config, begun, scene, frames=frames))
    branches = enlisted(
        begun.network, job, config, frames=frames, folder=folder, geometry=scene is not None
    ).branches
    shown = as_shown(config) if config.networks.backbone == "frozen" else config
    data = TrainingData(
        begun.without_judge, folder, shown, scene=scene, without_judge=True, features=features
    )
    return Prepared(branches, data, config)


def over(work: Generator[Any, None, Result]) -> Result:
    """Run a work that reports to its end."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def measure(prepared: Prepared, steps: int) -> None:
    run = prepared.config.run
    for step in range(2):  # what is made once: indices, colours, compiled kernels
        prepared.data.batch(step, run.batch)
    batches: list[Batch] = []
    data = timed(lambda step: batches.append(prepared.data.batch(step, run.batch)), steps)
    print(
        f"- {run.batch} views, {np.mean([len(each.xyz) for each in batches]):.0f} points,"
        f" {np.mean([len(each.pair_pixel) for each in batches]):.0f} pairs a step\n"
    )
    print("| part | s a step |\n|---|---|")
    print(f"| data (made ahead, beside the step) | {data:.3f} |")
    known = 0.0
    for name, branch in prepared.branches.named():
        spent = timed(lambda step, of=branch: passed(of, batches[step], prepared.config), steps)
        print(f"| {name}: teacher, student, gradients | {spent:.3f} |")
        optimiser = timed(lambda _, of=branch: followed(of), steps)
        print(f"| {name}: optimiser, teacher follows | {optimiser:.3f} |")
        known += spent + optimiser

    def whole(step: int) -> None:
        make_step(
            prepared.branches,
            batches[step],
            prepared.config,
            FULLY,
            seed=0,
            micro_batch=run.micro_batch,
        )

    step = timed(whole, steps)
    print(f"| losses (the rest) | {step - known:.3f} |\n| the whole step | {step:.3f} |")


def passed(branch: ImageBranch | PointBranch, batch: Batch, config: MethodConfig) -> None:
    """Run teacher and student, and backpropagate something as cheap as can be."""
    generator = torch.Generator().manual_seed(0)
    with precision(batch, config):
        with torch.no_grad():
            branch.teach(batch, generator)
        found = branch.learn(batch, generator)
    found.float().mean().backward()


def followed(branch: ImageBranch | PointBranch) -> None:
    branch.optimiser.step()
    branch.teacher.follow(branch.student, step=100, epoch_steps=50)


def timed(act: Callable[[int], object], steps: int) -> float:
    """Return the mean seconds of an act that is done once for each step."""
    started = time.perf_counter()
    for step in range(steps):
        act(step)
    return (time.perf_counter() - started) / steps


if __name__ == "__main__":
    main()
