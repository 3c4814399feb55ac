"""Cameras and rigid motion.

The centre of pixel i is i + 0.5. Camera axes are OpenCV's: x right, y down, z forward. A pose is
`T_world_camera` (4 x 4): it takes points of the camera's frame to the world's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float64

from rewis3d.types import Rewis3dError

_OPENCV_LENGTHS = (0, 4, 5, 8, 12, 14)
_FISHEYE_LENGTHS = (0, 4)


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera of `width` x `height` pixels: K, and the lens in OpenCV's order of coefficients."""

    K: Float64[np.ndarray, "3 3"]
    """Pixels, no skew; the principal point of a centred lens is (width / 2, height / 2)."""
    width: int
    height: int
    distortion: tuple[float, ...] = ()
    """k1 k2 p1 p2 [k3 [k4 k5 k6 ...]], or k1 k2 k3 k4 of a fisheye; empty for a pinhole."""
    fisheye: bool = False

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise Rewis3dError(f"a camera of {self.width} x {self.height} pixels has no image")
        if not np.isfinite(self.K).all() or min(self.K[0, 0], self.K[1, 1]) <= 0:
            raise Rewis3dError(f"a camera needs focal lengths above 0, not K = {self.K.tolist()}")
        lengths = _FISHEYE_LENGTHS if self.fisheye else _OPENCV_LENGTHS
        if len(self.distortion) not in lengths:
            raise Rewis3dError(f"{len(self.distortion)} lens coefficients; known: {lengths}")

    def resized(self, width: int, height: int) -> Camera:
        """Return the camera of the same image resized without cropping."""
        scale = np.diag([width / self.width, height / self.height, 1.0])
        return replace(self, K=scale @ self.K, width=width, height=height)

    def undistorted(self) -> Camera:
        """Return the pinhole camera with the same K and size."""
        return replace(self, distortion=(), fisheye=False)

    def project(self, xyz: Float64[np.ndarray, "n 3"]) -> Float64[np.ndarray, "n 2"]:
        """Return the pixels (x, y) of points in the camera's frame; NaN for those not in front."""
        front = xyz[:, 2] > 0
        plane = xyz[:, :2] / np.where(front, xyz[:, 2], np.nan)[:, None]
        return self.pixels(plane[:, 0], plane[:, 1], front=front).T

    def pixels(
        self,
        x: Float64[np.ndarray, "n"],
        y: Float64[np.ndarray, "n"],
        *,
        front: Bool[np.ndarray, "n"],
    ) -> Float64[np.ndarray, "2 n"]:
        """Return the pixels of directions (x / z, y / z); the lens bends those in `front`."""
        plane = np.stack([x, y])
        if self.distortion and front.any():
            plane[:, front] = self._distort(plane[:, front].T).T
        plane *= np.diag(self.K)[:2, None]
        plane += self.K[:2, 2:]
        return plane

    def rays(self, xy: Float64[np.ndarray, "n 2"]) -> Float64[np.ndarray, "n 3"]:
        """Return the directions of pixels in the camera's frame, scaled to z = 1."""
        plane = (xy - self.K[:2, 2]) / [self.K[0, 0], self.K[1, 1]]
        if self.distortion and len(xy):
            plane = self._undistort(plane)
        return np.concatenate([plane, np.ones((len(xy), 1))], axis=1)

    def grid_rays(self) -> Float64[np.ndarray, "h w 3"]:
        """Return the directions of all pixel centres, scaled to z = 1."""
        return self.rays(pixel_centres(self.height, self.width).reshape(-1, 2)).reshape(
            self.height, self.width, 3
        )

    def _distort(self, plane: Float64[np.ndarray, "n 2"]) -> Float64[np.ndarray, "n 2"]:
        coefficients = np.array(self.distortion)
        if self.fisheye:
            return cv2.fisheye.distortPoints(plane[:, None], np.eye(3), coefficients)[:, 0]
        points = np.concatenate([plane, np.ones((len(plane), 1))], axis=1)
        return cv2.projectPoints(points, np.zeros(3), np.zeros(3), np.eye(3), coefficients)[0][:, 0]

    def _undistort(self, plane: Float64[np.ndarray, "n 2"]) -> Float64[np.ndarray, "n 2"]:
        coefficients = np.array(self.distortion)
        criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 1e-10)
        if self.fisheye:
            return cv2.fisheye.undistortPoints(
                plane[:, None], np.eye(3), coefficients, criteria=criteria
            )[:, 0]
        return cv2.undistortPointsIter(
            plane[:, None], np.eye(3), coefficients, np.eye(3), np.eye(3), criteria
        )[:, 0]


def pinhole(focal: float, width: int, height: int) -> Camera:
    """Return a camera with square pixels, its principal point in the image's centre."""
    K = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    return Camera(K, width, height)


def pixel_centres(height: int, width: int) -> Float64[np.ndarray, "h w 2"]:
    """Return (x, y) of every pixel's centre."""
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    return np.stack([x, y], axis=-1)


def transform(
    T_b_a: Float64[np.ndarray, "4 4"], xyz: Float64[np.ndarray, "n 3"]
) -> Float64[np.ndarray, "n 3"]:
    """Take points of frame a to frame b."""
    return xyz @ T_b_a[:3, :3].T + T_b_a[:3, 3]


def transform_sights(
    T_b_a: Float64[np.ndarray, "4 4"], sights: Float64[np.ndarray, "3 n"]
) -> Float64[np.ndarray, "3 n"]:
    """Take points, told as (x / z, y / z, 1 / z) in camera a, to the same in camera b.

    1 / z is not above 0 for points that are not in front of b; the rest means nothing there.
    """
    # points divided by their z in a: (x / z, y / z, 1), and what moves them shrinks as they do
    moved = T_b_a[:3, [0, 1, 3]] @ sights
    moved += T_b_a[:3, 2:3]
    shrink = 1 / np.where(moved[2] > 0, moved[2], np.inf)
    moved[:2] *= shrink
    np.multiply(sights[2], shrink, out=moved[2])
    return moved


def inverse(T_b_a: Float64[np.ndarray, "4 4"]) -> Float64[np.ndarray, "4 4"]:
    """Return T_a_b of a rigid motion."""
    T_a_b = np.eye(4)
    T_a_b[:3, :3] = T_b_a[:3, :3].T
    T_a_b[:3, 3] = -T_b_a[:3, :3].T @ T_b_a[:3, 3]
    return T_a_b


def rotation_angle(R: Float64[np.ndarray, "3 3"]) -> float:
    """Return the angle of a rotation in degrees."""
    sine = np.linalg.norm([R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]]) / 2
    return float(np.degrees(np.arctan2(sine, (np.trace(R) - 1) / 2)))


def is_rigid(T: Float64[np.ndarray, "4 4"]) -> bool:
    """Say whether a matrix is a rotation and a translation, to within 1e-4."""
    R = T[:3, :3]
    orthonormal = np.isfinite(T).all() and np.abs(R @ R.T - np.eye(3)).max() < 1e-4
    return bool(orthonormal and np.linalg.det(R) > 0 and np.allclose(T[3], [0, 0, 0, 1]))


def opengl_to_opencv(T_world_camera: Float64[np.ndarray, "4 4"]) -> Float64[np.ndarray, "4 4"]:
    """Turn a pose whose camera looks along -z with y up (OpenGL, nerfstudio) into ours."""
    return T_world_camera @ np.diag([1.0, -1.0, -1.0, 1.0])


def up_of(poses: Float64[np.ndarray, "v 4 4"]) -> Float64[np.ndarray, "3"]:
    """Return the unit vector that is up in the world: the mean of the cameras' -y axes."""
    mean = -poses[:, :3, 1].mean(axis=0)
    length = np.linalg.norm(mean)
    return mean / length if length > 1e-6 else np.array([0.0, -1.0, 0.0])
