"""How right strokes are that were carried to other frames, and how many: by geometry, flow, both.

    .venv/bin/python -m benchmarks.carried PROJECT --labels DIR [--ignore ID] [--frames 3 6 12]

Strokes are simulated on K frames of the clip, as `rewis3d benchmark` does, and carried to the
frames at most 15 away: through the active scene (depths that the reconstruction is sure of), along
the optical flow, and both (of two labels on a cell the surer one, none where they disagree).
"agreed" keeps what a head that has learnt the strokes gives a chance of .2, and colours that are
alike: that is what a second head learns from. Precision is over all carried cells whose truth is
known, coverage their share of all cells of the frames without strokes.
"""

from __future__ import annotations

import argparse
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch.nn import functional

from app.benchmark.cell import cells, write_cell_job
from app.benchmark.plan import Plan, Wish, make_plan
from app.evaluate import train_ids
from app.workspace import Workspace, open_workspace
from benchmarks import environment
from rewis3d.array_cache import ArrayCache
from rewis3d.carried_labels import alike
from rewis3d.carry import Carried
from rewis3d.checkpoint import build
from rewis3d.clip import Clip, clips_of
from rewis3d.config import QuickConfig
from rewis3d.features import Frames
from rewis3d.flow.carry import carry_along
from rewis3d.flow.drawn import labels_on_grid
from rewis3d.grown_labels import AGREED
from rewis3d.heads import LEARNING, fitted
from rewis3d.job import Job, read_job
from rewis3d.labelled import drawn_on, read_labelled
from rewis3d.models.network import ready
from rewis3d.models.segmenter import Head, Segmenter
from rewis3d.models.weights import lite0
from rewis3d.over_time import flows_of
from rewis3d.predict import logits_of
from rewis3d.propagate import fuse
from rewis3d.scene import SceneFolder
from rewis3d.scene_labels import scene_labels
from rewis3d.types import UNLABELLED

Result = TypeVar("Result")
SOURCES = ("geometry", "flow", "both", "geometry, agreed", "flow, agreed", "both, agreed")


@dataclass(frozen=True)
class Row:
    """Carried labels of one source over all frames, by train id."""

    right: np.ndarray
    carried: np.ndarray
    cells: int
    """Of all frames without strokes."""


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description="Carried strokes beside dense labels.")
    parser.add_argument("project", type=Path)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--ignore", type=int)
    parser.add_argument("--frames", type=int, nargs="+", default=[3, 6, 12])
    wanted = parser.parse_args()
    workspace = open_workspace(wanted.project)
    print(environment.describe())
    names: tuple[str, ...] = ()
    for count in wanted.frames:
        wish = Wish(
            labels=wanted.labels,
            rows=["recon"],
            frames=count,
            seeds=1,
            overrides={},
            ignore=wanted.ignore,
        )
        plan = make_plan(workspace, wish, on_progress=lambda *_: None)
        rows, job = measured(workspace, plan)
        if not names:
            names = tuple(spec.name for spec in job.classes)
            print(f"\n| frames | source | precision | coverage | {' | '.join(names)} |")
            print("|---" * (4 + len(names)) + "|")
        for source, row in rows.items():
            print(line(count, source, row), flush=True)


def line(count: int, source: str, row: Row) -> str:
    """Return a row of the table."""
    total = max(1, row.carried.sum())
    each = [
        f"{right / n:.3f}" if n else "-" for right, n in zip(row.right, row.carried, strict=True)
    ]
    precision, coverage = row.right.sum() / total, row.carried.sum() / row.cells
    return f"| {count} | {source} | {precision:.1%} | {coverage:.2%} | {' | '.join(each)} |"


def measured(workspace: Workspace, plan: Plan) -> tuple[dict[str, Row], Job]:
    """Carry the strokes of a plan's first seed, and compare them with its dense labels."""
    cell = cells(workspace, plan)[0]
    folder = write_cell_job(workspace, plan, cell, on_progress=lambda *_: None)
    job = read_job(folder)
    frames = Frames(folder, ArrayCache(folder / job.features), torch.device("cpu"))
    network = learnt(job, frames, folder)
    truth = {
        frame.frame_id: train_ids(plan.truth.labels(frame), plan.class_map) for frame in plan.judged
    }
    classes = len(job.classes)
    sums = {source: [np.zeros(classes, int), np.zeros(classes, int)] for source in SOURCES}
    known = 0
    for frame_id, by_source in carried(job, frames, network, folder):
        if frame_id not in truth:
            continue
        shown = labels_on_grid(truth[frame_id])
        known += int((shown < classes).sum())
        for source, labels in by_source.items():
            told = (labels < classes) & (shown < classes)
            own = labels[told]
            sums[source][1] += np.bincount(own, minlength=classes)
            sums[source][0] += np.bincount(own[own == shown[told]], minlength=classes)
    return {source: Row(right, every, known) for source, (right, every) in sums.items()}, job


def learnt(job: Job, frames: Frames, folder: Path) -> Segmenter:
    """Return the network of a quick round's first stage."""
    config, backbone = QuickConfig(), lite0()
    blank = ready(build(config, Head(hidden=config.hidden, classes=len(job.classes)), backbone))
    training = end_of(read_labelled(job, frames, network=blank, folder=folder, grow=config.grow))
    found = end_of(fitted(training.everything, job, config, stage=LEARNING))
    return ready(build(config, found.head, backbone))


def carried(
    job: Job, frames: Frames, network: Segmenter, folder: Path
) -> Generator[tuple[int, dict[str, np.ndarray]], None, None]:
    """Yield each frame without strokes with the labels that each source gives its cells."""
    if job.scene is None:
        raise SystemExit("the project has no scene: rewis3d reconstruct PROJECT")
    drawn = drawn_on(folder, without_judge=False)
    scenes = SceneFolder(folder / job.scene).scenes()
    without = [index for index, spec in enumerate(job.classes) if not spec.has_geometry]
    for views in clips_of(job.views):
        clip = Clip(views, frames, flows_of(job, folder))
        marks = {view.frame_id: mask for view in views if (mask := drawn(view)) is not None}
        along = by_flow(clip, marks)
        through = scene_labels(clip, scenes, drawn, without=without)
        colours = {
            view.frame_id: clip.image(index)
            for index, view in enumerate(views)
            if view.frame_id in marks
        }
        for index, view in enumerate(views):
            if view.frame_id in marks:
                continue
            image = clip.image(index)
            nothing = np.full(image.shape[:2], UNLABELLED, np.uint8)
            ways = {
                "geometry": through.get(view.frame_id, []),
                "flow": along.get(view.frame_id, []),
            }
            ways["both"] = ways["geometry"] + ways["flow"]
            chance = probabilities(network, frames, view, nothing.shape)
            found: dict[str, np.ndarray] = {}
            for source, parts in ways.items():
                found[source] = fuse(parts, nothing).labels
                like = [alike(part, image, colours[part.frame_id]) for part in parts]
                found[f"{source}, agreed"] = agreed(fuse(like, nothing).labels, chance)
            yield view.frame_id, found


def by_flow(clip: Clip, marks: dict[int, np.ndarray]) -> dict[int, list[Carried]]:
    """Return what the flow carries, by frame."""
    found: dict[int, list[Carried]] = {}
    labels = {frame_id: labels_on_grid(mask) for frame_id, mask in marks.items()}
    for frame_id, one in carry_along([v.frame_id for v in clip.views], labels, clip.motion):
        found.setdefault(frame_id, []).append(one)
    return found


@torch.inference_mode()
def probabilities(network: Segmenter, frames: Frames, view: Any, size: Sequence[int]) -> np.ndarray:
    """Return what the network gives each class on a grid: (k, r, c)."""
    logits = logits_of(network, frames, view)
    large = functional.interpolate(logits, list(size), mode="bilinear", align_corners=False)
    return large.softmax(1)[0].numpy()


def agreed(labels: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Return the labels to which the network gives a chance."""
    given = np.take_along_axis(chance, np.minimum(labels, len(chance) - 1)[None].astype(int), 0)[0]
    return np.where(given >= AGREED, labels, UNLABELLED)


def end_of(running: Generator[Any, None, Result]) -> Result:
    """Run a generator to its end and return what it returns."""
    while True:
        try:
            next(running)
        except StopIteration as end:
            return end.value


if __name__ == "__main__":
    main()
