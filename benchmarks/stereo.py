"""How exact the embedded backend's depth is, how much of the image it covers, and what it costs.

    python -m benchmarks.stereo [--motion drive|lateral|forward] [--seed N] [--frames N]
    python -m benchmarks.stereo --scene SCENE --job JOB
    python -m benchmarks.stereo --sample SCENE

Without a scene: a clip of the sample's street is rendered and matched with its exact cameras, then
compared with its exact depth, moving things left out: all of it, what lies close to borders, and
how much is right at which confidence. With one: the scene's cameras are taken as they are; coverage
and cost are printed, and how far depths are from SIFT points triangulated from these cameras. SCENE
is a folder with cameras.json, JOB its job folder; neither is changed. With --sample SCENE is a
finished reconstruction of the shipped sample (app/street/clip), cameras and all: nothing is matched
anew, its depth is compared with the exact one after one factor for all frames, as a scene has no
scale.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from app.sample import FRAMES, SEED
from app.street.drive import MOTIONS
from app.street.view import RenderedView, render
from benchmarks import stereo_points
from benchmarks.environment import describe
from benchmarks.stereo_truth import judged
from rewis3d.geometry import Camera
from rewis3d.job import View, read_job
from rewis3d.reconstruct import solution
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.stereo.densify import densify
from rewis3d.scene import STRICT, GridMap, SceneFolder, SceneGeometry, SceneView, ViewGeometry


@dataclass(frozen=True)
class Clip:
    folder: Path
    views: tuple[View, ...]
    scenes: tuple[SceneGeometry, ...]
    ranges: dict[int, tuple[float, float]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--motion", choices=MOTIONS, default="drive")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--scene", type=Path)
    parser.add_argument("--job", type=Path)
    parser.add_argument("--sample", type=Path)
    options = parser.parse_args()
    print(describe())
    if options.sample:
        judged(*of_sample(options.sample))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.scene:
            covered(given(options.scene, options.job, folder))
        else:
            views = list(render(options.seed, frames=options.frames, motion=options.motion))
            print(f"- clip: {options.motion}, seed {options.seed}, {options.frames} frames")
            judged(dense(rendered(views, folder)), views)


def rendered(views: list[RenderedView], folder: Path) -> Clip:
    """Write a rendered clip as a job: images, exact cameras, ranges as points would give them."""
    jobs, geometries, ranges = [], [], {}
    for index, view in enumerate(views):
        height, width = view.depth.shape
        cv2.imwrite(str(folder / f"{index}.png"), view.image[..., ::-1])
        camera = Camera(view.K, width, height)
        jobs.append(View(index, f"{index}.png", height, width, name=str(index)))
        geometries.append(
            ViewGeometry(
                index, height, width, camera, view.T_world_camera, GridMap((1.0, 1.0)), "colmap"
            )
        )
        near, far = np.percentile(view.depth[view.depth > 0], [1, 99])
        ranges[index] = (0.8 * float(near), 1.25 * float(far))
    scene = SceneGeometry(tuple(geometries), np.array([0.0, -1.0, 0.0]), "metric")
    return Clip(folder, tuple(jobs), (scene,), ranges)


def given(scene: Path, job: Path, folder: Path) -> Clip:
    """Take a solved scene's cameras, with its job's images."""
    found = solution.load(job, SceneFolder(scene))
    if found is None:
        raise SystemExit(f"{job}: no cameras yet")
    images = [
        replace(view, image=str((job / view.image).resolve())) for view in read_job(job).views
    ]
    return Clip(folder, tuple(images), found.scenes, dict(found.ranges))


def dense(clip: Clip) -> tuple[SceneView, ...]:
    """Run the stereo and print what it costs."""
    scene_folder = SceneFolder(clip.folder / "scene")
    scene_folder.write_cameras(clip.scenes)
    cpu, wall = time.process_time(), time.monotonic()
    for _ in densify(
        clip.scenes,
        clip.ranges,
        clip.views,
        clip.folder,
        scene_folder=scene_folder,
        config=ReconstructConfig(),
    ):
        pass
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    views = tuple(view for scene in scene_folder.scenes() for view in scene.views)
    print(f"{cpu / len(views):.2f} CPU s a frame, {wall:.1f} s in all for {len(views)} frames")
    return views


def covered(clip: Clip) -> None:
    """Print how much of a clip without truth is covered, and how exact it is at points."""
    views = dense(clip)
    shares = [float((np.asarray(view.confidence) > STRICT).mean()) for view in views]
    print(f"coverage {np.mean(shares):.3f}, of single views {min(shares):.3f} to {max(shares):.3f}")
    images = {view.frame_id: clip.folder / view.image for view in clip.views}
    ordered = sorted(views, key=lambda view: view.frame_id)
    stereo_points.compared(ordered, [images[view.frame_id] for view in ordered])


def of_sample(scene: Path) -> tuple[tuple[SceneView, ...], list[RenderedView]]:
    """Return the views of a reconstruction of the sample in its scale, and what is true."""
    truth = list(render(SEED, frames=FRAMES))
    [found] = SceneFolder(scene).scenes()
    views = sorted(found.views, key=lambda view: view.frame_id)
    ratios = [
        np.median((exact.depth / np.where(view.depth > 0, view.depth, 1))[usable(view, exact)])
        for view, exact in zip(views, truth, strict=True)
    ]
    scale = np.median(ratios)
    print(f"factors of single frames are off by {np.std(ratios) / scale:.2%}")
    return tuple(replace(view, depth=view.depth * scale) for view in views), truth


def usable(view: SceneView, exact: RenderedView) -> np.ndarray:
    strict = (np.asarray(view.confidence) > STRICT) & (np.asarray(view.depth) > 0)
    return strict & (exact.depth > 0) & ~exact.moving


if __name__ == "__main__":
    main()
