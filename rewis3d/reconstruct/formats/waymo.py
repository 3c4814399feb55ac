"""Waymo Open Dataset, version 2: one Parquet table for each component and segment.

<root>/<component>/<segment>.parquet, of the components camera_calibration (K, lens, extrinsics),
camera_image (here: the vehicle's pose as it was taken), lidar (range images), lidar_calibration,
vehicle_pose, and lidar_pose, which says where the vehicle was as each cell was measured.

The columns are those of `v2/perception/{base,camera_image,context,lidar,pose}.py` in
github.com/waymo-research/waymo-open-dataset. Cameras look along +x, with y left and z up; pixel 0
starts at the image's left edge (the note at `camera_projection` in dataset.proto), as here.

The first return of all LiDARs counts. Where a column of a rolling shutter's image was taken a
little earlier or later than its pose says, nothing is made good.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float64

from rewis3d.geometry import Camera, is_rigid, transform
from rewis3d.reconstruct.formats import range_image
from rewis3d.reconstruct.formats.parquet import Row, Timeline, rows
from rewis3d.reconstruct.formats.types import Given, GivenView, Piece
from rewis3d.types import Rewis3dError

CAMERAS: Final = ("FRONT", "FRONT_LEFT", "FRONT_RIGHT", "SIDE_LEFT", "SIDE_RIGHT")
"""By number from 1 (v2/perception/camera_image.py)."""
ENDING: Final = ".parquet"
_TIME: Final = "key.frame_timestamp_micros"
_LASER: Final = "key.laser_name"
_CAMERA: Final = "key.camera_name"
_RETURN: Final = "[LiDARComponent].range_image_return1"
_POSES: Final = "[LiDARPoseComponent].range_image_return1"
_NEEDED: Final = (
    "camera_calibration",
    "camera_image",
    "lidar",
    "lidar_calibration",
    "vehicle_pose",
)
_AXES: Final = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
"""Takes OpenCV's axes (x right, y down, z forwards) to x forwards, y left, z up."""


@dataclass(frozen=True, slots=True)
class Laser:
    """One LiDAR of the vehicle."""

    T_vehicle_lidar: Float64[np.ndarray, "4 4"]
    low: float
    """Least inclination of its beams in radians."""
    high: float
    beams: Float64[np.ndarray, "h"] | None
    """Inclinations from the lowest on; None where they are even."""


@dataclass(frozen=True, slots=True)
class Segment:
    """The sweeps of one segment: all LiDARs of a moment together."""

    files: Mapping[str, Path]
    """By component."""
    lasers: Mapping[int, Laser]
    T_world_vehicle: Mapping[int, Float64[np.ndarray, "4 4"]]
    """By time, relative to the origin."""
    origin: Float64[np.ndarray, "3"]
    sweeps: int
    """How many a view sees: that of its time, and as many before it as after it."""

    def seen_by(
        self,
        names: Sequence[str],
        *,
        scratch: Path,  # noqa: ARG002 - as Measured has it
    ) -> Iterator[tuple[str, Iterator[Piece]]]:
        """Yield each of these views with the points of its sweeps (see `Measured`).

        The tables are read once, from front to back: views come in the order of their times.
        """
        times = sorted(self.T_world_vehicle)
        place = {time: at for at, time in enumerate(times)}
        by_time = sorted(names, key=_time_of)
        beside = self.sweeps // 2
        around = {
            name: times[max(0, place[_time_of(name)] - beside) : place[_time_of(name)] + beside + 1]
            for name in by_time
        }
        read = _Sweeps(self, wanted={time for near in around.values() for time in near})
        for name in by_time:
            yield name, iter([read.at(time) for time in around[name]])
            read.forget(before=around[name][0])


class _Sweeps:
    """Sweeps in the world, as long as they are needed."""

    def __init__(self, segment: Segment, *, wanted: set[int]) -> None:
        files = segment.files
        columns = [_LASER, f"{_RETURN}.values", f"{_RETURN}.shape"]
        self._segment = segment
        self._ranges = Timeline(files["lidar"], _TIME, columns, wanted=wanted)
        self._poses = None
        if "lidar_pose" in files:
            columns = [_LASER, f"{_POSES}.values", f"{_POSES}.shape"]
            self._poses = Timeline(files["lidar_pose"], _TIME, columns, wanted=wanted)
        self._held: dict[int, Piece] = {}

    def at(self, time: int) -> Piece:
        """Return the points of a moment."""
        if time not in self._held:
            poses = {} if self._poses is None else _by_laser(self._poses.at(time), _POSES)
            ranges = _by_laser(self._ranges.at(time), _RETURN)
            parts = [self._of(time, laser, ranges[laser], poses.get(laser)) for laser in ranges]
            self._held[time] = np.concatenate([np.zeros((0, 3)), *parts])
        return self._held[time]

    def forget(self, *, before: int) -> None:
        """Let go of what no later view needs."""
        for time in [time for time in self._held if time < before]:
            del self._held[time]

    def _of(
        self, time: int, number: int, image: np.ndarray, poses: np.ndarray | None
    ) -> Float64[np.ndarray, "n 3"]:
        """Return the points of one LiDAR in the world."""
        segment = self._segment
        if number not in segment.lasers:
            raise Rewis3dError(
                f"{segment.files['lidar_calibration']}: it has no calibration of laser {number}"
            )
        laser = segment.lasers[number]
        beams = laser.beams
        if beams is None:
            beams = range_image.inclinations(laser.low, laser.high, len(image))
        if len(beams) != len(image):
            raise Rewis3dError(
                f"{segment.files['lidar']}: time {time}: laser {number} has {len(image)} rows and"
                f" {len(beams)} beams"
            )
        ranges = image[..., 0].astype(np.float64)
        ranges[~np.isfinite(ranges)] = np.nan  # for others to count
        measured = ~(ranges <= 0)
        xyz = range_image.points(ranges, beams, laser.T_vehicle_lidar, measured)
        if poses is None or poses.shape[:2] != image.shape[:2]:
            return transform(segment.T_world_vehicle[time], xyz)
        return range_image.placed(xyz, poses[measured].astype(np.float64)) - segment.origin


def segment_of(source: Path) -> tuple[Path, str] | None:
    """Return root and segment that a place names; None where it is no Waymo Open Dataset.

    The place is a table of the segment, a component's folder or the root. Rewis3dError where there
    are several segments.
    """
    for root in (source, *source.parents[:2]):
        found = sorted((root / "camera_calibration").glob(f"*{ENDING}"))
        if not found:
            continue
        if source.suffix == ENDING:
            return root, source.stem
        if len(found) > 1:
            raise Rewis3dError(
                f"{root}: {len(found)} segments; name one of them: --given {found[0]}"
            )
        return root, found[0].stem
    return None


def read(source: Path, *, sweeps: int) -> Given:
    """Read the cameras of a segment, with the points of `sweeps` sweeps for each.

    A view is called <frame_timestamp_micros>_<camera>, such as 1550083467346370_FRONT. The world's
    origin is moved to the first pose. Rewis3dError names what is missing or wrong.
    """
    place = segment_of(source)
    if place is None:
        raise Rewis3dError(f"{source}: no camera_calibration/<segment>.parquet in or above it")
    root, segment = place
    files = {name: root / name / f"{segment}.parquet" for name in (*_NEEDED, "lidar_pose")}
    missing = [name for name in _NEEDED if not files[name].is_file()]
    if missing:
        raise Rewis3dError(f"{files[missing[0]]}: it is missing; needed are {', '.join(_NEEDED)}")
    files = {name: path for name, path in files.items() if path.is_file()}
    vehicle = _vehicle_poses(files["vehicle_pose"])
    origin = vehicle[min(vehicle)][:3, 3].copy()
    for T_world_vehicle in vehicle.values():
        T_world_vehicle[:3, 3] -= origin
    views = tuple(_views(files, origin, vehicle.keys()))
    if not views:
        raise Rewis3dError(f"{files['camera_image']}: no image of a time in vehicle_pose")
    lasers = _lasers(files["lidar_calibration"])
    unsharp = (
        "" if "lidar_pose" in files else "; without lidar_pose: points are off as the car moves"
    )
    return Given(
        source,
        views,
        metric=True,
        measured=Segment(files, lasers, vehicle, origin, sweeps),
        notes=(f"depth from the LiDARs of {segment}{unsharp}",),
    )


def _vehicle_poses(path: Path) -> dict[int, Float64[np.ndarray, "4 4"]]:
    column = "[VehiclePoseComponent].world_from_vehicle.transform"
    found = {row[_TIME]: _matrix(row, column, path) for row in rows(path, [_TIME, column])}
    if not found:
        raise Rewis3dError(f"{path}: it has no row")
    return found


def _views(
    files: Mapping[str, Path], origin: Float64[np.ndarray, "3"], times: Collection[int]
) -> Iterator[GivenView]:
    cameras = _cameras(files["camera_calibration"])
    path, column = files["camera_image"], "[CameraImageComponent].pose.transform"
    for row in rows(path, [_TIME, _CAMERA, column]):
        number, time = row[_CAMERA], row[_TIME]
        if number not in cameras or time not in times:
            continue
        camera, T_vehicle_camera = cameras[number]
        T_world_camera = _matrix(row, column, path) @ T_vehicle_camera
        T_world_camera[:3, 3] -= origin
        yield GivenView(f"{time}_{CAMERAS[number - 1]}", camera, T_world_camera)


def _cameras(path: Path) -> dict[int, tuple[Camera, Float64[np.ndarray, "4 4"]]]:
    """Return each camera and its T_vehicle_camera (OpenCV axes) by number."""
    prefix = "[CameraCalibrationComponent]"
    names = ("f_u", "f_v", "c_u", "c_v", "k1", "k2", "p1", "p2", "k3")
    values = [f"{prefix}.intrinsic.{name}" for name in names]
    size = [f"{prefix}.width", f"{prefix}.height"]
    extrinsic = f"{prefix}.extrinsic.transform"
    found = {}
    for row in rows(path, [_CAMERA, *values, *size, extrinsic]):
        if not 1 <= row[_CAMERA] <= len(CAMERAS):
            continue
        focal_x, focal_y, x, y, *lens = (float(row[name]) for name in values)
        K = np.array([[focal_x, 0, x], [0, focal_y, y], [0, 0, 1]])
        width, height = (int(row[name]) for name in size)
        camera = Camera(K, width, height, tuple(lens) if any(lens) else ())
        found[row[_CAMERA]] = camera, _matrix(row, extrinsic, path) @ _AXES
    return found


def _lasers(path: Path) -> dict[int, Laser]:
    prefix = "[LiDARCalibrationComponent]"
    extrinsic = f"{prefix}.extrinsic.transform"
    low, high, beams = (f"{prefix}.beam_inclination.{name}" for name in ("min", "max", "values"))
    return {
        row[_LASER]: Laser(_matrix(row, extrinsic, path), row[low], row[high], row[beams])
        for row in rows(path, [_LASER, extrinsic, low, high, beams])
    }


def _by_laser(found: Sequence[Row], column: str) -> dict[int, np.ndarray]:
    """Return the images of a moment (h w c) by laser; one without a return is left out."""
    images = {}
    for row in found:
        values, shape = row[f"{column}.values"], row[f"{column}.shape"]
        if values is not None and shape is not None:
            images[row[_LASER]] = values.reshape(tuple(shape.tolist()))
    return images


def _matrix(row: Row, column: str, path: Path) -> Float64[np.ndarray, "4 4"]:
    values = row[column]
    T = None if values is None else np.array(values, np.float64).reshape(-1)
    if T is None or T.size != 16 or not is_rigid(T.reshape(4, 4)):
        raise Rewis3dError(f"{path}: {column} is not a rotation and a translation")
    return T.reshape(4, 4)


def _time_of(name: str) -> int:
    return int(name.partition("_")[0])
