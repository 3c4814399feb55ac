"""The sample: a short drive along a street that is rendered here, with everything that is true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import orjson
from jaxtyping import UInt8

from annotations.classes import seed_classes
from annotations.labelset import PRESETS
from app.ingest.images import import_images
from app.street.view import RenderedView, render
from app.workspace import DATABASE, making

PROJECT: Final = "sample"
"""The sample project's folder in the user's data folder."""
CLIP: Final = Path(__file__).parent / "street" / "clip"
"""The shipped clip: images/, labels/ and cameras.json as `make_sample` writes them."""
FRAMES: Final = 36
SEED: Final = 3
"""Of the shipped clip."""
AUTHOR: Final = "sample"
_QUALITY: Final = [cv2.IMWRITE_JPEG_QUALITY, 92]
_SMALL: Final = [cv2.IMWRITE_PNG_COMPRESSION, 9]

OnProgress = Callable[[str, int, int | None], None]
"""Told the stage, and how many of how many frames are through."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Where a sample lies. The files of a frame have the same stem in every folder."""

    images: Path
    """Folder of JPEGs."""
    labels: Path
    """Folder of PNGs, uint8: class ids of the preset camvid-11 for every pixel."""
    depth: Path
    """Folder of npy, float32: metres along the camera's axis, 0 where there is only sky."""
    moving: Path
    """Folder of PNGs, uint8: 255 where things move in the world, else 0."""
    cameras: Path
    """JSON: width, height, K, and T_world_camera of each frame by name (OpenCV axes, metres)."""


def make_sample(
    folder: Path,
    *,
    seed: int = SEED,
    frames: int = FRAMES,
    width: int = 480,
    height: int = 360,
    motion: str = "drive",
    pace: float = 1.0,
    on_progress: OnProgress | None = None,
) -> Sample:
    """Render a clip into a folder; a seed is a street, `motion` and `pace` as for `render`."""
    parts = [folder / name for name in ("images", "labels", "depth", "moving")]
    for part in parts:
        part.mkdir(parents=True, exist_ok=True)
    sample = Sample(*parts, cameras=folder / "cameras.json")
    poses: dict[str, list[list[float]]] = {}
    K: list[list[float]] = []
    clip = render(seed, frames=frames, width=width, height=height, motion=motion, pace=pace)
    for index, view in enumerate(clip):
        name = f"street_{index:03d}"
        _write(sample, name, view)
        poses[name], K = view.T_world_camera.tolist(), view.K.tolist()
        if on_progress is not None:
            on_progress("drawing the sample", index + 1, frames)
    cameras = {"seed": seed, "motion": motion, "width": width, "height": height, "K": K}
    sample.cameras.write_bytes(orjson.dumps({**cameras, "T_world_camera": poses}))
    return sample


def _write(sample: Sample, name: str, view: RenderedView) -> None:
    jpeg = cv2.imencode(".jpg", view.image[..., ::-1], _QUALITY)[1]
    (sample.images / f"{name}.jpg").write_bytes(jpeg.tobytes())
    (sample.labels / f"{name}.png").write_bytes(_png(view.labels))
    (sample.moving / f"{name}.png").write_bytes(_png(view.moving.astype(np.uint8) * 255))
    np.save(sample.depth / f"{name}.npy", view.depth)


def _png(pixels: UInt8[np.ndarray, "h w"]) -> bytes:
    return cv2.imencode(".png", pixels, _SMALL)[1].tobytes()


def sample_project(data_home: Path, *, on_progress: OnProgress | None = None) -> Path:
    """Return the sample project's folder in the user's data folder; made where it is missing.

    It holds the shipped frames and the classes, no labels: drawing them is what the sample is for.
    """
    root = data_home / PROJECT
    if (root / DATABASE).exists():
        return root

    def advance(done: int, total: int) -> None:
        if on_progress is not None:
            on_progress("making the sample", done, total)

    with making(root, "Sample street") as workspace:
        with workspace.write() as conn:
            seed_classes(conn, PRESETS["camvid-11"], author=AUTHOR)
        import_images(workspace, CLIP / "images", on_progress=advance)
    return root
