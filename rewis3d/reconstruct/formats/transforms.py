"""nerfstudio's transforms.json: OpenGL poses, one lens for all frames or one a frame."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from rewis3d.geometry import Camera, is_rigid, opengl_to_opencv
from rewis3d.reconstruct.formats.types import Given, GivenDepth, GivenView
from rewis3d.types import Rewis3dError

FILE: Final = "transforms.json"
_LENSES: Final = {  # model: its coefficients in OpenCV's order, and whether it is a fisheye
    "SIMPLE_PINHOLE": ((), False),
    "PINHOLE": ((), False),
    "PERSPECTIVE": (("k1", "k2", "p1", "p2", "k3"), False),
    "SIMPLE_RADIAL": (("k1", "k2", "p1", "p2"), False),
    "RADIAL": (("k1", "k2", "p1", "p2"), False),
    "OPENCV": (("k1", "k2", "p1", "p2", "k3"), False),
    "FULL_OPENCV": (("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6"), False),
    "OPENCV_FISHEYE": (("k1", "k2", "k3", "k4"), True),
}
_MILLIMETRES: Final = 1e-3
"""nerfstudio's default for `depth_unit_scale_factor`: world units per stored value."""


def read(path: Path) -> Given:
    """Read a transforms.json; Rewis3dError names the frame and the field that is wrong."""
    try:
        top = json.loads(path.read_text())
    except (OSError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Rewis3dError(f"{path}: can't be read ({error})") from error
    frames = top.get("frames") if isinstance(top, dict) else None
    if not isinstance(frames, list) or not frames:
        raise Rewis3dError(f"{path}: it has no list `frames`")
    units = 1 / _number(top, "depth_unit_scale_factor", str(path), default=_MILLIMETRES)
    views = tuple(
        _view(top, frame, path.parent, f"{path}: frame {place}", units=units)
        for place, frame in enumerate(frames)
    )
    return Given(path, views, metric=any(view.depth for view in views))


def _view(
    top: Mapping[str, Any], frame: Any, folder: Path, where: str, *, units: float
) -> GivenView:
    if not isinstance(frame, dict) or not isinstance(frame.get("file_path"), str):
        raise Rewis3dError(f"{where}: it has no `file_path`")
    where = f"{where} ({frame['file_path']})"
    depth = _file(frame, "depth_file_path", folder, where)
    return GivenView(
        Path(frame["file_path"]).stem,
        _camera({**top, **frame}, where),
        _pose(frame, where),
        depth=GivenDepth(depth, units) if depth else None,
        mask=_file(frame, "mask_path", folder, where),
    )


def _camera(fields: Mapping[str, Any], where: str) -> Camera:
    width, height = (round(_number(fields, name, where)) for name in ("w", "h"))
    if "fl_x" in fields:
        focal_x = _number(fields, "fl_x", where)
    elif "camera_angle_x" in fields:
        focal_x = width / 2 / np.tan(_number(fields, "camera_angle_x", where) / 2)
    else:
        raise Rewis3dError(f"{where}: it has no `fl_x` (nor `camera_angle_x`)")
    focal_y = _number(fields, "fl_y", where, default=focal_x)
    centre = (
        _number(fields, "cx", where, default=width / 2),
        _number(fields, "cy", where, default=height / 2),
    )
    model = fields.get("camera_model", "OPENCV")
    if model not in _LENSES:
        raise Rewis3dError(f"{where}: camera_model {model!r}; known: {', '.join(_LENSES)}")
    names, fisheye = _LENSES[model]
    lens = tuple(_number(fields, name, where, default=0.0) for name in names)
    K = np.array([[focal_x, 0, centre[0]], [0, focal_y, centre[1]], [0, 0, 1]], np.float64)
    try:
        return Camera(K, width, height, lens if any(lens) else (), fisheye and any(lens))
    except Rewis3dError as error:
        raise Rewis3dError(f"{where}: {error}") from error


def _pose(frame: Mapping[str, Any], where: str) -> np.ndarray:
    try:
        matrix = np.array(frame["transform_matrix"], np.float64)
    except KeyError as error:
        raise Rewis3dError(f"{where}: it has no `transform_matrix`") from error
    except (TypeError, ValueError) as error:
        raise Rewis3dError(f"{where}: transform_matrix is not 4 x 4 numbers") from error
    if matrix.shape == (3, 4):
        matrix = np.vstack([matrix, [0, 0, 0, 1]])
    if matrix.shape != (4, 4) or not is_rigid(matrix):
        raise Rewis3dError(f"{where}: transform_matrix is not a rotation and a translation")
    return opengl_to_opencv(matrix)


def _file(frame: Mapping[str, Any], name: str, folder: Path, where: str) -> Path | None:
    given = frame.get(name)
    if given is None:
        return None
    path = folder / str(given)
    if not path.is_file():
        raise Rewis3dError(f"{where}: {name} {given!r} is not a file beside {FILE}")
    return path


def _number(
    fields: Mapping[str, Any], name: str, where: str, *, default: float | None = None
) -> float:
    value = fields.get(name, default)
    if value is None:
        raise Rewis3dError(f"{where}: it has no `{name}`")
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise Rewis3dError(f"{where}: {name} is {value!r}, not a number")
    return float(value)
