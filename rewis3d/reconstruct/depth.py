"""Monocular depth: a network guesses the depth of a single image, with no other view to check it.

Each frame becomes a scene of its own: nothing is known of how frames lie to each other, so no label
goes from one to another. Only models that give metres are taken: relative depth bends space.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from jaxtyping import Float32, UInt8

from rewis3d.device import pick
from rewis3d.geometry import pinhole, up_of
from rewis3d.images import read_rgb
from rewis3d.job import Job, View
from rewis3d.licences import licence_of
from rewis3d.reconstruct import solution
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.solution import Solution
from rewis3d.reports import Progress
from rewis3d.scene import SceneFolder, SceneGeometry, ViewGeometry
from rewis3d.types import Rewis3dError

BACKEND: Final = "depth"
CONFIDENCE: Final = 0.5
"""Of every depth: the network says none, and no second view has checked it."""
FOCAL_OF_SIDE: Final = 1.2
"""Focal length over the longer side where nobody knows it: a view of 45 degrees."""
_SHORTEST: Final = 518
"""Pixels of the shorter side that Depth Anything was trained with."""
_MEAN: Final = np.array([0.485, 0.456, 0.406], np.float32)
_STD: Final = np.array([0.229, 0.224, 0.225], np.float32)


def reconstruct(
    job: Job, folder: Path, config: ReconstructConfig, scene_folder: SceneFolder
) -> Generator[Progress, None, Solution]:
    """Give every frame a depth by itself; what a killed run finished is kept."""
    found = solution.load(folder, scene_folder)
    if found is None:
        found = with_single_views(Solution((), {}), job.views, config)
        solution.save(found, folder, scene_folder)
    yield from fill(job, folder, config, scene_folder)
    return found


def with_single_views(
    found: Solution, views: Sequence[View], config: ReconstructConfig
) -> Solution:
    """Add a scene of its own for each of the frames."""
    scenes = tuple(_scene(view, config) for view in views)
    licence = f"{config.depth_weights}, licence: {licence_of(config.depth_weights)}"
    known = all(view.focal or config.focal for view in views)
    notes = [*found.notes, f"depth of single frames, checked by no second view: {licence}"]
    if not known:
        notes.append(f"focal length of single frames taken as {FOCAL_OF_SIDE} x the longer side")
    return replace(found, scenes=found.scenes + scenes, notes=tuple(notes))


def _scene(view: View, config: ReconstructConfig) -> SceneGeometry:
    focal = config.focal or view.focal or FOCAL_OF_SIDE * max(view.width, view.height)
    geometry = ViewGeometry.of_image(
        view.frame_id,
        pinhole(focal, view.width, view.height),
        T_world_camera=np.eye(4),
        max_side=config.max_side,
        backend=BACKEND,
    )
    return SceneGeometry((geometry,), up_of(np.eye(4)[None]), "metric")


def fill(
    job: Job, folder: Path, config: ReconstructConfig, scene_folder: SceneFolder
) -> Generator[Progress, None, None]:
    """Write the depth of the single views that are not finished."""
    left = [view for view in scene_folder.unfinished() if view.backend == BACKEND]
    if not left:
        return
    views = {view.frame_id: view for view in job.views}
    model = load_model(config.depth_weights, pick(config.device))
    for done, geometry in enumerate(left):
        yield Progress("depth of single frames", done, len(left))
        view = views[geometry.frame_id]
        image = read_rgb(folder / view.image, view.height, view.width)
        depth = infer(model, image)
        size = (geometry.camera.width, geometry.camera.height)
        depth = cv2.resize(depth, size, interpolation=cv2.INTER_NEAREST_EXACT)
        confidence = np.where(depth > 0, np.float32(CONFIDENCE), np.float32(0))
        scene_folder.write_view(view.frame_id, depth=depth, confidence=confidence)


def load_model(weights: str, device: torch.device) -> Any:
    """Return a model of metric depth in evaluation mode; Rewis3dError says why it is none."""
    from transformers import AutoModelForDepthEstimation

    folder = Path(weights).expanduser()
    try:
        model = AutoModelForDepthEstimation.from_pretrained(
            str(folder) if folder.is_dir() else weights, use_safetensors=True
        )
    except (OSError, ValueError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise Rewis3dError(f"weights {weights!r} can't be loaded: {first}") from error
    if getattr(model.config, "depth_estimation_type", None) != "metric":
        raise Rewis3dError(
            f"weights {weights!r} give relative depth, which has no scale; take a metric model,"
            " such as depth-anything/Depth-Anything-V2-Metric-Outdoor-Small-hf"
        )
    return model.eval().to(device)


def infer(model: Any, image: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "r c"]:
    """Return the depth in metres that the model sees in an RGB image, at the model's size."""
    patch = model.config.patch_size
    scale = _SHORTEST / min(image.shape[:2])
    rows, columns = (max(1, round(side * scale / patch)) * patch for side in image.shape[:2])
    small = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_CUBIC)
    pixels = (small.astype(np.float32) / 255 - _MEAN) / _STD
    batch = torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None]
    device = next(model.parameters()).device
    with (
        torch.inference_mode(),
        torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"),
    ):
        depth = model(pixel_values=batch.to(device)).predicted_depth[0]
    return depth.float().cpu().numpy()
