"""MapAnything's network: loaded, fed with frames, and asked.

The package comes from its public repository and needs torchvision: an environment of its own
(docs/mapanything.md). Written against version 1.1; a recorded run of it is what the tests hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float32, Float64

from rewis3d.geometry import Camera, pinhole
from rewis3d.images import read_rgb
from rewis3d.job import View
from rewis3d.reconstruct.formats import captures
from rewis3d.reconstruct.formats.types import GivenView
from rewis3d.reconstruct.mapanything_views import (
    WANTED,
    MadeView,
    grid_size,
    intrinsics_of,
    made_view,
    resized,
)
from rewis3d.types import Rewis3dError

INSTALL: Final = (
    "MapAnything is not installed here; docs/mapanything.md says how:"
    " pip install git+https://github.com/facebookresearch/map-anything.git in an environment with"
    " torch and torchvision"
)
_MEAN_STD: Final = {
    "dinov2": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "croco": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "dust3r": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "identity": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}
"""Normalisations that UniCeption's encoders ask for by name."""


def load_model(weights: str, device: torch.device) -> Any:
    """Return the model in evaluation mode; Rewis3dError where package or weights are missing."""
    if find_spec("mapanything") is None:
        raise Rewis3dError(INSTALL)
    from mapanything.models import (  # pyright: ignore[reportMissingImports]  # optional
        MapAnything,
    )

    folder = Path(weights).expanduser()
    try:
        model = MapAnything.from_pretrained(str(folder) if folder.is_dir() else weights)
    except (OSError, ValueError, RuntimeError) as error:  # the hub's errors are OSErrors
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise Rewis3dError(f"weights {weights!r} can't be loaded: {first}") from error
    return model.eval().to(device)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A frame as the model takes it, with what is known of its camera."""

    view: View
    image: Float32[np.ndarray, "3 r c"]
    """RGB, 0..1."""
    camera: Camera | None
    """Of the grid."""
    T_world_camera: Float64[np.ndarray, "4 4"] | None
    depth: Float32[np.ndarray, "r c"] | None

    @classmethod
    def of(cls, view: View, folder: Path, given: GivenView | None, *, patch: int) -> Prepared:
        """Read a frame and put what is given of it on the model's grid."""
        rows, columns = grid_size(view.height, view.width, patch=patch)
        image = resized(read_rgb(folder / view.image, view.height, view.width), rows, columns)
        if given is None:
            known = pinhole(view.focal, view.width, view.height) if view.focal else None
            return cls(view, image, known and known.resized(columns, rows), None, None)
        camera = captures.camera_of(given, view).resized(columns, rows)
        depth = captures.depth_on(given, camera) if given.depth else None
        return cls(view, image, camera, given.T_world_camera, depth)


def infer(model: Any, prepared: Sequence[Prepared], *, metric: bool) -> list[MadeView]:
    """Run the model on one batch; `metric` says whether given poses and depths are in metres.

    The first frame with a given pose goes first: the model wants one there where any has one.
    """
    ordered = sorted(prepared, key=lambda frame: frame.T_world_camera is None)
    T_world_reference = ordered[0].T_world_camera
    made = {
        frame.view.frame_id: made_view(
            frame.view.frame_id,
            prediction,
            image_height=frame.view.height,
            image_width=frame.view.width,
            T_world_reference=np.eye(4) if T_world_reference is None else T_world_reference,
        )
        for frame, prediction in zip(ordered, predict(model, ordered, metric=metric), strict=True)
    }
    return [made[frame.view.frame_id] for frame in prepared]


def predict(model: Any, frames: Sequence[Prepared], *, metric: bool) -> list[dict[str, np.ndarray]]:
    """Return the model's own words on one batch, those that are wanted, batch axis gone."""
    cuda = next(model.parameters()).device.type == "cuda"
    with torch.inference_mode():
        predictions = model.infer(
            [_input(frame, model, metric=metric) for frame in frames],
            memory_efficient_inference=True,
            use_amp=cuda,  # on a CPU it would take half precision, which crashes there
            amp_dtype="bf16",
            apply_mask=False,
            apply_confidence_mask=False,
        )
    return [
        {key: prediction[key][0].float().cpu().numpy() for key in WANTED if key in prediction}
        for prediction in predictions
    ]


def _input(frame: Prepared, model: Any, *, metric: bool) -> dict[str, Any]:
    """Return one view as `infer` takes it; a lens that bends goes in as its rays."""
    norm = model.encoder.data_norm_type
    if norm not in _MEAN_STD:
        raise Rewis3dError(f"MapAnything's encoder wants images normalised as {norm!r}: unknown")
    mean, std = (np.array(values, np.float32)[:, None, None] for values in _MEAN_STD[norm])
    fields: dict[str, Any] = {"img": _batch((frame.image - mean) / std), "data_norm_type": [norm]}
    if frame.camera is not None and frame.camera.distortion:
        fields["ray_directions"] = _batch(frame.camera.grid_rays())
    elif frame.camera is not None:
        fields["intrinsics"] = _batch(intrinsics_of(frame.camera))
    if frame.depth is not None:
        fields["depth_z"] = _batch(frame.depth)
    if frame.T_world_camera is not None:
        fields["camera_poses"] = _batch(frame.T_world_camera)
        fields["is_metric_scale"] = torch.tensor([metric])
    return fields


def _batch(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))[None]
