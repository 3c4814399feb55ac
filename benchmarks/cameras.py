"""Which frames the embedded backend finds cameras for, how exact these are, and what it costs.

    python -m benchmarks.cameras --images DIR [--take START:STOP:STEP] [--focal PX]
    python -m benchmarks.cameras [--motion MOTION] [--seed N] [--frames N] [--focal PX]

Without images: a clip of the sample's street is rendered. Where the true cameras are known
(cameras.json beside the folder of images, as the renderer writes it) the found ones are compared
with them after a similarity: a scene has neither origin nor scale of its own. A STEP below 0 plays
the clip backwards. CPU seconds say more than the others on a machine that does other things.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from app.sample import make_sample
from app.street.drive import MOTIONS
from benchmarks.environment import describe
from rewis3d.job import View
from rewis3d.reconstruct.cameras.solve import solve
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.solution import Solution
from rewis3d.reports import Progress
from rewis3d.scene import SceneGeometry


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--images", type=Path)
    parser.add_argument("--take", default="::")
    parser.add_argument("--focal", type=float, default=0.0)
    parser.add_argument("--motion", choices=MOTIONS, default="drive")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--frames", type=int, default=36)
    options = parser.parse_args()
    print(describe())
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        images = (
            options.images
            or make_sample(
                folder, seed=options.seed, frames=options.frames, motion=options.motion
            ).images
        )
        views = read_views(images, take=options.take)
        solution = measured(views, folder, ReconstructConfig(focal=options.focal))
        compare(solution, views, true_poses(images.parent / "cameras.json"))


def read_views(images: Path, *, take: str) -> list[View]:
    bounds = (int(part) if part else None for part in take.split(":"))
    files = sorted(path for path in images.iterdir() if cv2.haveImageReader(str(path)))
    views = []
    for number, file in enumerate(files[slice(*bounds)], start=1):
        height, width = cv2.imread(str(file), cv2.IMREAD_IGNORE_ORIENTATION | 1).shape[:2]
        views.append(View(number, str(file.resolve()), height, width, name=file.stem))
    return views


def measured(views: Sequence[View], folder: Path, config: ReconstructConfig) -> Solution:
    cpu, wall = time.process_time(), time.monotonic()
    solution = finished(solve(views, folder, config))
    print(f"- {time.process_time() - cpu:.0f} CPU s, {time.monotonic() - wall:.0f} s")
    pieces = [len(scene.views) for scene in solution.scenes]
    print(f"- registered: {sum(pieces)} of {len(views)} in pieces of {pieces}")
    print(f"- reprojection error: {solution.reprojection_error_px} px")
    for line, count in Counter(solution.reasons.values()).most_common():
        print(f"- {count} frames: {line}")
    for note in solution.notes:
        print(f"- {note}")
    return solution


def finished(running: Generator[Progress, None, Solution]) -> Solution:
    while True:
        try:
            next(running)
        except StopIteration as stopped:
            return stopped.value


def true_poses(file: Path) -> Mapping[str, np.ndarray]:
    if not file.exists():
        return {}
    rows = json.loads(file.read_text())["T_world_camera"]
    return {name: np.array(pose) for name, pose in rows.items()}


def compare(solution: Solution, views: Sequence[View], truth: Mapping[str, np.ndarray]) -> None:
    names = {view.frame_id: view.name for view in views}
    for number, scene in enumerate(solution.scenes):
        print(f"- piece {number}: largest step {steps(scene):.2f} times the median")
        known = [view for view in scene.views if names[view.frame_id] in truth]
        if len(known) < 3:
            continue
        got = np.array([view.T_world_camera[:3, 3] for view in known])
        wanted = np.array([truth[names[view.frame_id]][:3, 3] for view in known])
        length = np.linalg.norm(np.diff(wanted, axis=0), axis=1).sum()
        error = np.linalg.norm(fitted(got, wanted) - wanted, axis=1) / length
        print(
            f"- piece {number}: off the true path by {error.mean():.3%} of its"
            f" {length:.1f} m, at most {error.max():.3%}"
        )


def steps(scene: SceneGeometry) -> float:
    centres = np.array([view.T_world_camera[:3, 3] for view in scene.views])
    lengths = np.linalg.norm(np.diff(centres, axis=0), axis=1)
    return float(lengths.max() / np.median(lengths))


def fitted(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Move a onto b by the best similarity (Umeyama 1991)."""
    from_a, from_b = a - a.mean(axis=0), b - b.mean(axis=0)
    U, S, Vt = np.linalg.svd(from_b.T @ from_a)
    sign = np.diag([1, 1, np.sign(np.linalg.det(U @ Vt))])
    scale = np.trace(np.diag(S) @ sign) / (from_a**2).sum()
    return scale * from_a @ (U @ sign @ Vt).T + b.mean(axis=0)


if __name__ == "__main__":
    main()
