"""What each stage of a quick round brings, on simulated strokes and several seeds.

    .venv/bin/python -m benchmarks.quick_stages PROJECT --labels DIR [--ignore ID] [--frames 3 12]
        [--seeds 5] [--threads 1] [--kept FILE]

PROJECT has its clip and classes; its own strokes take no part. Each round starts from the strokes
of its seed and ends as the preset does. A row of the table is mIoU in per cent on frames without
strokes: of one head, of the first stage (three heads), of the model after the second one (learnt
from the frames around, where held-out strokes agreed), and of the labels that the studio shows in
the end. Gains are over one head with the same strokes. Finished rounds are kept in FILE, a line of
JSON each, and not made again.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
import torch
from jaxtyping import UInt8

from app.benchmark.cell import Cell, cells, write_cell_job
from app.benchmark.plan import Plan, Wish, make_plan
from app.evaluate import train_ids
from app.workspace import Workspace, open_workspace
from benchmarks import environment
from rewis3d import metrics, quick
from rewis3d.array_cache import ArrayCache
from rewis3d.checkpoint import load_checkpoint
from rewis3d.config import QuickConfig
from rewis3d.features import Frames
from rewis3d.images import read_mask
from rewis3d.job import read_job, write_job
from rewis3d.models.network import ready
from rewis3d.predict import predict_frame
from rewis3d.presets import to_json
from rewis3d.publish import FOLDER, FUSED
from rewis3d.quick import MODEL

STAGES = ("one head", "three heads", "and the frames around", "and over time")
Labels = Callable[[int], UInt8[np.ndarray, "h w"] | None]
"""Returns the train ids that a frame was given, by frame id; None where it was given none."""


@dataclass(frozen=True)
class Made:
    """A seed's mIoU by stage."""

    frames: int
    seed: int
    miou: tuple[float, ...]


def main() -> None:
    """Print a row for each round, and the table."""
    wanted = _options()
    torch.set_num_threads(wanted.threads)
    workspace = open_workspace(wanted.project)
    print(environment.describe(), flush=True)
    found = []
    for count in wanted.frames:
        plan = _plan(workspace, wanted, count)
        for cell in cells(workspace, plan):
            made = _kept(wanted.kept, count, cell.seed)
            if made is None:
                made = Made(count, cell.seed, tuple(_stages(workspace, plan, cell)))
                _keep(wanted.kept, made)
            print(made.frames, made.seed, *(f"{100 * one:.1f}" for one in made.miou), flush=True)
            found.append(made)
    print("\n".join(_table(found)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("project", type=Path)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--ignore", type=int)
    parser.add_argument("--frames", type=int, nargs="+", default=[3, 12])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--kept", type=Path, default=Path("quick_stages.jsonl"))
    return parser.parse_args()


def _plan(workspace: Workspace, wanted: argparse.Namespace, count: int) -> Plan:
    wish = Wish(
        labels=wanted.labels, rows=["quick"], frames=count, seeds=wanted.seeds, ignore=wanted.ignore
    )
    return make_plan(workspace, wish, on_progress=lambda *_: None)


def _stages(workspace: Workspace, plan: Plan, cell: Cell) -> Iterator[float]:
    """Yield the mIoU of each stage of the rounds of a seed; their files go again."""
    source = write_cell_job(workspace, plan, cell, on_progress=lambda *_: None)
    one, whole = (cell.folder.with_name(f"{cell.folder.name}-{name}") for name in ("one", "whole"))
    try:
        _round(source, one, QuickConfig(heads=1, stages="head"))
        yield _miou(plan, _published(one, FOLDER))
        _round(source, whole, QuickConfig())
        yield _miou(plan, _published(whole, FOLDER))
        learnt = _miou(plan, _predicted(whole))
        yield learnt
        yield _miou(plan, _published(whole, FUSED)) if (whole / FUSED).is_dir() else learnt
    finally:
        for folder in (one, whole):
            shutil.rmtree(folder, ignore_errors=True)


def _round(source: Path, output: Path, config: QuickConfig) -> None:
    """Make a round with a cell's strokes and other settings; folders lie side by side."""
    shutil.rmtree(output, ignore_errors=True)
    folder = output / "job"
    shutil.copytree(source, folder)
    write_job(replace(read_job(source), config=to_json(config)), folder)
    for _ in quick.run(folder):
        pass


def _published(output: Path, kind: str) -> Labels:
    views = read_job(output / "job").views
    sizes = {view.frame_id: (view.height, view.width) for view in views}

    def labels(frame_id: int) -> UInt8[np.ndarray, "h w"] | None:
        path = output / kind / f"{frame_id}.labels.png"
        return read_mask(path, *sizes[frame_id]) if path.exists() else None

    return labels


def _predicted(output: Path) -> Labels:
    """Return what the model sees that a round leaves in the end, frame by frame."""
    folder = output / "job"
    job = read_job(folder)
    frames = Frames(folder, ArrayCache(folder / job.features), torch.device("cpu"))
    network = ready(load_checkpoint(output / MODEL).network)
    views = {view.frame_id: view for view in job.views}
    return lambda frame_id: predict_frame(network, frames, views[frame_id]).labels


def _miou(plan: Plan, labels: Labels) -> float:
    """Return the mean IoU over the frames without strokes."""
    classes, drawn = len(plan.class_map), {frame.frame_id for frame in plan.drawn}
    counted = np.zeros((classes, classes), np.int64)
    for frame in plan.judged:
        if frame.frame_id in drawn or frame.reserved:
            continue
        found = labels(frame.frame_id)
        if found is None:
            raise SystemExit(f"frame {frame.name} has no prediction")
        truth = train_ids(plan.truth.labels(frame), plan.class_map)
        counted += metrics.confusion(truth, found, classes)
    found = metrics.miou(counted)
    if found is None:
        raise SystemExit("no frame without strokes has labels")
    return found


def _kept(file: Path, count: int, seed: int) -> Made | None:
    if not file.exists():
        return None
    for line in map(json.loads, file.read_text().splitlines()):
        if (line["frames"], line["seed"]) == (count, seed):
            return Made(count, seed, tuple(line["miou"]))
    return None


def _keep(file: Path, made: Made) -> None:
    with file.open("a") as lines:
        lines.write(json.dumps(asdict(made)) + "\n")


def _table(found: Sequence[Made]) -> Iterator[str]:
    """Yield the table: mean and deviation over the seeds, and the gain over one head."""
    yield f"\n| frames | {' | '.join(STAGES)} | gain, by seed |"
    yield f"|---{'|---' * len(STAGES)}|---|"
    for count in dict.fromkeys(made.frames for made in found):
        rows = [made.miou for made in found if made.frames == count]
        each = [100 * np.array(column) for column in zip(*rows, strict=True)]
        spread = (f"{fmean(one):.1f} ± {stdev(one) if len(one) > 1 else 0:.1f}" for one in each)
        gains = " ".join(f"{gain:+.1f}" for gain in each[-1] - each[0])
        yield f"| {count} | {' | '.join(spread)} | {gains} |"


if __name__ == "__main__":
    main()
