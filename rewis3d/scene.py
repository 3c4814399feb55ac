"""The reconstruction of a project's frames as a folder: backends write it, all others read it.

cameras.json              the scenes: up, unit and their views' cameras; written before any depth
views/<frame>.depth.npy   float16 (r, c): z in the scene's unit, 0 where there is none
views/<frame>.confidence.npy   float16 (r, c) in [0, 1], 0 where there is no depth to rely on
views/<frame>.mask.npy    bool (r, c), where the backend has its own word on usable depths
report.json               rewis3d/reconstruct/report.py; the last to be written

A view is finished once its confidence lies in its place: a killed reconstruction goes on with the
others. Frames whose relation is unknown lie in different scenes: their worlds have nothing in
common.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from jaxtyping import Bool, Float16, Float64

from rewis3d.geometry import Camera, is_rigid, transform
from rewis3d.types import Rewis3dError

CAMERAS_FILE: Final = "cameras.json"
VERSION: Final = 1
STRICT: Final = 0.05
"""Confidence above which a depth is good enough to carry labels; `coverage` counts these. It is the
chance that the depth is right, if the backend knows that. From 0 to here one other view has checked
it: enough to fuse predictions."""
MEDIAN_DEPTH: Final = 10.0
"""A scene of unknown scale is scaled so that its median depth is this."""

Unit = Literal["metric", "normalised"]


@dataclass(frozen=True, slots=True)
class GridMap:
    """Where image pixels lie on the grid, in coordinates whose pixel centres are at i + 0.5."""

    scale: tuple[float, float]
    """Grid cells per image pixel along x and y."""
    offset: tuple[float, float] = (0.0, 0.0)
    """Grid coordinates of the image's upper left corner."""

    def to_grid(self, xy: Float64[np.ndarray, "n 2"]) -> Float64[np.ndarray, "n 2"]:
        """Take image coordinates to grid coordinates."""
        return xy * self.scale + self.offset

    def to_image(self, xy: Float64[np.ndarray, "n 2"]) -> Float64[np.ndarray, "n 2"]:
        """Take grid coordinates to image coordinates."""
        return (xy - self.offset) / self.scale


@dataclass(frozen=True, slots=True)
class ViewGeometry:
    """Where a frame was taken from, and the grid on which its depth lies."""

    frame_id: int
    image_height: int
    image_width: int
    camera: Camera
    """Of the grid: its width and height are the grid's."""
    T_world_camera: Float64[np.ndarray, "4 4"]
    grid: GridMap
    backend: str
    """What made the view: "colmap", "mapanything", "given", "depth"."""

    def __post_init__(self) -> None:
        if not is_rigid(self.T_world_camera):
            raise Rewis3dError(
                f"frame {self.frame_id}: its pose is not a rotation and a translation:"
                f" {self.T_world_camera.tolist()}"
            )

    @classmethod
    def of_image(
        cls,
        frame_id: int,
        camera: Camera,
        *,
        T_world_camera: Float64[np.ndarray, "4 4"],
        max_side: int,
        backend: str,
    ) -> ViewGeometry:
        """Return the view of a whole image: a grid of at most `max_side` cells, no finer than it.

        `camera` is the image's.
        """
        shrink = min(1.0, max_side / max(camera.width, camera.height))
        size = [max(1, round(side * shrink)) for side in (camera.width, camera.height)]
        return cls(
            frame_id,
            camera.height,
            camera.width,
            camera.resized(*size),
            T_world_camera,
            GridMap((size[0] / camera.width, size[1] / camera.height)),
            backend,
        )


@dataclass(frozen=True, slots=True)
class SceneGeometry:
    """Views that share one world."""

    views: tuple[ViewGeometry, ...]
    up: Float64[np.ndarray, "3"]
    """Unit vector of the world."""
    unit: Unit
    """"metric", or "normalised": scaled so that the median depth is MEDIAN_DEPTH."""


@dataclass(frozen=True, slots=True)
class SceneView:
    """A view with its depth; the arrays are memory maps of the folder's files."""

    geometry: ViewGeometry
    depth: Float16[np.ndarray, "r c"]
    confidence: Float16[np.ndarray, "r c"]
    mask: Bool[np.ndarray, "r c"] | None = None

    @property
    def frame_id(self) -> int:
        """The frame of the project that this is a view of."""
        return self.geometry.frame_id

    def points(self, cells: np.ndarray) -> Float64[np.ndarray, "n 3"]:
        """Return the world points of cells (flat indices into the grid) that have a depth."""
        camera = self.geometry.camera
        row, column = np.divmod(cells, camera.width)
        rays = camera.rays(np.stack([column + 0.5, row + 0.5], axis=1))
        depth = self.depth[row, column].astype(np.float64)
        return transform(self.geometry.T_world_camera, rays * depth[:, None])


@dataclass(frozen=True, slots=True)
class Scene:
    """Views that share one world, with their depths."""

    index: int
    """Its place among the scenes of the reconstruction."""
    views: tuple[SceneView, ...]
    up: Float64[np.ndarray, "3"]
    unit: Unit

    def view(self, frame_id: int) -> SceneView | None:
        """Return the view of a frame; None where it is not part of this scene."""
        return next((view for view in self.views if view.frame_id == frame_id), None)


class SceneFolder:
    """A reconstruction's folder while it is made, and as it is read."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write_cameras(self, scenes: Sequence[SceneGeometry]) -> None:
        """Write the cameras of all scenes at once; depths follow one by one."""
        frames = [view.frame_id for scene in scenes for view in scene.views]
        if len(set(frames)) != len(frames):
            raise Rewis3dError(f"a frame lies in one scene only; got {sorted(frames)}")
        (self.root / "views").mkdir(parents=True, exist_ok=True)
        rows = {"version": VERSION, "scenes": [_scene_to_json(scene) for scene in scenes]}
        _write_aside(self.root / CAMERAS_FILE, json.dumps(rows, indent=1).encode())

    def has_cameras(self) -> bool:
        """Say whether the cameras are known already."""
        return (self.root / CAMERAS_FILE).exists()

    def cameras(self) -> list[SceneGeometry]:
        """Read the cameras; Rewis3dError names the folder where they can't be read."""
        try:
            rows = json.loads((self.root / CAMERAS_FILE).read_text())
            if rows["version"] > VERSION:
                raise Rewis3dError(f"{self.root}: made by a newer version of rewis3d-studio")
            return [_scene_from_json(row) for row in rows["scenes"]]
        except (OSError, json.JSONDecodeError, KeyError, TypeError) as error:
            raise Rewis3dError(f"{self.root}: not a reconstruction ({error})") from error

    def has_view(self, frame_id: int) -> bool:
        """Say whether a view's depth is finished."""
        return self._file(frame_id, "confidence").exists()

    def write_view(
        self,
        frame_id: int,
        *,
        depth: np.ndarray,
        confidence: np.ndarray,
        mask: Bool[np.ndarray, "r c"] | None = None,
    ) -> None:
        """Write a view's depth (0, NaN and infinity: none) and confidence: it is finished."""
        with np.errstate(over="ignore"):  # beyond 65504 units: no depth
            stored = depth.astype(np.float16)
        present = np.isfinite(stored) & (stored > 0)
        trusted = np.where(present & np.isfinite(confidence), np.clip(confidence, 0, 1), 0)
        if mask is not None:
            _write_array(self._file(frame_id, "mask"), mask)
        _write_array(self._file(frame_id, "depth"), np.where(present, stored, np.float16(0)))
        _write_array(self._file(frame_id, "confidence"), trusted.astype(np.float16))

    def read_view(self, geometry: ViewGeometry) -> SceneView:
        """Map a finished view's arrays; Rewis3dError names the file that is missing or wrong."""
        depth, confidence = (
            self._read(geometry, kind, np.float16) for kind in ("depth", "confidence")
        )
        has_mask = self._file(geometry.frame_id, "mask").exists()
        mask = self._read(geometry, "mask", np.bool_) if has_mask else None
        return SceneView(geometry, depth, confidence, mask)

    def scenes(self) -> list[Scene]:
        """Read the whole reconstruction; Rewis3dError where a view is not finished."""
        return [
            Scene(index, tuple(map(self.read_view, scene.views)), scene.up, scene.unit)
            for index, scene in enumerate(self.cameras())
        ]

    def unfinished(self) -> Iterator[ViewGeometry]:
        """Yield the views that have no depth yet."""
        for scene in self.cameras():
            yield from (view for view in scene.views if not self.has_view(view.frame_id))

    def _file(self, frame_id: int, kind: str) -> Path:
        return self.root / "views" / f"{frame_id:06d}.{kind}.npy"

    def _read(self, geometry: ViewGeometry, kind: str, dtype: type[np.generic]) -> np.ndarray:
        path = self._file(geometry.frame_id, kind)
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise Rewis3dError(f"{path}: can't be read ({error})") from error
        size = (geometry.camera.height, geometry.camera.width)
        if array.shape != size or array.dtype != dtype:
            raise Rewis3dError(f"{path}: {array.dtype} {array.shape}, the cameras say {size}")
        return array


def _write_array(path: Path, array: np.ndarray) -> None:
    aside = path.with_name(f"{path.name}.partial")
    with aside.open("wb") as file:
        np.save(file, np.ascontiguousarray(array), allow_pickle=False)
    aside.replace(path)


def _write_aside(path: Path, content: bytes) -> None:
    aside = path.with_name(f"{path.name}.partial")
    aside.write_bytes(content)
    aside.replace(path)


def _scene_to_json(scene: SceneGeometry) -> dict[str, Any]:
    views = [_view_to_json(view) for view in scene.views]
    return {"up": scene.up.tolist(), "unit": scene.unit, "views": views}


def _scene_from_json(row: dict[str, Any]) -> SceneGeometry:
    views = tuple(_view_from_json(view) for view in row["views"])
    return SceneGeometry(views, np.array(row["up"], np.float64), row["unit"])


def _view_to_json(view: ViewGeometry) -> dict[str, Any]:
    return {
        "frame": view.frame_id,
        "image": [view.image_height, view.image_width],
        "camera": {
            "K": view.camera.K.tolist(),
            "width": view.camera.width,
            "height": view.camera.height,
            "distortion": view.camera.distortion,
            "fisheye": view.camera.fisheye,
        },
        "T_world_camera": view.T_world_camera.tolist(),
        "grid": asdict(view.grid),
        "backend": view.backend,
    }


def _view_from_json(row: dict[str, Any]) -> ViewGeometry:
    height, width = row["image"]
    scale, offset = row["grid"]["scale"], row["grid"]["offset"]
    camera = row["camera"]
    return ViewGeometry(
        row["frame"],
        height,
        width,
        Camera(
            np.array(camera["K"], np.float64),
            camera["width"],
            camera["height"],
            tuple(map(float, camera["distortion"])),
            camera["fisheye"],
        ),
        np.array(row["T_world_camera"], np.float64),
        GridMap((float(scale[0]), float(scale[1])), (float(offset[0]), float(offset[1]))),
        row["backend"],
    )
