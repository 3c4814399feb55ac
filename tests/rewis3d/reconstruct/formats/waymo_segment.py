"""A segment of the Waymo Open Dataset, version 2, in a scene of rectangles: tables of its columns.

Names and types are those that `Component.schema()` of the data set's own package gives; a published
vehicle_pose stores its numbers as float32.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rewis3d.geometry import Camera, inverse
from tests.rewis3d.reconstruct.formats.kitti360_drive import turned
from tests.rewis3d.reconstruct.lidar import directions, hits
from tests.rewis3d.stage import Quad, ground, pose, wall

NAME = "10023947602400723454_1120_000_1140_000"
TIMES = (1552440195362591, 1552440195462596, 1552440195562570)
CAMERA = Camera(
    np.array([[120.0, 0, 96], [0, 121, 64], [0, 0, 1]]), 192, 128, (0.05, -0.02, 0.001, 0.002, 0.01)
)
SCENE: tuple[Quad, ...] = (ground(y=2.0), wall(20.0), Quad((1, -3, 8), (1, 0, 0), (0, 5, 0)))
OPENCV = np.array([[0.0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
"""Takes x forwards, y left, z up to x right, y down, z forwards."""
GLOBAL = np.eye(4)
GLOBAL[:3, :3] = [[0, 0, 1], [-1, 0, 0], [0, -1, 0]]
GLOBAL[:3, 3] = 860.5, 15568.25, -651.5
"""The stage in the data set's world, whose z is up."""
VEHICLE_CAMERA = inverse(OPENCV) @ turned(0.01, 0.02, -0.01) @ OPENCV
VEHICLE_CAMERA[:3, 3] = 1.5, 0.1, 0.3
VEHICLE_TOP = turned(0.01, -0.02, 2.5)
VEHICLE_TOP[:3, 3] = 1.4, 0.0, 0.6
VEHICLE_FRONT = turned(0.0, 0.01, -0.02)
VEHICLE_FRONT[:3, 3] = 2.5, 0.0, -0.3
BEAMS = np.radians(np.array([-20.0, -14, -9, -6, -4, -2.5, -1, 0.5, 2]))
LOW, HIGH, ROWS = np.radians(-30), np.radians(10), 8
COLUMNS = 180
STEP = 1.0

KEY = {"key.segment_context_name": pa.string()}
FRAME = KEY | {"key.frame_timestamp_micros": pa.int64()}
MATRIX = pa.list_(pa.float64(), 16)
IMAGE = {"values": pa.list_(pa.float32()), "shape": pa.list_(pa.int32(), 3)}


def _of(component: str, fields: Mapping[str, pa.DataType]) -> dict[str, pa.DataType]:
    return {f"[{component}].{name}": kind for name, kind in fields.items()}


def _returns(*numbers: int) -> dict[str, pa.DataType]:
    return {f"range_image_return{n}.{name}": kind for n in numbers for name, kind in IMAGE.items()}


LENS = ("f_u", "f_v", "c_u", "c_v", "k1", "k2", "p1", "p2", "k3")
SCHEMAS = {
    "camera_calibration": KEY
    | {"key.camera_name": pa.int8()}
    | _of(
        "CameraCalibrationComponent",
        {f"intrinsic.{name}": pa.float64() for name in LENS}
        | {"extrinsic.transform": MATRIX, "width": pa.int32(), "height": pa.int32()}
        | {"rolling_shutter_direction": pa.int8()},
    ),
    "camera_image": FRAME
    | {"key.camera_name": pa.int8()}
    | _of("CameraImageComponent", {"image": pa.binary(), "pose.transform": MATRIX}),
    "lidar": FRAME | {"key.laser_name": pa.int8()} | _of("LiDARComponent", _returns(1, 2)),
    "lidar_calibration": KEY
    | {"key.laser_name": pa.int8()}
    | _of(
        "LiDARCalibrationComponent",
        {"extrinsic.transform": MATRIX, "beam_inclination.min": pa.float64()}
        | {"beam_inclination.max": pa.float64(), "beam_inclination.values": pa.list_(pa.float64())},
    ),
    "lidar_pose": FRAME | {"key.laser_name": pa.int8()} | _of("LiDARPoseComponent", _returns(1)),
    "vehicle_pose": FRAME
    | _of("VehiclePoseComponent", {"world_from_vehicle.transform": pa.list_(pa.float32(), 16)}),
}


@dataclass(frozen=True)
class Segment:
    """Where the front camera stands in the stage, by the views' names."""

    root: Path
    T_stage_camera: dict[str, np.ndarray]

    def to_stage(self, xyz: np.ndarray) -> np.ndarray:
        """Return points of the given world, which starts at the first vehicle's place."""
        return (xyz + vehicle(0)[:3, 3] - GLOBAL[:3, 3]) @ GLOBAL[:3, :3]


def vehicle(at: float) -> np.ndarray:
    """Return T_global_vehicle at a moment: whole numbers are the sweeps' own."""
    T_stage_vehicle = pose(0.2 * at, 0, STEP * at, yaw=1.5 * at) @ OPENCV
    return GLOBAL @ T_stage_vehicle


def write(
    root: Path, *, scene: Sequence[Quad] = SCENE, group: int = 2, poses: bool = True
) -> Segment:
    """Write the tables of three sweeps of two LiDARs; `group` rows lie in a row group."""
    cameras = {}
    for at, time in enumerate(TIMES):
        T_global_camera = vehicle(at + 0.1) @ VEHICLE_CAMERA @ inverse(OPENCV)
        cameras[f"{time}_FRONT"] = inverse(GLOBAL) @ T_global_camera
    tables: dict[str, list[list[Any]]] = {name: [] for name in SCHEMAS}
    values = [*CAMERA.K[[0, 1, 0, 1], [0, 1, 2, 2]], *CAMERA.distortion]
    size = [CAMERA.width, CAMERA.height]
    for number in (1, 2):
        row = [NAME, number, *values, VEHICLE_CAMERA.reshape(-1), *size, 2]
        tables["camera_calibration"].append(row)
    for number, T, beams in ((1, VEHICLE_TOP, BEAMS), (2, VEHICLE_FRONT, None)):
        ends = [BEAMS[0], BEAMS[-1]] if beams is not None else [LOW, HIGH]
        tables["lidar_calibration"].append([NAME, number, T.reshape(-1), *ends, beams])
    picture = cv2.imencode(".jpg", np.full((CAMERA.height, CAMERA.width, 3), 90, np.uint8))[1]
    for at, time in enumerate(TIMES):
        tables["vehicle_pose"].append([NAME, time, vehicle(at).reshape(-1)])
        taken = vehicle(at + 0.1).reshape(-1)
        tables["camera_image"].append([NAME, time, 1, picture.tobytes(), taken])
        top, pixels = _top(scene, at)
        tables["lidar"].append([NAME, time, 1, *_image(top), *_image(top[:, :0])])
        tables["lidar_pose"].append([NAME, time, 1, *_image(pixels)])
        tables["lidar"].append([NAME, time, 2, *_image(_front(scene, at)), None, None])
    if not poses:
        del tables["lidar_pose"]
    for name, rows in tables.items():
        _write_table(root / name / f"{NAME}.parquet", SCHEMAS[name], rows, group=group)
    return Segment(root, cameras)


def _write_table(
    path: Path, columns: Mapping[str, pa.DataType], rows: Sequence[Sequence[Any]], *, group: int
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = [
        pa.array([None if row[at] is None else row[at] for row in rows], type=kind)
        for at, kind in enumerate(columns.values())
    ]
    pq.write_table(pa.table(arrays, schema=pa.schema(columns.items())), path, row_group_size=group)


def _image(image: np.ndarray) -> list[Any]:
    return [image.astype(np.float32).reshape(-1), list(image.shape)]


def _top(scene: Sequence[Quad], at: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the range image of the LiDAR on the roof, and the vehicle's pose of each cell."""
    moments = at + np.linspace(-0.5, 0.5, COLUMNS)
    poses = np.stack([vehicle(float(moment)) for moment in moments])
    rays = _rays(VEHICLE_TOP, BEAMS[::-1])
    image = _measured(scene, rays, VEHICLE_TOP, poses)
    R = poses[:, :3, :3]
    roll, yaw = np.arctan2(R[:, 2, 1], R[:, 2, 2]), np.arctan2(R[:, 1, 0], R[:, 0, 0])
    turned = np.stack([roll, -np.arcsin(R[:, 2, 0]), yaw], axis=1)
    pixels = np.concatenate([turned, poses[:, :3, 3]], axis=1)
    return image, np.broadcast_to(pixels, (len(rays), COLUMNS, 6))


def _front(scene: Sequence[Quad], at: int) -> np.ndarray:
    """Return the range image of a LiDAR whose cells are told as of the sweep's own moment."""
    beams = LOW + (np.arange(ROWS) + 0.5) / ROWS * (HIGH - LOW)
    poses = np.broadcast_to(vehicle(at), (COLUMNS, 4, 4))
    return _measured(scene, _rays(VEHICLE_FRONT, beams[::-1]), VEHICLE_FRONT, poses)


def _rays(T_vehicle_lidar: np.ndarray, beams: np.ndarray) -> np.ndarray:
    """Return unit vectors (h w 3) in the LiDAR's axes: columns start behind the vehicle."""
    yaw = np.arctan2(T_vehicle_lidar[1, 0], T_vehicle_lidar[0, 0])
    c, s = np.cos(-yaw), np.sin(-yaw)
    return directions(beams, COLUMNS) @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T


def _measured(
    scene: Sequence[Quad], rays: np.ndarray, T_vehicle_lidar: np.ndarray, poses: np.ndarray
) -> np.ndarray:
    T = inverse(GLOBAL) @ poses @ T_vehicle_lidar  # a pose of the stage for each column
    origins = np.broadcast_to(T[:, :3, 3], rays.shape).reshape(-1, 3)
    away, _ = hits(scene, origins, np.einsum("wij,hwj->hwi", T[:, :3, :3], rays).reshape(-1, 3))
    image = np.zeros((*rays.shape[:2], 4))
    image[..., 0] = np.where(np.isfinite(away), away, -1).reshape(rays.shape[:2])
    return image
