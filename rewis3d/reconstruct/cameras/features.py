"""SIFT features of all frames, in a pycolmap database that outlives a killed run.

The images are read from where the project has them. An image's id in the database is its place
among the views plus one; ids of cameras, rigs and frames follow the same rule.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import pycolmap
from jaxtyping import Float32, UInt8

from rewis3d.images import read_rgb
from rewis3d.job import View
from rewis3d.reconstruct.threads import threads
from rewis3d.reports import Progress

DATABASE_FILE: Final = "features.db"
LONGEST: Final = 1600
"""Larger photos are looked at in this size: pixels on the longer side."""
MOST: Final = 4096
"""Features of an image; matching costs the square of it."""
SMALL: Final = 1024
"""Pixels on the longer side up to which weaker extrema count too: small frames have few others."""
ASSUMED: Final = 0.85
"""Focal length in longer sides where nothing is known: 61 degrees, as most phones film."""

pycolmap.logging.minloglevel = pycolmap.logging.ERROR.value


@dataclass(frozen=True, slots=True)
class Lens:
    """What is known of a camera before anything is solved. Frames that share one are equal here."""

    clip: int
    width: int
    height: int
    focal: float | None
    """Pixels; None where nobody knows."""
    radial: float | None = None
    """Distortion, k of SIMPLE_RADIAL, where it is known; the focal length is as well then."""

    def colmap(self, camera_id: int, *, model: str = "SIMPLE_RADIAL") -> pycolmap.Camera:
        """Return the camera to start from."""
        focal = self.focal or ASSUMED * max(self.width, self.height)
        camera = pycolmap.Camera.create_from_model_name(
            camera_id, model, focal, self.width, self.height
        )
        camera.has_prior_focal_length = self.focal is not None
        if self.radial is not None and model == "SIMPLE_RADIAL":
            camera.params = [*camera.params[:3], self.radial]
        return camera


def lenses_of(views: Sequence[View], focal: float) -> list[Lens]:
    """Return each view's lens; `focal` (0: not given) goes before what the files say."""
    return [Lens(view.clip, view.width, view.height, focal or view.focal) for view in views]


def detect(
    views: Sequence[View], lenses: Sequence[Lens], *, folder: Path, database: Path
) -> Generator[Progress, None, None]:
    """Find the features of all views that have none in the database yet."""
    with closing(pycolmap.Database.open(database)) as store:
        write_cameras(store, lenses)
        ids = camera_ids(lenses)
        todo = [place for place in range(len(views)) if not store.exists_image(place + 1)]
        yield Progress("features", len(views) - len(todo), len(views))
        for done, place, (keypoints, descriptors) in _extracted(views, todo, folder=folder):
            with pycolmap.DatabaseTransaction(store):
                write_image(store, place, camera_id=ids[place])
                store.write_keypoints(place + 1, keypoints)
                store.write_descriptors(place + 1, descriptors)
            yield Progress("features", len(views) - len(todo) + done, len(views))


def camera_ids(lenses: Sequence[Lens]) -> list[int]:
    """Return each view's camera id: one for every different lens, from 1 on."""
    distinct = {lens: number for number, lens in enumerate(dict.fromkeys(lenses), start=1)}
    return [distinct[lens] for lens in lenses]


def name_of(place: int) -> str:
    """Return what a view's image is called in the database."""
    return f"{place + 1:06d}"


def keypoints_of(store: pycolmap.Database, place: int) -> Float32[np.ndarray, "n 2"]:
    """Return the (x, y) of a view's features in pixels of its image."""
    return np.ascontiguousarray(store.read_keypoints(place + 1)[:, :2])


def write_cameras(store: pycolmap.Database, lenses: Sequence[Lens]) -> None:
    """Write a camera for every different lens into an empty database."""
    if store.num_cameras():
        return
    with pycolmap.DatabaseTransaction(store):
        for camera_id, lens in enumerate(dict.fromkeys(lenses), start=1):
            camera = lens.colmap(camera_id)
            store.write_camera(camera, use_camera_id=True)
            rig = pycolmap.Rig(rig_id=camera_id)
            rig.add_ref_sensor(camera.sensor_id)
            store.write_rig(rig, use_rig_id=True)


def write_image(store: pycolmap.Database, place: int, *, camera_id: int) -> None:
    """Write that there is a view, without its features."""
    number = place + 1
    image = pycolmap.Image(
        name=name_of(place), camera_id=camera_id, image_id=number, frame_id=number
    )
    frame = pycolmap.Frame(frame_id=number, rig_id=camera_id)
    frame.add_data_id(image.data_id)
    store.write_frame(frame, use_frame_id=True)
    store.write_image(image, use_image_id=True)


Features = tuple[Float32[np.ndarray, "n 4"], pycolmap.FeatureDescriptors]


def _extracted(
    views: Sequence[View], todo: Sequence[int], *, folder: Path
) -> Iterator[tuple[int, int, Features]]:
    """Yield (how many are done, place, features) in order, several images at work at once."""
    workers = threads()
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(todo), workers):
            batch = todo[start : start + workers]
            found = pool.map(lambda place: _extract(views[place], folder), batch)
            for offset, (place, features) in enumerate(zip(batch, found, strict=True), start=1):
                yield start + offset, place, features


def _extract(view: View, folder: Path) -> Features:
    grey = cv2.cvtColor(read_rgb(folder / view.image, view.height, view.width), cv2.COLOR_RGB2GRAY)
    small = _shrunk(grey)
    found, descriptors = _extractor(max(small.shape)).extract_from_uint8_array(small)
    keypoints = pycolmap.keypoints_to_matrix(found)
    scale = [view.width / small.shape[1], view.height / small.shape[0]]
    keypoints[:, :2] *= scale
    keypoints[:, 2] *= float(np.mean(scale))
    return keypoints, descriptors


def _shrunk(grey: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "r c"]:
    height, width = grey.shape
    scale = LONGEST / max(height, width)
    if scale >= 1:
        return grey
    size = (round(width * scale), round(height * scale))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA)


def _extractor(side: int) -> pycolmap.FeatureExtractor:
    options = pycolmap.FeatureExtractionOptions()
    options.num_threads = 1
    options.use_gpu = False
    options.sift.max_num_features = MOST
    if side <= SMALL:
        options.sift.peak_threshold = 0.004
    return pycolmap.FeatureExtractor.create(options, pycolmap.Device.cpu)
