"""KITTI-360: rectified cameras, their poses, and the sweeps of a LiDAR on the roof.

calibration/perspective.txt           P_rect_0i: K and a column; R_rect_0i: 3 x 3; S_rect_0i: size
calibration/calib_cam_to_velo.txt     3 x 4, of camera 0 before its rectification
calibration/calib_cam_to_pose.txt     image_0i: 3 x 4, of camera i before its rectification
data_poses/<drive>/cam0_to_world.txt  a frame's number and 4 x 4, of camera 0 rectified
data_3d_raw/<drive>/velodyne_points/data/<frame>.bin    frames have ten digits here

The layout is that of www.cvlibs.net/datasets/kitti-360/documentation.php. What the matrices do is
read off github.com/autonomousvision/kitti360Scripts (loadCalibration.py, project.py,
kitti360Viewer3DRaw.py) and what its authors answer there: poses are of rectified cameras (issue
28), frames are counted from 0 (102), and a slow car's frames have none (96). Those scripts round
projected points to whole pixels, so K there has pixel centres at whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float64

from rewis3d.geometry import Camera, inverse, is_rigid, transform
from rewis3d.reconstruct.formats.sweep import read_bin, unrolled
from rewis3d.reconstruct.formats.types import Given, GivenView, Piece
from rewis3d.types import Rewis3dError

NO_POSE: Final = "KITTI-360 gives this frame no pose: the car hardly moved"
NO_SWEEP: Final = "there is no sweep of this frame"
OWN_CAR: Final = 3.0
"""Metres from the LiDAR below which a point is the car itself (the limit of the scripts)."""
_POSES: Final = "data_poses"
_SWEEPS: Final = "data_3d_raw"


@dataclass(frozen=True, slots=True)
class Drive:
    """The sweeps of one drive."""

    folder: Path
    T_world_lidar: Mapping[int, Float64[np.ndarray, "4 4"]]
    """By frame; frames without a pose are missing."""
    sweeps: int
    """How many a view sees: its own, and as many before it as after it."""

    def seen_by(
        self,
        names: Sequence[str],
        *,
        scratch: Path,  # noqa: ARG002 - as Measured has it
    ) -> Iterator[tuple[str, Iterator[Piece]]]:
        """Yield each of these frames with the points of its sweeps (see `Measured`)."""
        for name in names:
            yield name, self._pieces(int(name))

    def _pieces(self, frame: int) -> Iterator[Piece]:
        beside = self.sweeps // 2
        for other in range(frame - beside, frame + beside + 1):
            there = other in self.T_world_lidar and file_of(self.folder, other).is_file()
            if other == frame or there:
                yield self._world(other)

    def _world(self, frame: int) -> Piece:
        """Return a sweep's points; what is no number is NaN, for others to count."""
        xyz = read_bin(file_of(self.folder, frame))[:, :3].astype(np.float64)
        xyz[~np.isfinite(xyz).all(axis=1)] = np.nan
        xyz = xyz[~(np.linalg.norm(xyz, axis=1) < OWN_CAR)]
        return transform(self.T_world_lidar[frame], unrolled(xyz, self._motion(frame)))

    def _motion(self, frame: int) -> Float64[np.ndarray, "4 4"]:
        """Return T_now_before of one turn; a frame that stands alone hardly moved."""
        poses = self.T_world_lidar
        for now, before in ((frame, frame - 1), (frame + 1, frame)):
            if now in poses and before in poses:
                return inverse(poses[now]) @ poses[before]
        return np.eye(4)


def root_of(source: Path) -> Path | None:
    """Return the data set that a place lies in, or is; None where it is no KITTI-360."""
    for folder in (source, *source.parents):
        if any((folder / name).is_dir() for name in (_POSES, _SWEEPS)):
            return folder
        if (folder / "calibration" / "perspective.txt").is_file():
            return folder
    return None


def read(source: Path, *, sweeps: int) -> Given:
    """Read the cameras of a drive, with the points of `sweeps` sweeps for each.

    `source` is the data set, or a folder inside it that says which drive is meant, and which
    camera: data_2d_raw/<drive>/image_01. Else it is the only drive there is, and camera 0. The
    world's origin is moved to the drive's first pose. Rewis3dError names what is missing or wrong.
    """
    root = root_of(source)
    if root is None:
        raise Rewis3dError(f"{source}: not inside of KITTI-360: no {_POSES}/ and no {_SWEEPS}/")
    inside = source.relative_to(root).parts
    drive, camera = _drive(root, inside), _camera_number(source, inside)
    poses = _poses(root / _POSES / drive / "cam0_to_world.txt")
    origin = next(iter(poses.values()))[:3, 3].copy()
    for T_world_camera in poses.values():
        T_world_camera[:3, 3] -= origin
    folder = root / _SWEEPS / drive / "velodyne_points" / "data"
    T_camera0_lidar, T_camera0_camera = _rig(root / "calibration", camera)
    lens = _camera(root / "calibration" / "perspective.txt", camera)
    with_sweep = _frames_with_sweep(folder)
    views = tuple(
        GivenView(_name(frame), lens, T_world_camera0 @ T_camera0_camera)
        for frame, T_world_camera0 in poses.items()
        if frame in with_sweep
    )
    if not views:
        raise Rewis3dError(
            f"{folder}: none of its {len(with_sweep)} sweeps is of a frame of {drive}"
        )
    reasons = {_name(frame): NO_SWEEP for frame in poses.keys() - with_sweep}
    reasons |= {_name(frame): NO_POSE for frame in with_sweep - poses.keys()}
    T_world_lidar = {frame: T @ T_camera0_lidar for frame, T in poses.items()}
    return Given(
        source,
        views,
        metric=True,
        measured=Drive(folder, T_world_lidar, sweeps),
        reasons=reasons,
        notes=(f"depth from the LiDAR of {drive}; {_placed(origin)}",),
    )


def file_of(folder: Path, frame: int) -> Path:
    """Return the file of a frame's sweep."""
    return folder / f"{_name(frame)}.bin"


def _name(frame: int) -> str:
    return f"{frame:010d}"


def _placed(origin: Float64[np.ndarray, "3"]) -> str:
    place = ", ".join(f"{value:.3f}" for value in origin.tolist())
    return f"the origin is its ({place})"


def _drive(root: Path, inside: tuple[str, ...]) -> str:
    """Return the drive that is meant: the second folder of a way into the data set."""
    if len(inside) > 1:
        return inside[1]
    with_both = sorted(_folders(root / _POSES) & _folders(root / _SWEEPS))
    if not with_both:
        raise Rewis3dError(f"{root}: no drive has poses in {_POSES}/ and sweeps in {_SWEEPS}/")
    if len(with_both) > 1:
        one = root / _SWEEPS / with_both[0]
        raise Rewis3dError(f"{root}: {len(with_both)} drives; name one of them: --given {one}")
    return with_both[0]


def _folders(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_dir()} if folder.is_dir() else set()


def _camera_number(source: Path, inside: tuple[str, ...]) -> int:
    named = [part for part in inside if part.startswith("image_")]
    if not named or named[0] in ("image_00", "image_01"):
        return int(named[0][-2:]) if named else 0
    raise Rewis3dError(
        f"{source}: the lens of {named[0]} is none that OpenCV knows; take image_00 or image_01"
    )


def _frames_with_sweep(folder: Path) -> set[int]:
    if not folder.is_dir():
        raise Rewis3dError(f"{folder}: there is no such folder of sweeps")
    return {int(path.stem) for path in folder.glob("*.bin") if path.stem.isdecimal()}


def _poses(path: Path) -> dict[int, Float64[np.ndarray, "4 4"]]:
    """Return T_world_camera of the rectified camera 0 by frame."""
    rows = np.atleast_2d(_numbers(path))
    if rows.shape[1] != 17 or not len(rows):
        raise Rewis3dError(f"{path}: {rows.shape[1]} numbers a line; wanted a frame and 4 x 4")
    poses = {int(row[0]): row[1:].reshape(4, 4) for row in rows}
    for frame, T in poses.items():
        if not is_rigid(T):
            raise Rewis3dError(f"{path}: frame {frame}: not a rotation and a translation")
    return poses


def _rig(
    folder: Path, camera: int
) -> tuple[Float64[np.ndarray, "4 4"], Float64[np.ndarray, "4 4"]]:
    """Return T_camera0_lidar and T_camera0_camera, both cameras rectified."""
    path = folder / "perspective.txt"
    T_rect_camera0 = _rigid(path, _field(path, "R_rect_00", 9), columns=3)
    path = folder / "calib_cam_to_velo.txt"
    T_camera0_lidar = T_rect_camera0 @ inverse(_rigid(path, _numbers(path).reshape(-1)))
    if camera == 0:
        return T_camera0_lidar, np.eye(4)
    path = folder / "calib_cam_to_pose.txt"
    T_pose_camera0, T_pose_camera = (
        _rigid(path, _field(path, f"image_0{number}", 12)) for number in (0, camera)
    )
    T_camera0_camera = T_rect_camera0 @ inverse(T_pose_camera0) @ T_pose_camera
    path = folder / "perspective.txt"
    rectified = _rigid(path, _field(path, f"R_rect_0{camera}", 9), columns=3)
    return T_camera0_lidar, T_camera0_camera @ inverse(rectified)


def _camera(path: Path, number: int) -> Camera:
    """Return the rectified camera, its pixel centres at i + 0.5."""
    K = _field(path, f"P_rect_0{number}", 12).reshape(3, 4)[:, :3].copy()
    K[:2, 2] += 0.5
    width, height = _field(path, f"S_rect_0{number}", 2)
    try:
        return Camera(K, round(float(width)), round(float(height)))
    except Rewis3dError as error:
        raise Rewis3dError(f"{path}: camera {number}: {error}") from error


def _rigid(
    path: Path, numbers: Float64[np.ndarray, "n"], *, columns: int = 4
) -> Float64[np.ndarray, "4 4"]:
    """Return a motion of three rows of numbers as 4 x 4."""
    T = np.eye(4)
    fits = len(numbers) == 3 * columns
    if fits:
        T[:3, :columns] = numbers.reshape(3, columns)
    if not fits or not is_rigid(T):
        raise Rewis3dError(f"{path}: {numbers.tolist()} is not a rotation and a translation")
    return T


def _field(path: Path, name: str, count: int) -> Float64[np.ndarray, "n"]:
    """Return the numbers behind a name and a colon."""
    for line in _text(path).splitlines():
        before, _, after = line.partition(":")
        if before.strip() == name:
            try:
                numbers = np.array(after.split(), np.float64)
            except ValueError as error:
                raise Rewis3dError(f"{path}: {name}: not numbers ({error})") from error
            if len(numbers) != count:
                raise Rewis3dError(f"{path}: {name}: {len(numbers)} numbers; wanted {count}")
            return numbers
    raise Rewis3dError(f"{path}: it has no {name}")


def _numbers(path: Path) -> np.ndarray:
    lines = _text(path).splitlines()
    if not any(line.strip() for line in lines):
        raise Rewis3dError(f"{path}: it is empty")
    try:
        return np.loadtxt(lines, dtype=np.float64)
    except ValueError as error:
        raise Rewis3dError(f"{path}: can't be read as numbers ({error})") from error


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Rewis3dError(f"{path}: can't be read ({error})") from error
