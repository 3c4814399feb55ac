"""A clip that is solved in chunks beside the same clip solved at once, and the plan of a long one.

    python -m benchmarks.long_clip run [--clip DIR] [--frames N] [--chunks N,N...] [--overlap N]
    python -m benchmarks.long_clip plan [--frames 2000]

run: the embedded backend from images to depth, each time in a process of its own, with as many
frames in a chunk as --chunks says. The clip is rendered (a street with exact cameras and depth), or
lies in DIR as `make_sample` writes it. Found cameras are moved onto the true ones by a similarity,
as a scene has neither origin nor scale; the drift of the scale is that of the path's last tenth
over its first. Depths are compared after one factor for all frames, moving things left out. CPU
seconds say more than the others on a machine that does other things.

plan: what `rewis3d reconstruct --plan` says of so many frames of 480x360, how long that takes, and
its memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from app.cli.plan import lines
from app.sample import make_sample
from benchmarks.cameras import fitted, read_views, true_poses
from benchmarks.environment import describe, load
from rewis3d.job import Job, View, write_job
from rewis3d.reconstruct.config import ReconstructConfig, to_json
from rewis3d.reconstruct.forecast import forecast
from rewis3d.reconstruct.run import run
from rewis3d.reports import Done, Progress
from rewis3d.scene import STRICT, Scene, SceneFolder

COSTS = "costs.json"
SEED, PACE = 31, 0.6


@dataclass(frozen=True)
class Depths:
    """Relative errors of the depths that are good enough to carry labels, over all frames."""

    error: np.ndarray
    coverage: float
    """Share of the pixels of what stands still and has geometry."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=("run", "plan"))
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--frames", type=int)
    parser.add_argument("--chunks", default="300,110")
    parser.add_argument("--overlap", type=int, default=15)
    options = parser.parse_args()
    print(describe())
    if options.what == "plan":
        planned(options.frames or 2000)
        return
    with tempfile.TemporaryDirectory() as folder:
        clip = options.clip or rendered(Path(folder) / "clip", options.frames or 300)
        for chunk in map(int, options.chunks.split(",")):
            one = Path(folder) / f"chunk{chunk}"
            measured(clip, one, ReconstructConfig(chunk=chunk, overlap=options.overlap))


def rendered(folder: Path, frames: int) -> Path:
    make_sample(folder, seed=SEED, frames=frames, width=320, height=240, pace=PACE)
    return folder


def measured(clip: Path, folder: Path, config: ReconstructConfig) -> None:
    views = read_views(clip / "images", take="::")
    (folder / "job").mkdir(parents=True)
    job = Job("reconstruct", tuple(views), (), to_json(config), 0)
    write_job(job, folder / "job")
    print(f"chunks of up to {config.chunk} frames that share {config.overlap}; {load()}")
    worker = get_context("spawn").Process(target=work, args=(folder / "job",))
    worker.start()
    worker.join()
    if worker.exitcode:
        raise SystemExit(f"the reconstruction ended with status {worker.exitcode}")
    for line in (*costs(folder), *quality(clip, views, SceneFolder(folder))):
        print(f"- {line}", flush=True)


def work(folder: Path) -> None:
    """Reconstruct, and write down what each stage took until its end, and the peak of memory."""
    rows: dict[str, tuple[float, float]] = {}
    for report in run(folder):
        if isinstance(report, Progress):
            used = resource.getrusage(resource.RUSAGE_SELF)
            cpu = used.ru_utime + used.ru_stime
            rows[report.stage] = (cpu, peak())
        elif isinstance(report, Done):
            (folder / COSTS).write_text(json.dumps(rows))


def peak() -> float:
    """Return the most memory that this process has had, in MiB; `ru_maxrss` counts its parent's."""
    rows = Path("/proc/self/status").read_text().splitlines()
    return next(int(row.split()[1]) / 1024 for row in rows if row.startswith("VmHWM"))


def costs(folder: Path) -> Iterator[str]:
    rows = json.loads((folder / "job" / COSTS).read_text())
    report = json.loads((folder / "report.json").read_text())
    before = 0.0
    for stage, (cpu, memory) in rows.items():
        yield f"{stage}: {cpu - before:.0f} CPU s, {memory:.0f} MiB at most until its end"
        before = cpu
    yield (
        f"{report['seconds']:.0f} s in all ({report['estimated_seconds']:.0f} were told before),"
        f" {before:.0f} CPU s"
    )
    frames = report["frames"]
    yield f"{frames['registered']} of {frames['total']} frames in {report['pieces']} pieces"
    for seam in report["seams"]:
        yield (
            f"seam at {seam['frame']}: {seam['shared']} frames, {seam['turn_degrees']:.3f} degrees,"
            f" {seam['shift']:.3%} of the depth, depths {seam['depth']:.2%}"
        )
    yield from report["notes"]


def quality(clip: Path, views: list[View], folder: SceneFolder) -> Iterator[str]:
    truth = true_poses(clip / "cameras.json")
    names = {view.frame_id: view.name for view in views}
    for scene in folder.scenes():
        poses = np.array([truth[names[view.frame_id]] for view in scene.views])
        yield from off_path(scene, poses)
        found = depths_of(scene, clip, names)
        yield (
            f"depth: median error {np.median(found.error):.2%}, within 1 / 5 %"
            f" {(found.error < 0.01).mean():.3f} / {(found.error < 0.05).mean():.3f},"
            f" coverage {found.coverage:.3f}"
        )


def off_path(scene: Scene, truth: np.ndarray) -> Iterator[str]:
    got = np.array([view.geometry.T_world_camera[:3, 3] for view in scene.views])
    wanted = truth[:, :3, 3]
    steps, true_steps = (np.linalg.norm(np.diff(path, axis=0), axis=1) for path in (got, wanted))
    error = np.linalg.norm(fitted(got, wanted) - wanted, axis=1) / true_steps.sum()
    tenth = max(len(steps) // 10, 1)
    scales = [
        steps[part].sum() / true_steps[part].sum() for part in (slice(tenth), slice(-tenth, None))
    ]
    yield (
        f"off the true path by {error.mean():.3%} of its {true_steps.sum():.1f} m, at most"
        f" {error.max():.3%}; scale of its end over its beginning's {scales[1] / scales[0]:.4f}"
    )


def depths_of(scene: Scene, clip: Path, names: dict[int, str]) -> Depths:
    ratios, still = [], 0
    for view in scene.views:
        name = names[view.frame_id]
        exact = np.load(clip / "depth" / f"{name}.npy")
        moving = cv2.imread(str(clip / "moving" / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
        stands = (exact > 0) & (np.asarray(moving) == 0)
        strict = stands & (np.asarray(view.confidence) > STRICT)
        ratios.append(np.asarray(view.depth, np.float32)[strict] / exact[strict])
        still += int(stands.sum())
    everything = np.concatenate(ratios)
    return Depths(np.abs(everything / np.median(everything) - 1), len(everything) / still)


def planned(frames: int) -> None:
    views = [View(at, "", 360, 480, name=str(at)) for at in range(frames)]
    tracemalloc.start()
    begun = time.process_time()
    found = forecast(views, ReconstructConfig(), backend="colmap", threads=2)
    seconds = time.process_time() - begun
    print(
        f"- worked out in {seconds:.2f} CPU s, {tracemalloc.get_traced_memory()[1] / 2**20:.0f} MiB"
    )
    for line in lines(found, 2):
        print(f"- {line}")


if __name__ == "__main__":
    main()
