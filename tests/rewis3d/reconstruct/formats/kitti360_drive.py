"""A drive of KITTI-360 in a scene of rectangles, written as the data set lies on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from rewis3d.geometry import Camera, inverse
from tests.rewis3d.reconstruct.lidar import AXES, sweep
from tests.rewis3d.stage import Quad, ground, pose, wall

NAME = "2013_05_28_drive_0000_sync"
SIZE = (94, 352)
CAMERA = Camera(np.array([[138.0, 0, 170.7], [0, 138, 59.8], [0, 0, 1]]), SIZE[1], SIZE[0])
"""Ours: pixel centres at i + 0.5. A quarter of the data set's."""
BASELINE = 0.6
UTM = np.array([456_123.25, 5_428_987.5, 116.75])
POST = Quad((-0.4, -4.0, 9.0), (0.8, 0, 0), (0, 5.5, 0), 2)
SCENE: tuple[Quad, ...] = (ground(0), wall(25.0, 1), POST)


def turned(x: float, y: float, z: float) -> np.ndarray:
    """Return a small rotation as 4 x 4, by its vector in radians."""
    T = np.eye(4)
    T[:3, :3] = cv2.Rodrigues(np.array([x, y, z]))[0]
    return T


RECT = (turned(0.01, -0.02, 0.005), turned(-0.004, 0.01, 0.008))
"""R_rect: takes a camera's own axes to the rectified ones."""
LIDAR_CAMERA = inverse(AXES) @ turned(0.02, -0.01, 0.03)
LIDAR_CAMERA[:3, 3] = 0.8, 0.3, -0.9
"""calib_cam_to_velo, of camera 0 as it is."""
POSE_CAMERA = turned(0.1, 0.2, -0.1)
POSE_CAMERA[:3, 3] = 1.5, 0.4, -0.8
"""calib_cam_to_pose of camera 0."""


@dataclass(frozen=True)
class Drive:
    """Where the rectified camera 0 stands in the stage, by frame."""

    root: Path
    T_world_camera: dict[int, np.ndarray]

    def to_stage(self, T_world_camera: np.ndarray) -> np.ndarray:
        """Return a pose of the given world, whose origin is the first camera's place."""
        T = T_world_camera.copy()
        T[:3, 3] += next(iter(self.T_world_camera.values()))[:3, 3]
        return T


def camera_1(T_world_camera: np.ndarray) -> np.ndarray:
    """Return where the rectified camera 1 stands beside a rectified camera 0."""
    T = np.eye(4)
    T[0, 3] = BASELINE
    return T_world_camera @ T


def write(
    root: Path,
    *,
    frames: Sequence[int] = (1, 2, 3),
    step: float = 0.8,
    name: str = NAME,
    scene: Sequence[Quad] = SCENE,
) -> Drive:
    """Write calibration, poses and sweeps of frames that are `step` metres apart."""
    poses = {at: pose(0.1 * at, 0, step * at, yaw=0.5 * at) for at in range(max(frames) + 1)}
    _write_calibration(root / "calibration")
    _write_poses(root / "data_poses" / name, {at: poses[at] for at in frames})
    folder = root / "data_3d_raw" / name / "velodyne_points" / "data"
    folder.mkdir(parents=True)
    T_camera_lidar = RECT[0] @ inverse(LIDAR_CAMERA)
    for at in frames:
        now, before = (poses[at] @ T_camera_lidar, poses[at - 1] @ T_camera_lidar)
        if at - 1 not in frames:  # the first pose: its motion is that of the next
            motion = inverse(poses[at + 1] @ T_camera_lidar) @ now
        else:
            motion = inverse(now) @ before
        xyz = sweep(scene, now, T_now_before=motion)
        points = np.concatenate([xyz, np.full((len(xyz), 1), 0.3)], axis=1)
        (folder / f"{at:010d}.bin").write_bytes(points.astype("<f4").tobytes())
    return Drive(root, {at: poses[at] for at in frames})


def _write_calibration(folder: Path) -> None:
    folder.mkdir(parents=True)
    K = CAMERA.K - [[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]]  # theirs: centres at whole numbers
    lines = ["calib_time: 01-Jan-2013 00:00:00", "corner_dist: 0.1"]
    for number, shift in ((0, 0.0), (1, -K[0, 0] * BASELINE)):
        P = np.concatenate([K, [[shift], [0], [0]]], axis=1)
        lines += [
            f"S_rect_0{number}: {SIZE[1]:e} {SIZE[0]:e}",
            f"R_rect_0{number}: {_text(RECT[number][:3, :3])}",
            f"P_rect_0{number}: {_text(P)}",
        ]
    (folder / "perspective.txt").write_text("\n".join(lines))
    (folder / "calib_cam_to_velo.txt").write_text(_text(LIDAR_CAMERA[:3]))
    other = POSE_CAMERA @ inverse(RECT[0]) @ camera_1(np.eye(4)) @ RECT[1]
    cameras = (POSE_CAMERA, other, np.eye(4), np.eye(4))
    rows = [f"image_0{number}: {_text(T[:3])}" for number, T in enumerate(cameras)]
    (folder / "calib_cam_to_pose.txt").write_text("\n".join(rows))


def _write_poses(folder: Path, poses: dict[int, np.ndarray]) -> None:
    folder.mkdir(parents=True)
    rows = []
    for frame, T_stage_camera in poses.items():
        T = T_stage_camera.copy()
        T[:3, 3] += UTM
        rows.append(f"{frame} {_text(T)}")
    (folder / "cam0_to_world.txt").write_text("\n".join(rows))


def _text(numbers: np.ndarray) -> str:
    return " ".join(f"{value:.10f}" for value in numbers.reshape(-1))
