"""What a view-aware sample costs in scenes of many points.

    python -m benchmarks.sampling [--millions 20 60] [--samples 20] [--folder DIR]

A synthetic street is written as a reconstruction into a temporary folder (8 bytes a point with what
its cells show; `--folder` says where), one camera a metre, and samples of 120 000 points are taken
for views spread over it. CPU time is that of the whole process. "first": each frame's colours are
asked for the first time, which here decodes nothing.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.environment import describe
from rewis3d.geometry import Camera, pinhole, pixel_centres
from rewis3d.material import Sampling
from rewis3d.sampling.cloud import Sampled, sample_view
from rewis3d.sampling.index import SceneIndex, index_scene
from rewis3d.sampling.paint import PaintFile
from rewis3d.scene import GridMap, Scene, SceneFolder, SceneGeometry, ViewGeometry

ROWS, COLUMNS = 480, 640
SEEN = 300_000
"""Points of a view; the rest is sky."""
HALF_STREET, ROOF, EYES = 8.0, 12.0, 1.5
"""Metres from the camera to the houses, of the houses above it, and of the camera above ground."""
LENS = (-0.28, 0.07, 2e-4, 1e-4, 0.0)
T = TypeVar("T")
SETTINGS = {
    "view-aware": Sampling(),
    "view-aware, radius of the furthest point": Sampling(radius_quantile=1.0),
    "at random": Sampling(sampling="random"),
    "own points": Sampling(sampling="own"),
}


@dataclass(frozen=True)
class Street:
    index: SceneIndex
    paint: PaintFile


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--millions", type=int, nargs="+", default=[20, 60])
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    print(describe())
    for millions in options.millions:
        for lens in ((), LENS):
            with tempfile.TemporaryDirectory(dir=options.folder) as name:
                measure(written(Path(name), millions, lens), Path(name), options.samples)


def written(folder: Path, millions: int, lens: tuple[float, ...]) -> Scene:
    """Write a street of so many points and read it as training does."""
    camera = Camera(pinhole(500.0, COLUMNS, ROWS).K, COLUMNS, ROWS, lens)
    depth = street_depth(camera)
    points = int((depth > 0).sum())
    views = tuple(
        ViewGeometry(each, ROWS, COLUMNS, camera, pose(each), GridMap((1.0, 1.0)), "given")
        for each in range(round(millions * 1e6 / points))
    )
    scene = SceneFolder(folder / "scene")
    scene.write_cameras([SceneGeometry(views, np.array([0.0, -1.0, 0.0]), "metric")])
    rng = np.random.default_rng(0)
    for view in views:
        noise = rng.normal(1, 0.01, depth.shape)
        scene.write_view(view.frame_id, depth=depth * noise, confidence=rng.random(depth.shape))
    what = "a lens" if lens else "pinhole"
    print(f"\n{len(views) * points / 1e6:.0f} million points of {len(views)} views, {what}")
    return scene.scenes()[0]


def street_depth(camera: Camera) -> np.ndarray:
    """Return the depth of a straight street with houses on both sides, 0 for the sky."""
    xy = pixel_centres(ROWS, COLUMNS).reshape(-1, 2)
    x, y, _ = camera.rays(xy).T
    with np.errstate(divide="ignore"):
        depth = np.minimum(HALF_STREET / np.abs(x), np.where(y > 0, EYES / y, np.inf))
    sky = (y * depth < -ROOF) | (depth > 200)
    return np.where(sky, 0, depth).reshape(ROWS, COLUMNS)


def pose(metres: int) -> np.ndarray:
    """Return T_world_camera of a camera that drives along a curve of 200 m radius."""
    T, turn = np.eye(4), metres / 200
    c, s = np.cos(turn), np.sin(turn)
    T[:3, :3] = [[c, 0, s], [0, 1, 0], [-s, 0, c]]
    T[:3, 3] = 200 * (1 - c), 0, 200 * s
    return T


def measure(scene: Scene, folder: Path, samples: int) -> None:
    frames = {view.frame_id for view in scene.views}
    index, seconds = timed(lambda: index_scene(scene, frames=frames))
    print(f"index: {seconds:.2f} CPU s once, {len(index.blocks.row)} blocks")
    colours = np.zeros((ROWS * COLUMNS, 4), np.uint8)
    paint = PaintFile(dict.fromkeys(frames, len(colours)), lambda _: colours, folder=folder)
    street = Street(index, paint)
    _, seconds = timed(lambda: sample(street, 0, Sampling(sampling="random")))
    print(f"first: {seconds:.3f} CPU s")
    targets = np.linspace(0, len(scene.views) - 1, samples).astype(int).tolist()
    for name, sampling in SETTINGS.items():
        report(name, [timed(partial(sample, street, each, sampling)) for each in targets])


def report(name: str, made: list[tuple[Sampled, float]]) -> None:
    costs = [seconds for _, seconds in made]
    points = np.mean([len(one.cloud.xyz) for one, _ in made])
    pairs = np.mean([len(one.pair_point) for one, _ in made])
    print(
        f"{name:42} {np.mean(costs):.3f} CPU s a sample, at most {max(costs):.3f};"
        f" {points:.0f} points, {pairs:.0f} pairs"
    )


def sample(street: Street, frame: int, sampling: Sampling) -> Sampled:
    rng = np.random.default_rng([0, frame])
    made = sample_view(street.index, frame, sampling=sampling, paint=street.paint, rng=rng)
    assert made is not None
    return made


def timed(act: Callable[[], T]) -> tuple[T, float]:
    before = time.process_time()
    result = act()
    return result, time.process_time() - before


if __name__ == "__main__":
    main()
