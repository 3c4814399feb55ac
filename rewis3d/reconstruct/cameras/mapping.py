"""Structure from motion by pycolmap: all cameras at once (GLOMAP), or one after the other.

Global mapping copes with forward motion at video rate, where the incremental one finds no pair to
begin with; the incremental one needs no third view of a point, and fewer frames.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pycolmap

from rewis3d.geometry import Camera, inverse
from rewis3d.reconstruct.cameras.features import Lens, camera_ids, name_of
from rewis3d.reconstruct.cameras.focal import doubt_of
from rewis3d.reconstruct.cameras.model import Model
from rewis3d.reconstruct.threads import threads

FEW: Final = 5
"""Views of a camera below which its distortion can't be told from anything else."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What both ways of mapping are told."""

    lenses: tuple[Lens, ...]
    """Of every view."""
    seed: int
    given: bool
    """Whether the focal lengths are what the user says, to be kept as they are."""
    held: bool = False
    """Whether lenses are kept as they are known or assumed, without distortion that is not."""


def map_globally(database: Path, setting: Setting, *, group: Sequence[int]) -> list[Model]:
    """Solve a group of views at once; the largest model comes first."""
    options = pycolmap.GlobalPipelineOptions()
    options.image_names = [name_of(place) for place in group]
    options.num_threads = options.mapper.num_threads = threads()
    options.min_model_size = 3
    _seed_global(options, setting.seed)
    bundle = options.mapper.bundle_adjustment
    bundle.refine_focal_length = not (setting.given or setting.held)
    bundle.refine_extra_params = not setting.held
    bundle.ceres.solver_options.num_threads = threads()
    with _copied(database, setting) as (copy, out):
        if bundle.refine_focal_length:
            pycolmap.calibrate_view_graph(copy, _calibration(setting.seed))
        return _models(pycolmap.global_mapping(copy, out, out, options), setting)


def map_incrementally(database: Path, setting: Setting, *, group: Sequence[int]) -> list[Model]:
    """Solve a group view by view; the largest model comes first."""
    options = pycolmap.IncrementalPipelineOptions()
    options.image_names = [name_of(place) for place in group]
    options.num_threads = threads()
    options.random_seed = options.mapper.random_seed = setting.seed
    options.triangulation.random_seed = setting.seed
    options.min_model_size = 2
    options.extract_colors = False
    free = not (setting.given or setting.held)
    options.ba_refine_focal_length = options.mapper.abs_pose_refine_focal_length = free
    options.ba_refine_extra_params = not setting.held
    options.mapper.abs_pose_refine_extra_params = not setting.held
    options.mapper.init_min_tri_angle = 1.5
    options.mapper.init_max_forward_motion = 1.0  # what a car does
    options.mapper.init_min_num_inliers = 50
    options.triangulation.ignore_two_view_tracks = False
    with _copied(database, setting) as (copy, out):
        return _models(pycolmap.incremental_mapping(copy, out, out, options), setting)


def _seed_global(options: pycolmap.GlobalPipelineOptions, seed: int) -> None:
    mapper = options.mapper
    for part in (
        options,
        mapper,
        mapper.rotation_averaging,
        mapper.global_positioning,
        mapper.retriangulation,
    ):
        part.random_seed = seed


def _calibration(seed: int) -> pycolmap.ViewGraphCalibrationOptions:
    options = pycolmap.ViewGraphCalibrationOptions()
    options.random_seed = seed
    return options


@contextmanager
def _copied(database: Path, setting: Setting) -> Iterator[tuple[Path, Path]]:
    """Give a copy of the database, which mapping changes, and a folder for what it writes."""
    with tempfile.TemporaryDirectory(dir=database.parent) as folder:
        copy = Path(folder) / "mapping.db"
        shutil.copy(database, copy)
        with closing(pycolmap.Database.open(copy)) as store:
            for camera in _cameras(setting):
                store.update_camera(camera)
        out = Path(folder) / "out"
        out.mkdir()
        yield copy, out


def _cameras(setting: Setting) -> Iterator[pycolmap.Camera]:
    ids = camera_ids(setting.lenses)
    for camera_id, lens in dict(zip(ids, setting.lenses, strict=True)).items():
        plain = lens.radial is None and (setting.held or ids.count(camera_id) < FEW)
        yield lens.colmap(camera_id, model="SIMPLE_PINHOLE" if plain else "SIMPLE_RADIAL")


def _models(found: Mapping[int, pycolmap.Reconstruction], setting: Setting) -> list[Model]:
    models = [_model(reconstruction, setting) for reconstruction in found.values()]
    return sorted(models, key=lambda model: (-len(model.places), model.places))


def _model(found: pycolmap.Reconstruction, setting: Setting) -> Model:
    numbers = sorted(found.reg_image_ids())
    point_at = {identity: at for at, identity in enumerate(sorted(found.point3D_ids()))}
    rows = [
        (point_at[seen.point3D_id], number - 1, *seen.xy)
        for number in numbers
        for seen in found.image(number).get_observation_points2D()
    ]
    observations = np.array(rows, np.float64).reshape(-1, 4)
    return Model(
        places=tuple(number - 1 for number in numbers),
        cameras={
            number - 1: camera_of(found.camera(found.image(number).camera_id)) for number in numbers
        },
        poses={number - 1: pose_of(found.image(number)) for number in numbers},
        xyz=np.array([found.point3D(point).xyz for point in point_at]).reshape(-1, 3),
        point=observations[:, 0].astype(np.int64),
        place=observations[:, 1].astype(np.int64),
        xy=observations[:, 2:],
        doubt=0.0 if setting.held else doubt_of(found, given=setting.given),
        held=setting.held,
    )


def camera_of(camera: pycolmap.Camera) -> Camera:
    """Return the camera of a reconstruction as ours."""
    radial = float(camera.params[3]) if camera.model_name == "SIMPLE_RADIAL" else 0.0
    distortion = (radial, 0.0, 0.0, 0.0) if radial else ()
    return Camera(camera.calibration_matrix(), camera.width, camera.height, distortion)


def pose_of(image: pycolmap.Image) -> np.ndarray:
    """Return T_world_camera of an image of a reconstruction."""
    T_camera_world = np.vstack([image.cam_from_world().matrix(), [0, 0, 0, 1]])
    return inverse(T_camera_world)
